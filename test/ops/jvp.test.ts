// Derivatives along a direction.
import { jit, ops, tensor, valueAndGrad, type DeviceTensor, type Tensor } from 'hornet';

const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const vector = (...values: number[]): Tensor => tensor(values, [values.length], 'float64');

test('gives the value and its slope along the tangent', async () => {
  const [value, slope] = ops.jvp(ops.sin, [0.1], [0.2]);
  expect((await read(value))[0]).toBeCloseTo(Math.sin(0.1), 6);
  expect((await read(slope))[0]).toBeCloseTo(0.2 * Math.cos(0.1), 6);
});

test('sums over all arguments, and keeps the structure of what comes out', async () => {
  const fn = (a: Tensor, { b }: { b: Tensor }): { product: Tensor; shape: Tensor } => ({
    product: ops.matmul(a, b),
    shape: ops.onesLike(a),
  });
  const [value, slope] = ops.jvp(fn, [vector(1, 2), { b: vector(3, 4) }], [vector(1, 0), { b: vector(0, 1) }]);
  expect(await read(value.product)).toEqual([11]);
  expect(await read(slope.product)).toEqual([3 + 2]);
  expect(await read(slope.shape)).toEqual([0, 0]);
});

test('passes on what is not differentiated', async () => {
  const fn = (x: Tensor): [Tensor, Tensor] => [ops.square(x), ops.negative(x)];
  const [value, slope, aux] = ops.jvp(fn, [vector(3)], [vector(2)], { hasAux: true });
  expect([await read(value), await read(slope), await read(aux)]).toEqual([[9], [12], [-3]]);
});

test('takes part in programs, and has a gradient', async () => {
  const slope = (x: Tensor): Tensor => ops.sum(ops.jvp((y: Tensor) => ops.power(y, 3), [x], [ops.onesLike(x)])[1]);
  expect(await read(jit(slope)(vector(2)))).toEqual([12]);
  const { argGrads } = valueAndGrad(slope)(vector(2));
  expect(await read(argGrads[0] as Tensor)).toEqual([12]);
});

test('wants a tangent of every shape', () => {
  expect(() => ops.jvp(ops.sin, [vector(1, 2)], [vector(1)])).toThrow('[jvp] expected a tangent of every primal');
});

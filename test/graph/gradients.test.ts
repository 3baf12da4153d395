// Gradients of whole functions: nesting, higher orders, structure, what has none. Gradients of each op are in test/ops.
import { grad, jit, ops, stopGradient, tensor, Variable, valueAndGrad, type Tensor } from 'hornet';

const numbers = async (x: unknown): Promise<number[]> => (x as Tensor).numbers();
const at = (...values: number[]): Tensor => tensor(values, undefined, 'float64');
const close = async (x: unknown, expected: number[]): Promise<void> => {
  const received = await numbers(x);
  expect(received.length).toBe(expected.length);
  received.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 9));
};

test('first, second and third order', async () => {
  const f = (x: Tensor): Tensor => ops.sum(ops.power(x, 4));
  const first = (x: Tensor): Tensor => ops.sum(grad(f)(x) as Tensor);
  const second = (x: Tensor): Tensor => ops.sum(grad(first)(x) as Tensor);
  await close(grad(f)(at(1, 2)), [4, 32]);
  await close(grad(first)(at(1, 2)), [12, 48]);
  await close(grad(second)(at(1, 2)), [24, 48]);
  await close(jit((x: Tensor) => grad(first)(x) as Tensor)(at(1, 2)), [12, 48]);
});

test('second order through a dense layer, softmax and normalization', async () => {
  const w = tensor([0.3, -0.2, 0.5, 0.7, 0.1, -0.4], [3, 2], 'float64');
  const loss = (x: Tensor): Tensor => {
    const y = ops.tanh(ops.matmul(ops.reshape(x, [1, 3]), w));
    return ops.sum(ops.square(ops.softmax(ops.multiply(y, 3))));
  };
  const first = (x: Tensor): Tensor => grad(loss)(x) as Tensor;
  const point = [0.2, -0.6, 0.9];
  const hessian = await numbers(
    jit((x: Tensor) => ops.stack([0, 1, 2].map((i) => grad((z: Tensor) => ops.take(first(z), i))(x) as Tensor)))(
      at(...point),
    ),
  );
  const h = 1e-5;
  for (let j = 0; j < 3; j++) {
    const moved = (by: number): Tensor => at(...point.map((value, i) => value + (i === j ? by : 0)));
    const [up, down] = [await numbers(first(moved(h))), await numbers(first(moved(-h)))];
    for (let i = 0; i < 3; i++) expect(hessian[3 * i + j]).toBeCloseTo((up[i] - down[i]) / (2 * h), 6);
  }
});

test('an inner gradient sees only its own argument', async () => {
  // d/dx x · d/dy(x·y) at y = x is 2x: the inner derivative with respect to y is x.
  const f = (x: Tensor): Tensor => {
    const inner = grad((y: Tensor) => ops.sum(ops.multiply(x, y)))(x) as Tensor;
    return ops.sum(ops.multiply(x, inner));
  };
  await close(grad(f)(at(3)), [6]);
});

test('the same tensor as two arguments has a gradient for each', async () => {
  const f = (x: Tensor, y: Tensor): Tensor => ops.sum(ops.multiply(x, ops.square(y)));
  const x = at(3);
  const [dx, dy] = grad(f, { argnums: [0, 1] })(x, x) as Tensor[];
  await close(dx, [9]);
  await close(dy, [18]);
  const traced = jit((z: Tensor) => grad(f, { argnums: [0, 1] })(z, z) as Tensor[]);
  const [dx2, dy2] = traced(x);
  await close(dx2, [9]);
  await close(dy2, [18]);
});

test('gradients have the structure of the arguments; null where none flows', async () => {
  const both = valueAndGrad((p: { a: Tensor; b: readonly Tensor[] }) => ({
    loss: ops.sum(ops.multiply(p.a, p.b[0])),
    other: p.b[1],
  }));
  const { value, argGrads } = both({ a: at(2), b: [at(5), at(7)] });
  const { a, b } = argGrads[0] as unknown as { a: Tensor; b: (Tensor | null)[] };
  await close(value.loss, [10]);
  await close(value.other, [7]);
  await close(a, [5]);
  await close(b[0], [2]);
  expect(b[1]).toBeNull();
});

test('variables: read twice, assigned within, not read at all', async () => {
  const v = new Variable([2], { dtype: 'float64' });
  const unused = new Variable([1]);
  const options = { variables: [v, unused] };
  const twice = valueAndGrad(() => ops.sum(ops.multiply(v.value, v.value)), options)();
  await close(twice.grads[0], [4]);
  expect(twice.grads[1]).toBeNull();
  const assigned = valueAndGrad(() => {
    v.assign(ops.multiply(v.value, 3));
    return ops.sum(ops.square(v.value));
  }, options)();
  await close(assigned.value, [36]);
  await close(assigned.grads[0], [36]);
  expect([...(await v.data())]).toEqual([6]);
});

test('stopGradient lets values through and gradients not', async () => {
  const f = (x: Tensor): Tensor => ops.sum(ops.multiply(x, stopGradient(ops.square(x))));
  await close(grad(f)(at(3)), [9]);
  expect(grad((x: Tensor) => ops.sum(stopGradient(x)))(at(1))).toBeNull();
});

test('integers carry no gradient; casts do', async () => {
  const f = (x: Tensor): Tensor => ops.sum(ops.multiply(x, ops.cast(ops.cast(x, 'int32'), 'float64')));
  await close(grad(f)(at(2.5)), [2]);
  const g = (x: Tensor): Tensor => ops.sum(ops.square(ops.cast(x, 'float32')));
  const dx = grad(g)(at(2.5)) as Tensor;
  expect(dx.dtype).toBe('float64');
  await close(dx, [5]);
});

test('a loss that is not one number is refused', () => {
  const message = /^\[grad\] expected the function to return a loss of one element/;
  expect(() => grad((x: Tensor) => x)(at(1, 2))).toThrow(message);
  expect(() => grad((_: Tensor) => 3 as never)(at(1))).toThrow(message);
  // The order of a record's entries says nothing.
  expect(() => valueAndGrad((x: Tensor) => ({ total: ops.sum(x), x }))(at(1))).toThrow(message);
  expect(() => grad((x: number) => ops.sum(x))(3)).toThrow(/expected argument 0 .* tensor/);
});

test('gradients meet at shared values and through broadcasting', async () => {
  const f = (x: Tensor, m: Tensor): Tensor => {
    const y = ops.add(m, x);
    return ops.sum(ops.multiply(y, ops.add(y, ops.multiply(x, 2))));
  };
  const m = tensor([1, 2, 3, 4], [2, 2], 'float64');
  const [dx, dm] = grad(f, { argnums: [0, 1] })(at(1, -1), m) as Tensor[];
  // y(y + 2x): ∂/∂y = 2y + 2x, ∂/∂x direct = 2y.
  await close(dm, [6, 0, 10, 4]);
  await close(dx, [6 + 10 + 2 * (2 + 4), 0 + 4 + 2 * (1 + 3)]);
});

test('gradients of tensors without elements', async () => {
  const dx = grad((x: Tensor) => ops.sum(ops.square(x)))(tensor(new Float32Array(0), [0, 2])) as Tensor;
  expect([dx.shape, await numbers(dx)]).toEqual([[0, 2], []]);
});

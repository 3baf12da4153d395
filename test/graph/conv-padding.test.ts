// Zeros in front of a convolution, which become the convolution's own padding, against zeros that are concatenated, which
// the passes do not know.
import { ops, tensor, valueAndGrad, Variable, type Tensor } from 'hornet';
import { optimize } from '../../lib/graph/passes/index.js';
import { print } from '../../lib/graph/print.js';
import { trace } from '../../lib/graph/trace.js';

const wave = (shape: readonly number[], step: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i * step)),
    shape,
  );

const edges = [
  [0, 0],
  [1, 1],
  [2, 0],
  [0, 0],
];
const padded = (x: Tensor): Tensor => ops.pad(x, edges);
const concatenated = (x: Tensor): Tensor => {
  const row = ops.zeros([2, 1, 8, 3]);
  return ops.concatenate([ops.zeros([2, 9, 2, 3]), ops.concatenate([row, x, row], { axis: 1 })], { axis: 2 });
};

function results(pad: (x: Tensor) => Tensor, x: Tensor): Tensor[] {
  const scale = new Variable(wave([3], 3));
  const kernel = new Variable(wave([3, 3, 3, 4], 2));
  const loss = (): Tensor => {
    const y = ops.conv(pad(ops.multiply(x, scale)), kernel, { strides: 2 });
    return ops.sum(ops.multiply(y, wave(y.shape, 5)));
  };
  const { value, grads } = valueAndGrad(loss, { variables: [scale, kernel] })();
  return [value, ...grads.map((gradient) => gradient!)];
}

test('results and gradients are the same', async () => {
  const x = wave([2, 7, 8, 3], 1);
  const plain = results(concatenated, x);
  for (const [i, result] of results(padded, x).entries()) {
    const expected = await plain[i].numbers();
    (await result.numbers()).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 3));
  }
});

test('nothing is padded or cut, forward or backward', () => {
  const { graph } = trace((x) => results(padded, x), [{ shape: [2, 7, 8, 3], dtype: 'float32' }]);
  const text = print(optimize(graph));
  expect(text).not.toMatch(/= (pad|slice) /);
  expect(text.match(/lo=\[1,2\]/g)).toHaveLength(3);
});

test('padding that is wider than the kernel, or not of zeros, stays', () => {
  const text = (times: number, constantValues: number): string => {
    const wide = edges.map(([lo]) => [times * lo, 0]);
    const convolve = (x: Tensor): Tensor => ops.conv(ops.pad(x, wide, { constantValues }), wave([3, 3, 3, 4], 2));
    return print(optimize(trace((x) => [convolve(x)], [{ shape: [2, 7, 8, 3], dtype: 'float32' }]).graph));
  };
  expect(text(1, 0)).not.toMatch(/= pad /);
  expect(text(2, 0)).toMatch(/= pad /);
  expect(text(1, 1)).toMatch(/= pad /);
});

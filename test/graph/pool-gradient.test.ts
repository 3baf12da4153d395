// The gradient of max pooling behind a ReLU, which the passes shrink, against that of a ReLU which they do not know.
import { ops, tensor, valueAndGrad, Variable, type Tensor } from 'hornet';
import { optimize } from '../../lib/graph/passes/index.js';
import { print } from '../../lib/graph/print.js';
import { trace } from '../../lib/graph/trace.js';

const wave = (shape: readonly number[], step: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i * step)),
    shape,
  );

const windows = {
  'windows side by side': [2, { strides: 2, padding: 'valid' }],
  'overlapping, padded windows': [3, { strides: 2, padding: 'same' }],
} as const;

function gradients(relu: (x: Tensor) => Tensor, name: keyof typeof windows, x: Tensor): (Tensor | null)[] {
  const [size, options] = windows[name];
  const scale = new Variable(wave([2, 7, 7, 3], 3));
  const bias = new Variable([0.1, -0.2, 0.3]);
  const loss = (): Tensor => {
    const pooled = ops.maxPool(relu(ops.add(ops.multiply(x, scale), bias)), size, options);
    return ops.sum(ops.multiply(pooled, wave(pooled.shape, 2)));
  };
  return valueAndGrad(loss, { variables: [scale, bias] })().grads as Tensor[];
}

test.each(Object.keys(windows) as (keyof typeof windows)[])('%s', async (name) => {
  const x = wave([2, 7, 7, 3], 1);
  const shrunk = gradients(ops.relu, name, x);
  const plain = gradients((z) => ops.maximum(z, 0), name, x);
  for (const [i, gradient] of shrunk.entries()) {
    const expected = await plain[i]!.numbers();
    (await gradient!.numbers()).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 4));
  }
});

test('mask and sum work on the pooled gradient', () => {
  const { graph } = trace(
    (x) => gradients(ops.relu, 'windows side by side', x).map((g) => g!),
    [{ shape: [2, 7, 7, 3], dtype: 'float32' }],
  );
  expect(print(optimize(graph))).toMatch(/f32\[2,3,3,3\] = elementwise .*greater.*select[\s\S]*f32\[3\] = reduce_sum/);
});

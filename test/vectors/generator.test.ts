// The generator of weights for applications, against numbers from the formula in Python.
import { generate, weightValues } from './generator.js';

test('numbers of a stream', () => {
  expect([...generate(2, 3)]).toEqual([-0.3782767588272691, -0.6498510143719614, -0.7875615432858467]);
});

test('a rule per variable', () => {
  const of = (layer: string, name: string, shape: number[]): number[] | null => {
    const values = weightValues(2, [layer, name, shape, true], 0.5);
    return values && [...values];
  };
  const u = Math.fround;
  expect(of('conv', 'bias', [1])).toEqual([u(0.05 * -0.3782767588272691)]);
  expect(of('conv', 'kernel', [3, 1])).toHaveLength(3);
  expect(of('conv', 'kernel', [6, 1])![0]).toBe(u(-0.3782767588272691 * 0.5));
  expect(of('bn', 'moving_variance', [1])).toEqual([u(1 + 0.5 * 0.3782767588272691)]);
  expect(of('block_layer_scale', 'gamma', [1])).toEqual([u(0.5 - 0.25 * 0.3782767588272691)]);
  expect(of('normalization', 'mean', [1])).toBeNull();
});

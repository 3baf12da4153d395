// Attention: the fused op against scores, softmax and weighted sum, which a mask that hides nothing asks for.
import { grad, ops, random, type DType, type Tensor } from 'hornet';

const shapes = { queries: [2, 130, 4, 16], keys: [2, 150, 2, 16] };

const inputsOf = (dtype: DType): Tensor[] =>
  [shapes.queries, shapes.keys, shapes.keys, shapes.queries].map((shape, seed) =>
    ops.cast(random.normal(shape, { seed }), dtype),
  );

const loss = (isCausal: boolean, fused: boolean, weights: Tensor) => (q: Tensor, k: Tensor, v: Tensor) => {
  const mask = fused ? null : ops.ones([1, 1, 130, 150], { dtype: 'bool' });
  return ops.sum(ops.multiply(ops.dotProductAttention(q, k, v, { isCausal, mask }), weights));
};

const numbers = async (x: Tensor): Promise<number[]> => ((await ops.cast(x, 'float64').array()) as number[]).flat(4);

const tolerances = { float16: 4e-2, bfloat16: 3e-1, float32: 2e-4, float64: 1e-10 } as const;

describe.each(Object.entries(tolerances))('in %s', (dtype, tolerance) => {
  test.each([
    ['all keys', false],
    ['earlier keys', true],
  ])('attention to %s has the values and gradients of its parts', async (_, isCausal) => {
    const [q, k, v, weights] = inputsOf(dtype as DType);
    const [fused, parts] = [true, false].map((isFused) => loss(isCausal, isFused, weights));
    const y = await numbers(ops.dotProductAttention(q, k, v, { isCausal }));
    const mask = ops.ones([1, 1, 130, 150], { dtype: 'bool' });
    const expected = await numbers(ops.dotProductAttention(q, k, v, { isCausal, mask }));
    expect(Math.max(...y.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(tolerance);
    const gradients = async (fn: typeof fused): Promise<number[][]> =>
      Promise.all((grad(fn, { argnums: [0, 1, 2] })(q, k, v) as Tensor[]).map(numbers));
    const wanted = await gradients(parts);
    (await gradients(fused)).forEach((got, argument) => {
      expect(Math.max(...got.map((value, i) => Math.abs(value - wanted[argument][i])))).toBeLessThan(tolerance);
    });
  });
});

// The generated weights of the applications' cases: no weights are stored, they come from a linear congruential generator.

/** A variable of an application: layer, name, shape, trainable. */
export type Recorded = readonly [layer: string, name: string, shape: readonly number[], trainable: boolean];

/** `size` numbers in [−1, 1) from stream `k`. */
export function generate(k: number, size: number): Float64Array {
  let x = Math.imul(0x9e3779b9, k + 1) >>> 0;
  return Float64Array.from({ length: size }, () => {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    return x / 2 ** 31 - 1;
  });
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The values of variable number `k`, or null where it keeps those that its layer set. */
export function weightValues(k: number, [layer, name, shape]: Recorded, kernelScale: number): Float32Array | null {
  const rules: Record<string, (u: number) => number> = {
    kernel: (u) => u * kernelScale * Math.sqrt(6 / product(shape.slice(0, -1))),
    depthwise_kernel: (u) => u * kernelScale * Math.sqrt(6 / product(shape.slice(0, 2))),
    moving_variance: (u) => 1 + 0.5 * Math.abs(u),
    gamma: (u) => 1 + 0.1 * u,
    bias: (u) => 0.05 * u,
  };
  const same: Record<string, string> = { pointwise_kernel: 'kernel', beta: 'bias', moving_mean: 'bias' };
  const rule = layer.includes('layer_scale') ? (u: number) => 0.5 + 0.25 * u : rules[same[name] ?? name];
  return rule ? Float32Array.from(generate(k, product(shape)), rule) : null;
}

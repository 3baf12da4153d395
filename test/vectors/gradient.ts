// Gradients as the vectors record them: of the sum over float outputs of the output weighted with cos(0), cos(1), …
import { isFloat, toBFloat16, toFloat16 } from '../../lib/dtype.js';
import { flatten } from '../../lib/tree.js';
import { valueAndGrad } from '../../lib/graph/transforms.js';
import { tensor, Tensor, type DeviceTensor } from '../../lib/tensor.js';
import type { Variable } from '../../lib/variable.js';
import { expectEqual, magnitude, numbersOf } from './compare.js';
import { ops, upload } from './library.js';
import { Mismatch } from './outcome.js';
import { HostTensor, type Value } from './values.js';

/** The upstream gradient of an output. A single number has the gradient 1. */
function upstream({ shape, size, dtype }: Tensor): DeviceTensor {
  const weights = Float32Array.from({ length: size }, (_, i) => Math.cos(i));
  if (dtype === 'float16') return upload(new HostTensor(dtype, shape, Uint16Array.from(weights, toFloat16)));
  if (dtype === 'bfloat16') return upload(new HostTensor(dtype, shape, Uint16Array.from(weights, toBFloat16)));
  return tensor(weights, shape, dtype);
}

/** The weighted sum of all float outputs. */
function objective(outputs: unknown): Tensor {
  const leaves = flatten(outputs).filter((leaf): leaf is Tensor => leaf instanceof Tensor && isFloat(leaf.dtype));
  const parts = leaves.map((leaf) => ops.sum(ops.cast(ops.multiply(leaf, upstream(leaf)), 'float32')));
  if (parts.length === 0) throw new Mismatch('there is no float output to differentiate');
  return parts.reduce((total, part) => ops.add(total, part));
}

/** Gradients of a function's outputs. */
export interface Gradients {
  /** What the function returned, computed by the same program. */
  readonly outputs: unknown;
  readonly inputs: readonly (Tensor | null)[];
  readonly variables: readonly (Tensor | null)[];
}

/** Differentiates `fn` in the given inputs and variables, traced into one program. */
export function gradientsOf(
  fn: (inputs: readonly Tensor[]) => unknown,
  inputs: readonly Tensor[],
  variables: readonly Variable[] = [],
): Gradients {
  const computed = (given: readonly Tensor[]): [Tensor, unknown] => {
    const outputs = fn(given);
    return [objective(outputs), outputs];
  };
  const { value, argGrads, grads } = valueAndGrad(computed, { argnums: [0], variables })(inputs);
  return { outputs: value[1], inputs: argGrads[0] as (Tensor | null)[], variables: grads };
}

/** Compares gradients with recorded ones. No gradient and zeros are the same. */
export async function expectGradients(
  where: string,
  actual: readonly (Tensor | null)[],
  want: readonly Value[],
  options: { readonly tol: number; readonly largest: number },
): Promise<void> {
  const scale = Math.max(0.001, 0.1 * options.largest);
  for (const [i, wanted] of want.entries()) {
    const gradient = actual[i];
    const place = `${where}[${i}]`;
    if (wanted instanceof HostTensor && gradient) {
      await expectEqual(place, gradient, wanted, { tol: options.tol, scale });
    } else if (wanted instanceof HostTensor) {
      if (magnitude(numbersOf(wanted)) > options.tol * scale) throw new Mismatch(`${place}: there is no gradient`);
    } else if (gradient) {
      const data = await (gradient as DeviceTensor).data();
      const most = magnitude(numbersOf(new HostTensor(gradient.dtype, gradient.shape, data)));
      if (most > 0) throw new Mismatch(`${place}: a gradient of up to ${most}, expected none`);
    }
  }
}

/** The largest magnitude among recorded gradients. */
export const largestOf = (...lists: readonly (readonly Value[])[]): number =>
  Math.max(0, ...lists.flat().map((leaf) => (leaf instanceof HostTensor ? magnitude(numbersOf(leaf)) : 0)));

// The geometry of an EinsumDense equation: the shapes of kernel and bias from those of inputs and outputs, and which axes
// are summed over.
import { HornetError } from '../errors.js';
import type { Shape } from './input-spec.js';

/** Where `...` stands: nowhere, in front or at the end, in inputs and outputs alike. */
const forms = [
  /^([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)$/,
  /^\.{3}([a-zA-Z]+),([a-zA-Z]+)->\.{3}([a-zA-Z]+)$/,
  /^([a-zA-Z]{2,})\.{3},([a-zA-Z]+)->([a-zA-Z]+)\.{3}$/,
];

const formOf = (equation: string): number => forms.findIndex((each) => each.test(equation));

/** The axes of inputs, kernel and outputs as letters, those that `...` stands for included. */
export function axesOf(equation: string, rank: number): { inputs: string; kernel: string; outputs: string } {
  const form = formOf(equation);
  const [, inputs, kernel, outputs] = forms[form].exec(equation)!;
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter((label) => !equation.includes(label));
  const hidden = free.slice(0, rank - inputs.length).join('');
  const around = (labels: string): string => (form === 1 ? hidden + labels : labels + hidden);
  return { inputs: around(inputs), kernel, outputs: around(outputs) };
}

/** The axes of `from` that `to` does not have. */
export const missingAxes = (from: string, to: string): number[] =>
  [...from].flatMap((label, axis) => (to.includes(label) ? [] : [axis]));

/** How a tensor with the axes `from`, of size one where `to` lacks them, comes to stand among the axes of `to`. */
export function alignment(from: string, to: string, sizes: readonly number[]): { order: number[]; shape: number[] } {
  const place = (label: string): number => from.indexOf(label);
  const kept = [...to].map(place).filter((axis) => axis >= 0);
  return {
    order: [...kept, ...missingAxes(from, to)],
    shape: [...to].map((label) => sizes[place(label)] ?? 1),
  };
}

/** The shapes of the weights; bias is null where there is none. Throws a `HornetError` where the equation does not fit. */
export function readEquation(
  where: string,
  equation: string,
  inputShape: Shape,
  outputShape: Shape,
  biasAxes: string | null,
): { kernel: Shape; bias: Shape | null } {
  const form = formOf(equation);
  if (form < 0) {
    const wanted = "'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...'";
    throw new HornetError(where, `expected an equation of a form like ${wanted}, received '${equation}'`);
  }
  const [, input, weight, output] = forms[form].exec(equation)!;
  const hidden = form === 0 ? 0 : inputShape.length - input.length;
  const fail = (why: string): never => {
    throw new HornetError(where, `equation '${equation}': ${why}`);
  };
  if (inputShape.length - input.length !== hidden || hidden < 0) {
    fail(`it does not fit inputs of shape [${inputShape.map(String).join(', ')}]`);
  }
  const inputSizes = sizesOf(input, form === 1 ? inputShape.slice(hidden) : inputShape);
  // In front, the dots take the batch axis in; elsewhere it is missing in the shape of the outputs.
  const outputSizes =
    form === 1
      ? sizesOf(
          output,
          Array.from(output, (_, i) => outputShape.at(i - output.length) ?? null),
        )
      : sizesOf(output, [inputShape[0], ...outputShape]);
  for (const label of output) {
    const [own, given] = [outputSizes.get(label) ?? null, inputSizes.get(label)];
    if (given !== undefined && own === null) outputSizes.set(label, given);
    else if (given !== undefined && given !== null && own !== given)
      fail(`axis ${label} has sizes ${given} and ${own}`);
    if (given === undefined && !weight.includes(label))
      fail(`neither the inputs nor the kernel have the axis ${label}`);
  }
  const kernel = Array.from(weight, (label) => {
    if (!inputSizes.has(label) && !outputSizes.has(label)) fail(`only the kernel has the axis ${label}`);
    return inputSizes.has(label) ? inputSizes.get(label)! : outputSizes.get(label)!;
  });
  return { kernel, bias: biasAxes ? biasShape(output, outputSizes, biasAxes, form === 2 ? hidden : 0, fail) : null };
}

const sizesOf = (labels: string, shape: Shape): Map<string, number | null> =>
  new Map(Array.from(labels, (label, i) => [label, shape[i] ?? null]));

/** From the first axis of the bias on: the sizes along its axes, one along the others. */
function biasShape(
  output: string,
  sizes: ReadonlyMap<string, number | null>,
  axes: string,
  trailing: number,
  fail: (why: string) => never,
): Shape {
  const strange = [...axes].find((label) => !output.includes(label));
  if (strange !== undefined) fail(`the outputs do not have the axis ${strange} of the bias`);
  const first = Math.min(...Array.from(axes, (label) => output.indexOf(label)));
  const shape = Array.from(output.slice(first), (label) => (axes.includes(label) ? sizes.get(label)! : 1));
  return [...shape, ...Array<number>(trailing).fill(1)];
}

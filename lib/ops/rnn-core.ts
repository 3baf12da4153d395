// The recurrence primitives: a sequence through an LSTM, GRU or simple RNN, all steps at once. The layers that use them are
// in lib/layers.
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { gradByDecomposition } from './by-decomposition.js';
import { broadcastTensor } from './broadcast.js';
import { castTo } from './convert.js';
import { add, mul, relu, select, sigmoid, sub, tanh } from './elementwise.js';
import { runScan } from './control-flow-core.js';
import { filled, fullLike, scalar } from './fill.js';
import { multiply } from './matmul-core.js';
import { concatTensors, partOf, transposeTo } from './movement.js';
import { reshapeTo } from './reshape-core.js';

/** What a step computes; a simple RNN is named after its activation. The GRU applies its reset gate after the product. */
export type RecurrentCell = 'lstm' | 'gru' | 'tanh' | 'relu';

type RnnAttrs = {
  cell: RecurrentCell;
  /** Time runs from the last step to the first. */
  reverse: boolean;
  /** Steps that do not count give zeros; else they repeat the output before them. */
  zeroOutput: boolean;
};
type RnnGradAttrs = RnnAttrs & { dx: boolean };

const gatesOf = { lstm: 4, gru: 3, tanh: 1, relu: 1 } as const;
const statesOf = { lstm: 2, gru: 1, tanh: 1, relu: 1 } as const;
/** Numbers per step and unit that the gradient reads again. What they are is the backend's business. */
const savedOf = { lstm: 5, gru: 4, tanh: 0, relu: 0 } as const;

const text = ({ dtype, shape }: Aval): string => `${dtype}[${shape.join(', ')}]`;

/**
 * The inputs by name: x [batch, steps, features], kernel [features, gates · units], recurrent kernel [units, gates ·
 * units], bias [gates · units] (a GRU's [2, 3 · units]), the first states [batch, units] and perhaps a mask [batch, steps].
 * A scalar in the place of a bias or state stands for zeros.
 */
function named<T>(inputs: readonly T[], cell: RecurrentCell) {
  const [x, kernel, recurrentKernel, bias, ...rest] = inputs;
  const states = rest.slice(0, statesOf[cell]);
  return { x, kernel, recurrentKernel, bias, states, mask: rest[states.length] as T | undefined };
}

function outputsOf(inputs: readonly Aval[], { cell }: RnnAttrs): Aval[] {
  const { x, kernel, recurrentKernel, bias, states, mask } = named(inputs, cell);
  const [units] = recurrentKernel.shape;
  const width = gatesOf[cell] * units;
  const [batch, steps, features] = x.shape;
  const check = (what: string, given: Aval, shape: readonly number[], dtype = x.dtype): void => {
    if (given.dtype === dtype && given.shape.length === shape.length && given.shape.every((dim, i) => dim === shape[i]))
      return;
    throw new HornetError('rnn', `expected ${what} ${text({ dtype, shape })}, received ${text(given)}`);
  };
  if (x.shape.length !== 3 || steps < 1) {
    throw new HornetError('rnn', `expected an input [batch, steps, features] of one step or more, received ${text(x)}`);
  }
  check('a recurrent kernel', recurrentKernel, [units, width]);
  check('a kernel', kernel, [features, width]);
  if (bias.shape.length > 0) check('a bias', bias, cell === 'gru' ? [2, width] : [width]);
  for (const state of states) if (state.shape.length > 0) check('a state', state, [batch, units]);
  if (mask) check('a mask', mask, [batch, steps], 'bool');
  const { dtype } = x;
  const saved = savedOf[cell] > 0 ? [{ shape: [batch, steps, savedOf[cell] * units], dtype }] : [];
  return [{ shape: [batch, steps, units], dtype }, ...states.map(() => ({ shape: [batch, units], dtype })), ...saved];
}

/** One step: the input's part and the state's part of the gates, and the states before it, give the states after it. */
type Step = (input: Tensor, recurrent: Tensor, states: readonly Tensor[]) => Tensor[];

const partsOf = (gates: Tensor, count: number): Tensor[] => {
  const size = gates.shape[1] / count;
  return Array.from({ length: count }, (_, i) => partOf(gates, 1, i * size, (i + 1) * size));
};

const lstmStep: Step = (input, recurrent, [, c]) => {
  const [i, f, g, o] = partsOf(add(input, recurrent), 4);
  const cell = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
  return [mul(sigmoid(o), tanh(cell)), cell];
};

const gruStep: Step = (input, recurrent, [h]) => {
  const [[xz, xr, xh], [hz, hr, hh]] = [partsOf(input, 3), partsOf(recurrent, 3)];
  const z = sigmoid(add(xz, hz));
  const candidate = tanh(add(xh, mul(sigmoid(add(xr, hr)), hh)));
  return [add(mul(z, h), mul(sub(scalar(1, z.dtype), z), candidate))];
};

const steps: Readonly<Record<RecurrentCell, Step>> = {
  lstm: lstmStep,
  gru: gruStep,
  tanh: (input, recurrent) => [tanh(add(input, recurrent))],
  relu: (input, recurrent) => [relu(add(input, recurrent))],
};

/** What a step carries: the states, and the output to repeat where a step does not count. */
interface Carried {
  readonly states: readonly Tensor[];
  readonly output: Tensor;
}

/** The parts of a recurrence; computed in float32 where the tensors are of half precision. */
function partsOfRecurrence(inputs: readonly Tensor[], { cell, zeroOutput }: RnnAttrs) {
  const { dtype } = inputs[0];
  const wide = dtype === 'float64' ? dtype : 'float32';
  const given = named(inputs, cell);
  const [x, kernel, recurrentKernel, bias] = inputs.slice(0, 4).map((input) => castTo(input, wide));
  const [batch, count, features] = x.shape;
  const [units, width] = recurrentKernel.shape;
  const rows = multiply(reshapeTo(x, [batch * count, features]), kernel);
  const [inputBias, recurrentBias] = cell === 'gru' && bias.rank > 0 ? halves(bias) : [bias, scalar(0, wide)];
  const zeros = filled([batch, units], 0, wide);
  /** `counts` [batch, 1] says of which rows this step counts; null for all. */
  const step = (input: Tensor, counts: Tensor | null, { states, output }: Carried): Carried => {
    const next = steps[cell](input, add(multiply(states[0], recurrentKernel), recurrentBias), states);
    const where = (yes: Tensor, no: Tensor): Tensor => (counts ? select(counts, yes, no) : yes);
    return {
      output: where(next[0], zeroOutput ? fullLike(output, 0) : output),
      states: next.map((state, j) => where(state, states[j])),
    };
  };
  return {
    count,
    /** The inputs' part of the gates, [batch, steps, gates · units]. */
    projected: reshapeTo(add(rows, inputBias), [batch, count, width]),
    mask: given.mask ?? null,
    first: { states: given.states.map((state) => broadcastTensor(castTo(state, wide), [batch, units])), output: zeros },
    step,
    results: (outputs: Tensor, states: readonly Tensor[]): Tensor[] =>
      [outputs, ...states].map((result) => castTo(result, dtype)),
  };
}

/** The outputs and last states, a copy of the cell per step. */
function unrolled(inputs: readonly Tensor[], attrs: RnnAttrs): Tensor[] {
  const { count, projected, mask, first, step, results } = partsOfRecurrence(inputs, attrs);
  const [batch, , width] = projected.shape;
  let carried: Carried = first;
  const outputs: Tensor[] = [];
  for (let i = 0; i < count; i++) {
    const at = attrs.reverse ? count - 1 - i : i;
    const input = reshapeTo(partOf(projected, 1, at, at + 1), [batch, width]);
    carried = step(input, mask && partOf(mask, 1, at, at + 1), carried);
    outputs[at] = reshapeTo(carried.output, [batch, 1, carried.output.shape[1]]);
  }
  return results(concatTensors(outputs, 1), carried.states);
}

/** The outputs and last states as a loop over the steps: for whoever has loops, but no recurrences like these. */
export function recurrentScan(inputs: readonly Tensor[], attrs: RnnAttrs): Tensor[] {
  const { count, projected, mask, first, step, results } = partsOfRecurrence(inputs, attrs);
  const byStep = (x: Tensor): Tensor => transposeTo(x, [1, 0, 2]);
  const column = mask && reshapeTo(mask, [...mask.shape, 1]);
  const { carries, outputs } = runScan({
    length: count,
    reverse: attrs.reverse,
    carries: [first.output, ...first.states],
    sequences: [projected, ...(column ? [column] : [])].map(byStep),
    step: ([output, ...states], [input, counts]) => {
      const next = step(input, counts ?? null, { states, output });
      return { carries: [next.output, ...next.states], outputs: [next.output] };
    },
    op: 'rnn',
  });
  return results(byStep(outputs[0]), carries.slice(1));
}

/** Whether a recurrence has a mask among its inputs. */
export const hasMask = (inputs: readonly unknown[], { cell }: { readonly cell?: unknown }): boolean =>
  named(inputs, cell as RecurrentCell).mask !== undefined;

const halves = (bias: Tensor): Tensor[] => [0, 1].map((i) => reshapeTo(partOf(bias, 0, i, i + 1), [bias.shape[1]]));

const rnnOp = defineOp<RnnAttrs>({
  name: 'rnn',
  infer: outputsOf,
  grad: ({ inputs, outputs, grads, attrs, needs }) => {
    const { x, states, mask, bias } = named(inputs, attrs.cell);
    const gradient = (i: number): Tensor => grads[i] ?? scalar(0, x.dtype);
    const saved = outputs.slice(1 + states.length);
    const operands = [...inputs.slice(0, 4 + states.length), outputs[0], ...saved];
    const upstream = [gradient(0), ...states.map((_, i) => gradient(1 + i))];
    const results = emit(rnnGradOp, [...operands, ...upstream, ...(mask ? [mask] : [])], { ...attrs, dx: needs[0] });
    const [dx, dKernel, dRecurrent, dBias, ...dStates] = needs[0] ? results : [null, ...results];
    const ofStates = states.map((state, i) => (state.rank > 0 ? dStates[i] : null));
    return [dx, dKernel, dRecurrent, bias.rank > 0 ? dBias : null, ...ofStates, ...(mask ? [null] : [])];
  },
  // Without what is saved for the gradient.
  decompose: unrolled,
});

/** The inputs of the forward op among those of its gradient, and the gradients of its outputs. */
function forwardOf<T extends { readonly shape: readonly number[] }>(inputs: readonly T[], { cell }: RnnAttrs) {
  const count = 4 + statesOf[cell];
  const from = count + 1 + (savedOf[cell] > 0 ? 1 : 0);
  const grads = inputs.slice(from, from + 1 + statesOf[cell]);
  return { inputs: [...inputs.slice(0, count), ...inputs.slice(from + grads.length)], grads };
}

function gradient(inputs: readonly Tensor[], { dx, ...attrs }: RnnGradAttrs): Tensor[] {
  const forward = forwardOf(inputs, attrs);
  const grads = forward.grads.map((grad) => (grad.rank > 0 ? grad : null));
  const needs = forward.inputs.map(() => true);
  const results = gradByDecomposition(unrolled)({ inputs: forward.inputs, outputs: [], grads, attrs, needs });
  const shapes = gradientsOf(inputs, { ...attrs, dx: true });
  const all = shapes.map(({ shape, dtype }, i) => {
    const result = results[i];
    return result?.rank === shape.length ? result : filled(shape, 0, dtype);
  });
  return dx ? all : all.slice(1);
}

function gradientsOf(inputs: readonly Aval[], { dx, ...attrs }: RnnGradAttrs): Aval[] {
  const { x, kernel, recurrentKernel, states } = named(inputs, attrs.cell);
  const [units, width] = recurrentKernel.shape;
  const { dtype } = x;
  const bias = { shape: attrs.cell === 'gru' ? [2, width] : [width], dtype };
  const ofStates = states.map(() => ({ shape: [x.shape[0], units], dtype }));
  return [...(dx ? [x] : []), kernel, recurrentKernel, bias, ...ofStates].map(({ shape }) => ({ shape, dtype }));
}

const rnnGradOp = defineOp<RnnGradAttrs>({
  name: 'rnn_grad',
  infer: gradientsOf,
  decompose: gradient,
  grad: gradByDecomposition(gradient),
});

/** The operands of a recurrence. */
export interface Recurrence {
  readonly cell: RecurrentCell;
  /** [batch, steps, features]. */
  readonly x: Tensor;
  /** [features, gates · units]; gates are i, f, c, o of an LSTM and z, r, h of a GRU. */
  readonly kernel: Tensor;
  /** [units, gates · units]. */
  readonly recurrentKernel: Tensor;
  /** [gates · units], of a GRU [2, 3 · units]; null for none. */
  readonly bias: Tensor | null;
  /** [batch, units]: h, and c of an LSTM. Default: zeros. */
  readonly states?: readonly Tensor[] | null;
  /** bool [batch, steps]: which steps count. The states pass by the others unchanged. Default: all. */
  readonly mask?: Tensor | null;
  /** Whether time runs from the last step to the first. Default false. */
  readonly reverse?: boolean;
  /** Whether steps that do not count give zeros instead of the output before them. Default false. */
  readonly zeroOutput?: boolean;
}

/** Runs a recurrence over all steps: the outputs [batch, steps, units], at the places of their steps, and the last states. */
export function recurrent(args: Recurrence): { readonly outputs: Tensor; readonly states: readonly Tensor[] } {
  const { cell, x, reverse = false, zeroOutput = false } = args;
  const zero = (): Tensor => scalar(0, x.dtype);
  const states = args.states ?? Array.from({ length: statesOf[cell] }, zero);
  const inputs = [x, args.kernel, args.recurrentKernel, args.bias ?? zero(), ...states];
  const results = emit(rnnOp, args.mask ? [...inputs, args.mask] : inputs, { cell, reverse, zeroOutput });
  return { outputs: results[0], states: results.slice(1, 1 + states.length) };
}

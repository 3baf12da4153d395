// The control flow primitives: scan, while and branch run graphs of their own (see graph/body.ts). What follows from
// their gradients is in control-flow-gradients.ts, the public forms are in control-flow.ts.
import { HornetError } from '../errors.js';
import { Body, operandsOf, recordTogether, settle, type Carry } from '../graph/body.js';
import { avalOf, sameShape, type Aval, type Graph, type Value } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { currentTrace, emit } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { branchGradient, scanGradient } from './control-flow-gradients.js';

/** `sliced` are the indices of the inputs that the body sees slice by slice. */
export type ScanAttrs = {
  readonly bodies: readonly Graph[];
  readonly sliced: readonly number[];
  readonly length: number;
  readonly reverse: boolean;
};
export type BodiesAttrs = { readonly bodies: readonly Graph[] };

function checkOperands(
  op: string,
  inputs: readonly Aval[],
  bodies: readonly Graph[],
  expected = bodies[0]?.parameters,
) {
  const fits = (parameters: readonly Aval[]): boolean =>
    parameters.length === inputs.length &&
    parameters.every(({ shape, dtype }, i) => dtype === inputs[i].dtype && sameShape(shape, inputs[i].shape));
  if (fits(expected) && bodies.every(({ parameters }) => parameters.length === inputs.length)) return;
  throw new HornetError(op, 'the operands are not those of the body');
}

/**
 * Runs a body `length` times. Each input is carried (the body updates it), sliced along its first axis, or the same in
 * all steps. Gives what was carried after the last step, then the results of all steps, stacked.
 */
const scanOp = defineOp<ScanAttrs>({
  name: 'scan',
  infer: (inputs, { bodies, sliced, length }) => {
    const [{ parameters, updates, results }] = bodies;
    const stacked = ({ shape, dtype }: Aval): Aval => ({ shape: [length, ...shape], dtype });
    const operands = parameters.map((parameter, i) => (sliced.includes(i) ? stacked(parameter) : parameter));
    checkOperands('scan', inputs, bodies, operands as Value[]);
    return [...updates.map(({ parameter }) => avalOf(parameter)), ...results.map(stacked)];
  },
  grad: scanGradient,
});

/** Runs the first body for as long as the second one gives true; both see all inputs. Gives what the first one updates. */
const whileOp = defineOp<BodiesAttrs>({
  name: 'while',
  infer: (inputs, { bodies }) => {
    checkOperands('while', inputs, bodies);
    return bodies[0].updates.map(({ parameter }) => avalOf(parameter));
  },
  grad: () => {
    throw new HornetError(
      'whileLoop',
      'has no gradient, since only a run tells its number of steps; use scan() or a foriLoop() between fixed bounds',
    );
  },
});

/** Runs the body that the first input, an int32, counts off; one out of range is the nearest. Gives the body's results. */
const branchOp = defineOp<BodiesAttrs>({
  name: 'branch',
  infer: ([index, ...operands], { bodies }) => {
    checkOperands('branch', operands, bodies);
    if (index.dtype !== 'int32' || index.shape.length > 0) throw new HornetError('branch', 'the index is no int32');
    return bodies[0].results.map(avalOf);
  },
  grad: branchGradient,
});

/** What a step of a loop makes of what it was given. */
export interface LoopStep {
  readonly carries: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** A loop with a known number of steps. */
export interface ScanSpec {
  readonly length: number;
  /** Whether the last slices come first. Outputs stand at the places of their slices. Default false. */
  readonly reverse?: boolean;
  readonly carries: readonly Tensor[];
  /** [length, ...]. */
  readonly sequences: readonly Tensor[];
  readonly step: (carries: Tensor[], slices: Tensor[]) => LoopStep;
  /** What errors call the loop. Default `scan`. */
  readonly op?: string;
  /** Records the step. Default: a new one. */
  readonly body?: Body;
}

/** Runs a loop with a known number of steps. Gives what it carries in the end, and the outputs of all steps stacked. */
export function runScan(spec: ScanSpec): { carries: Tensor[]; outputs: Tensor[] } {
  const { length, reverse = false, step, op = 'scan', body = new Body() } = spec;
  const carries = spec.carries.map((initial) => body.carry(initial));
  const slices = spec.sequences.map((sequence) => body.slice(sequence));
  const { outputs } = body.record(() => advance(op, carries, step, slices));
  const { graph, sources, updated } = body.close(outputs, op);
  // A gradient may read what each step computed; what none reads is dropped before the program is made.
  const results = currentTrace() ? [...graph.results, ...savedOf(graph, body.sliced)] : graph.results;
  const attrs = { bodies: [{ ...graph, results }], sliced: body.sliced, length, reverse };
  const given = emit(scanOp, operandsOf(sources), attrs);
  settle(updated, given);
  const first = updated.length;
  return { carries: finalOf(carries), outputs: given.slice(first, first + outputs.length) };
}

/** Records a step: what it gives is what the next one finds. */
function advance(op: string, carries: readonly Carry[], step: ScanSpec['step'], slices: Tensor[]): LoopStep {
  const made = step(
    carries.map(({ parameter }) => parameter),
    slices,
  );
  if (made.carries.length !== carries.length) {
    throw new HornetError(op, `expected a step to carry ${carries.length} tensors, received ${made.carries.length}`);
  }
  carries.forEach((carry, i) => (carry.value = made.carries[i]));
  return made;
}

/** What the loop gives of each carry, after `settle`. */
const finalOf = (carries: readonly Carry[]): Tensor[] =>
  carries.map(({ value, parameter, initial }) => (value === parameter ? initial : value));

/** Everything in a body that its operands and a little work do not give. */
function savedOf(graph: Graph, sliced: readonly number[]): Value[] {
  const carried = graph.updates.map(({ parameter }) => parameter);
  const constant = new Set(graph.parameters.filter((p, i) => !sliced.includes(i) && !carried.includes(p)));
  const saved = carried.slice();
  for (const node of graph.nodes) {
    const { op, inputs, outputs } = node;
    if (op.name === 'parameter') continue;
    if (inputs.every((input) => constant.has(input))) outputs.forEach((output) => constant.add(output));
    else if (!op.alias && !cheap.has(op.name)) saved.push(...outputs);
  }
  return saved;
}

/** What is done again rather than kept for every step. */
const cheap = new Set(['broadcast', 'cast', 'stop_gradient']);

/** Runs a loop for as long as `condition` holds, and gives what it carries in the end. */
export function runWhile(
  op: string,
  initial: readonly Tensor[],
  condition: (carries: Tensor[]) => Tensor,
  step: (carries: Tensor[]) => readonly Tensor[],
): Tensor[] {
  const bodies = [new Body(), new Body()];
  const [carries, seen] = bodies.map((body) => initial.map((tensor) => body.carry(tensor)));
  const [, [goesOn]] = recordTogether(bodies, [
    () => advance(op, carries, (given) => ({ carries: step(given), outputs: [] }), []).outputs,
    () => [condition(seen.map(({ parameter }) => parameter))],
  ]);
  const { graph, sources, updated } = bodies[0].close([], op);
  const test = bodies[1].close([goesOn], op);
  if (test.updated.length > 0) throw new HornetError(op, 'the condition may not assign variables');
  settle(updated, emit(whileOp, operandsOf(sources), { bodies: [graph, test.graph] }));
  return finalOf(carries);
}

/** Runs one of several functions, which give tensors of the same shapes and dtypes. @param index - int32, a scalar. */
export function runBranch(
  op: string,
  index: Tensor,
  functions: readonly (() => readonly Tensor[])[],
  bodies: readonly Body[] = functions.map(() => new Body()),
): Tensor[] {
  const results = recordTogether(bodies, functions);
  results.forEach((others) => checkAlike(op, results[0], others));
  // Who leaves a variable alone that others assign gives its present value.
  const updated = [...new Set(bodies.flatMap((body) => body.changed()))];
  const closed = bodies.map((body, i) =>
    body.close([...results[i], ...updated.map((variable) => body.read(variable))], op),
  );
  const graphs = closed.map(({ graph }) => ({ ...graph, updates: [] }));
  const given = emit(branchOp, [index, ...operandsOf(closed[0].sources)], { bodies: graphs });
  settle(updated, given.slice(results[0].length));
  return given.slice(0, results[0].length);
}

function checkAlike(op: string, first: readonly Aval[], others: readonly Aval[]): void {
  const text = (avals: readonly Aval[]): string =>
    avals.map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`).join(', ');
  if (text(first) === text(others)) return;
  throw new HornetError(op, `expected all branches to give ${text(first)}, received ${text(others)}`);
}

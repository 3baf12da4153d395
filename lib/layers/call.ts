// How a layer is called: arguments are converted and checked, the layer is built, training and masks are resolved, and
// errors get the layer's name. Symbolic calls go on in models/symbolic.ts.
import { onDeviceOf } from '../device.js';
import { isFloat } from '../dtype.js';
import { HornetError } from '../errors.js';
import { currentTrace, TracedTensor } from '../graph/trace.js';
import { recordCall } from '../models/symbolic.js';
import { divide } from '../ops/index.js';
import { castTo, convertToTensor } from '../ops/convert.js';
import { describe, Tensor, type NestedArray } from '../tensor.js';
import { flatten, isBranch, mapTree, type Tree } from '../tree.js';
import { autocastDtype, Variable, withAutocast } from '../variable.js';
import { checkInput, type InputSpec, type Shape } from './input-spec.js';
import type { CallOptions, Layer, Mask, Shapes } from './layer.js';
import { getMask, setMask } from './mask.js';
import { withScope } from './naming.js';
import { rematerialized } from './remat-scope.js';

/** The outermost call in progress. `training` is null where nobody has said. */
export interface CallContext {
  readonly training: boolean | null;
  /** Stands for the outermost call: losses that belong together carry it. */
  readonly id: object;
}

/** What a layer remembers of its calls. */
export interface CallRecord {
  context: object | null;
  lossContext: object | null;
  losses: Tensor[];
  buildShapes: readonly Shapes[] | null;
}

/** The arguments of one call, sorted. */
export interface CallForm {
  /** Positional arguments, trees of tensors. */
  readonly args: readonly Tree<Tensor>[];
  readonly options: CallOptions;
}

let context: CallContext | null = null;
const named = new WeakSet<Error>();

/** Whether a layer is being called, and how. */
export const callContext = (): CallContext | null => context;

/** Applies a layer to the arguments of a call, on the device where they are. */
export const callLayer = (layer: Layer, given: readonly unknown[]): unknown =>
  onDeviceOf(given, () => callHere(layer, given));

function callHere(layer: Layer, given: readonly unknown[]): unknown {
  const form = readArguments(layer, given);
  checkInputs(layer, form.args[0]);
  if (!layer.built) buildFor(layer, form.args);
  const symbolic = [...form.args, form.options as Tree<unknown>].some((tree) => flatten(tree).some(isSymbolic));
  return symbolic ? recordCall(layer, form) : runCall(layer, form);
}

const isSymbolic = (leaf: unknown): boolean => leaf instanceof Tensor && leaf.isSymbolic;

/** Makes the weights for inputs like these. */
export function buildFor(layer: Layer, args: readonly Tree<Tensor>[]): void {
  const shapes = args.map((tree) => mapTree(tree, shapeOf) as unknown as Shapes);
  layer.build(...(shapes as [Shapes, ...Shapes[]]));
}

/** The shape of a tensor, null for sizes that are unknown. */
export const shapeOf = (tensor: Tensor): Shape =>
  tensor.isSymbolic ? (tensor as Tensor & { symbolicShape: Shape }).symbolicShape : tensor.shape;

/**
 * The masks of a call, explicit ones first, else those that the arguments carry: `mask` for the first one, and where a
 * layer has several also `queryMask`, `valueMask` and the like.
 */
export function masksOf(layer: Layer, { args, options }: CallForm): Readonly<Record<string, Mask>> {
  const carried = args.map((arg): Mask => {
    const isMasked = flatten(arg).some((each) => getMask(each) !== null);
    return isMasked ? mapTree(arg, getMask) : null;
  });
  const names = argNames(layer);
  const own = names.length === 1 ? [] : names.map((name, i) => [`${name}Mask`, carried[i] ?? null] as const);
  const all = [...own, ['mask', carried[0]] as const];
  return Object.fromEntries(all.map(([name, mask]) => [name, (options[name] as Mask | undefined) ?? mask]));
}

/** A call on tensors that have numbers, or will have them when the traced program runs. */
function runCall(layer: Layer, form: CallForm): Tree<Tensor> {
  const { args, options } = form;
  const masks = masksOf(layer, form);
  const outputs = compute(layer, { args, options: { ...options, ...masks } });
  const { activityRegularizer } = layer;
  if (activityRegularizer) for (const output of flatten(outputs)) addActivityLoss(layer, activityRegularizer, output);
  passMask(layer, args[0], masks.mask ?? mapTree(args[0], getMask), outputs);
  return outputs;
}

/** Runs `call` in its context, in the layer's type of computation; nothing else. `onUse` hears which options it reads. */
export function compute(layer: Layer, { args, options }: CallForm, onUse?: (option: string) => void): Tree<Tensor> {
  const outer = context;
  const training = options.training ?? outer?.training ?? layer.defaultTraining;
  context = { training, id: outer?.id ?? {} };
  layer.record.context = context.id;
  const resolved = { ...options, training: training ?? false, mask: options.mask ?? null };
  if (onUse) observe(resolved, onUse);
  const call = (): Tree<Tensor> => checkOutputs(layer, layer.call(args[0], ...args.slice(1), resolved));
  try {
    return withScope(layer, () => withAutocast(readType(layer), () => rematerialized(layer, call)));
  } catch (error) {
    throw nameError(layer, 'call()', error);
  } finally {
    context = outer;
  }
}

function observe(options: object, onUse: (option: string) => void): void {
  for (const [name, value] of Object.entries(options)) {
    Object.defineProperty(options, name, { get: () => (onUse(name), value as unknown), enumerable: true });
  }
}

/** The type in which the layer reads float variables: its own type of computation once precision is mixed somewhere. */
function readType(layer: Layer): ReturnType<typeof autocastDtype> {
  const { computeDtype, variableDtype } = layer;
  if (!layer.autocast || !isFloat(computeDtype)) return null;
  return autocastDtype() !== null || computeDtype !== variableDtype ? computeDtype : null;
}

/** Puts the masks that the layer gives its outputs beside them. */
export function passMask(layer: Layer, inputs: Tree<Tensor>, previous: Mask, outputs: Tree<Tensor>): void {
  if (!layer.supportsMasking) return;
  const results = flatten(outputs);
  if (results.every((output) => getMask(output) !== null)) return;
  const masks = layer.computeMask(inputs, previous);
  if (masks === null) return;
  const leaves = flatten(masks);
  results.forEach((output, i) => {
    if (leaves[i]) setMask(output, leaves[i]);
  });
}

function addActivityLoss(layer: Layer, regularizer: (output: Tensor) => Tensor, output: Tensor): void {
  const loss = regularizer(output);
  layer.addLoss(output.rank > 0 ? divide(loss, output.shape[0]) : loss);
}

/** `build` with everything around it: the state of the layer is as before when it throws. */
export function buildLayer(
  layer: Layer,
  build: (...shapes: [Shapes, ...Shapes[]]) => void,
  shapes: readonly Shapes[],
): void {
  if (layer.built) return;
  try {
    layer.transact(() => withScope(layer, () => withAutocast(null, () => build(...(shapes as [Shapes, ...Shapes[]])))));
  } catch (error) {
    throw nameError(layer, 'build()', error);
  }
  layer.record.buildShapes = shapes;
  layer.built = true;
  layer.freezeInside();
}

/** Sorts the arguments: a plain object behind the first one holds the options. */
function readArguments(layer: Layer, given: readonly unknown[]): CallForm {
  if (given.length === 0 || given[0] === undefined || given[0] === null) {
    throw new HornetError(layer.name, `expected inputs, received ${given.length === 0 ? 'nothing' : String(given[0])}`);
  }
  const last = given.at(-1);
  const hasOptions = given.length > 1 && (last === undefined || (isBranch(last) && !Array.isArray(last)));
  const positional = hasOptions ? given.slice(0, -1) : given;
  const options = { ...((hasOptions ? last : undefined) as Record<string, unknown> | undefined) };
  const args = [...positional];
  // Inputs may also be given by name: `attention(query, value, { key })`.
  for (const name of argNames(layer).slice(args.length)) {
    const value = options[name] ?? null;
    delete options[name];
    if (value === null) break;
    args.push(value);
  }
  return {
    args: args.map((arg) => toTensors(layer, arg)),
    options: mapTree(options as Tree<unknown>, (leaf) =>
      leaf instanceof Tensor ? cast(layer, leaf) : leaf,
    ) as CallOptions,
  };
}

const argNames = (layer: Layer): readonly string[] => (layer.constructor as typeof Layer).callArgs;

const holdsTensor = (item: unknown): boolean =>
  item instanceof Tensor || item instanceof Variable || (isBranch(item) && Object.values(item).some(holdsTensor));

/** Records and lists of tensors are structure, arrays without any are numbers. */
function toTensors(layer: Layer, input: unknown): Tree<Tensor> {
  if (Array.isArray(input))
    return holdsTensor(input) ? input.map((item) => toTensors(layer, item)) : toTensor(layer, input);
  if (!isBranch(input)) return toTensor(layer, input);
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, toTensors(layer, item)]));
}

function toTensor(layer: Layer, leaf: unknown): Tensor {
  if (leaf instanceof Tensor) return cast(layer, leaf);
  if (leaf instanceof Variable) return cast(layer, leaf.value);
  if (typeof leaf === 'number' || typeof leaf === 'boolean' || Array.isArray(leaf) || ArrayBuffer.isView(leaf)) {
    return cast(layer, convertToTensor(leaf as NestedArray));
  }
  throw new HornetError(layer.name, `expected a tensor as input, received ${describe(leaf)}`);
}

/** Casts float inputs to the type of computation; symbolic ones stay, their call does it. */
export function cast(layer: Layer, tensor: Tensor): Tensor {
  const { computeDtype } = layer;
  if (!layer.autocast || tensor.isSymbolic || tensor.dtype === computeDtype) return tensor;
  if (!isFloat(tensor.dtype) || !isFloat(computeDtype)) return tensor;
  const converted = castTo(tensor, computeDtype);
  setMask(converted, getMask(tensor));
  return converted;
}

function checkInputs(layer: Layer, inputs: Tree<Tensor>): void {
  const { inputSpec } = layer;
  if (!inputSpec) return;
  const specs = (Array.isArray(inputSpec) ? inputSpec : [inputSpec]) as readonly InputSpec[];
  const leaves = flatten(inputs);
  if (leaves.length !== specs.length) {
    throw new HornetError(layer.name, `expected ${specs.length} input tensor(s), received ${leaves.length}`);
  }
  leaves.forEach((leaf, i) => checkInput(layer.name, specs[i], { shape: shapeOf(leaf), dtype: leaf.dtype }, i));
}

function checkOutputs(layer: Layer, outputs: unknown): Tree<Tensor> {
  if (outputs instanceof Promise) {
    outputs.catch(() => undefined);
    throw new HornetError(layer.name, 'call() must not be async; compute with ops and return a tensor');
  }
  const leaves = flatten(outputs);
  const wrong = leaves.find((leaf) => !(leaf instanceof Tensor));
  if (leaves.length === 0 || wrong !== undefined) {
    throw new HornetError(
      layer.name,
      `expected call() to return tensors, received ${describe(leaves.length === 0 ? outputs : wrong)}`,
    );
  }
  return outputs as Tree<Tensor>;
}

/** The error with the name of the innermost layer in front. */
export function nameError(layer: Layer, where: string, error: unknown): unknown {
  if (!(error instanceof Error) || named.has(error)) return error;
  const own = error instanceof HornetError && error.where === layer.name;
  const wrapped = own ? error : new HornetError(layer.name, `${where} failed: ${error.message}`, { cause: error });
  named.add(wrapped);
  return wrapped;
}

/** Losses whose tensors still mean something: those of the present trace, or real ones. */
export const currentLosses = (losses: readonly Tensor[]): Tensor[] =>
  losses.filter((loss) => !(loss instanceof TracedTensor) || loss.trace === currentTrace());

// Cases of layers: built from config, weights assigned by position, called eagerly, then differentiated in a trace.
import { type Layer } from '../../../lib/layers/layer.js';
import type { Bidirectional, Discretization, RNN, StringLookup } from '../../../lib/layers/index.js';
import { DeviceTensor, type Tensor } from '../../../lib/tensor.js';
import { flatten, type Tree } from '../../../lib/tree.js';
import type { Variable } from '../../../lib/variable.js';
import { expectEqual } from '../compare.js';
import { expectGradients, gradientsOf, largestOf } from '../gradient.js';
import { leavesOf, make, toArgument, upload, type AnyFunction } from '../library.js';
import { Mismatch, NotImplemented } from '../outcome.js';
import { bind, type Call } from '../signatures.js';
import { decodeConfig, HostTensor, StringTensor, SymbolicTensor, type Value } from '../values.js';
import { expectError, type Context } from './context.js';

/** A recorded variable. */
export interface RecordedVariable {
  readonly path: string;
  readonly value: HostTensor;
  readonly trainable: boolean;
  readonly weight?: false;
  readonly seed?: true;
  readonly late?: true;
}

interface RecordedGradients {
  readonly variables: readonly (readonly [number, Value])[];
  readonly inputs: readonly Value[];
}

/** A case of a layer. */
export async function runLayer(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'init_error') {
    const config = {
      module: 'keras.layers',
      class_name: item.class,
      config: decodeConfig(item.init),
      registered_name: null,
    };
    return expectError(() => make(config));
  }
  const layer = make<Layer>(decodeConfig(item.config));
  const args = context.field<Value[]>('args');
  const kwargs = context.field<Record<string, Value>>('kwargs');
  const call = bind('calls', item.class!, args, kwargs);
  if (item.kind === 'call_error') return expectError(() => callAndWait(layer, call));
  await compareCall(context, layer, call, [args, kwargs]);
}

function callLayer(layer: Layer, call: Call, replace?: (host: HostTensor) => Tensor | undefined): unknown {
  const positional = call.positional.map((value) => toArgument(value, replace));
  return (layer as unknown as AnyFunction)(...positional, toArgument(call.options, replace));
}

async function callAndWait(layer: Layer, call: Call): Promise<void> {
  const outputs = flatten(callLayer(layer, call)).filter((leaf) => leaf instanceof DeviceTensor);
  await Promise.all(outputs.map((leaf) => leaf.data()));
}

async function compareCall(context: Context, layer: Layer, call: Call, document: Value): Promise<void> {
  const tolerance = { ...context.tolerance, masks: true };
  const recorded = context.field<RecordedVariable[]>('variables');
  if (!layer.built) layer.build(...(call.positional.map(shapesOf) as [never]));
  if (recorded.some((each) => each.late)) callLayer(layer, call);
  const variables = matchVariables(layer, recorded);
  assign(variables, recorded);
  restore(layer, context);
  await expectEqual('output', callLayer(layer, call), context.field('outputs'), tolerance);
  for (const [i, want] of context.field<[number, Value][] | undefined>('variables_after') ?? []) {
    if (!recorded[i].seed)
      await expectEqual(`variable ${recorded[i].path} after`, variables[i]!.value, want, tolerance);
  }
  const losses = context.field<Value[] | undefined>('losses');
  if (losses) await expectEqual('losses', layer.losses, losses, tolerance);
  const grads = context.field<RecordedGradients | undefined>('grads');
  if (!grads) return;
  assign(variables, recorded);
  restore(layer, context);
  await compareGradients(context, layer, { call, document, variables, grads });
}

/** Puts back state that is not in variables: what was recorded, else what the layer begins with. */
function restore(layer: Layer, context: Context): void {
  if ((layer as RNN).stateful) (layer as RNN).resetState();
  const { vocabulary, bin_boundaries: boundaries, ...recorded } = context.field<State | undefined>('state') ?? {};
  if (vocabulary) restoreVocabulary(layer, vocabulary, recorded.idf_weights as readonly number[] | undefined);
  if (boundaries) (layer as Discretization).binBoundaries = boundaries as readonly number[];
  delete recorded.idf_weights;
  const states: Record<string, () => Tree<Variable> | null> = {
    states: () => (layer as RNN).states,
    forward_states: () => (layer as unknown as Bidirectional).forwardLayer.states,
    backward_states: () => (layer as unknown as Bidirectional).backwardLayer.states,
  };
  for (const [name, values] of Object.entries(recorded)) {
    const kept = states[name]?.();
    if (!kept) throw new NotImplemented(`restoring ${name}`);
    flatten(kept).forEach((variable, i) => variable.assign(upload(values[i] as HostTensor)));
  }
}

/** State that is not in variables. */
type State = Record<string, readonly unknown[]>;

/** The recorded vocabulary is without special tokens, its weights are not. */
function restoreVocabulary(layer: Layer, vocabulary: readonly unknown[], weights: readonly number[] | undefined): void {
  const lookup = layer as StringLookup;
  const own = weights && weights.slice(weights.length - vocabulary.length);
  lookup.setVocabulary(vocabulary as readonly string[], own);
}

/** Shapes in the place of tensors; nested lists of numbers are tensors, too. */
function shapesOf(value: Value): unknown {
  if (value instanceof HostTensor || value instanceof SymbolicTensor || value instanceof StringTensor)
    return value.shape;
  if (Array.isArray(value)) {
    return leavesOf(value).every((leaf) => typeof leaf === 'number') ? nestedShape(value) : value.map(shapesOf);
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapesOf(item)]));
}

const nestedShape = (list: Value): number[] => (Array.isArray(list) ? [list.length, ...nestedShape(list[0])] : []);

/** The layer's variables in the places of the recorded ones; null for seeds, which each implementation keeps its own way. */
export function matchVariables(layer: Layer, recorded: readonly RecordedVariable[]): (Variable | null)[] {
  const own = layer.variables.filter((variable) => !(variable.dtype === 'uint32' && /seed/.test(variable.name)));
  const wanted = recorded.filter((each) => !each.seed);
  if (own.length !== wanted.length) {
    const names = (list: readonly { path: string }[]): string => list.map(({ path }) => path).join(', ') || 'none';
    throw new Mismatch(`${own.length} variables (${names(own)}), expected ${wanted.length} (${names(wanted)})`);
  }
  let next = 0;
  return recorded.map((each) => {
    if (each.seed) return null;
    const variable = own[next++];
    const problem =
      variable.shape.join() !== each.value.shape.join()
        ? `shape [${variable.shape.join(', ')}], expected [${each.value.shape.join(', ')}]`
        : variable.dtype !== each.value.dtype
          ? `dtype ${variable.dtype}, expected ${each.value.dtype}`
          : variable.trainable !== each.trainable
            ? `trainable ${variable.trainable}, expected ${each.trainable}`
            : null;
    if (problem) throw new Mismatch(`variable ${each.path}: ${problem} (ours is ${variable.path})`);
    return variable;
  });
}

/** Gives the variables their recorded values. */
export function assign(variables: readonly (Variable | null)[], recorded: readonly RecordedVariable[]): void {
  variables.forEach((variable, i) => variable?.assign(upload(recorded[i].value)));
}

interface GradientCase {
  readonly call: Call;
  readonly document: Value;
  readonly variables: readonly (Variable | null)[];
  readonly grads: RecordedGradients;
}

async function compareGradients(
  context: Context,
  layer: Layer,
  { call, document, variables, grads }: GradientCase,
): Promise<void> {
  const leaves = leavesOf(document);
  const at = leaves.flatMap((leaf, i) =>
    leaf instanceof HostTensor && (leaf.dtype === 'float32' || grads.inputs[i]) ? [i] : [],
  );
  const hosts = at.map((i) => leaves[i] as HostTensor);
  const targets = grads.variables.map(([i]) => variables[i]!);
  const actual = gradientsOf(
    (given) => {
      const places = new Map(hosts.map((host, i) => [host, given[i]]));
      return callLayer(layer, call, (host) => places.get(host));
    },
    hosts.map(upload),
    targets,
  );
  await expectEqual('compiled output', actual.outputs, context.field('outputs'), context.tolerance);
  const ofVariables = grads.variables.map(([, gradient]) => gradient);
  const ofInputs = at.map((i) => grads.inputs[i]);
  const options = { tol: context.gradTol, largest: largestOf(ofVariables, ofInputs) };
  await expectGradients('gradient of variable', actual.variables, ofVariables, options);
  await expectGradients('gradient of input', actual.inputs, ofInputs, options);
}

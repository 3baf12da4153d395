// Cases of ops and of plain functions: activations, losses, metrics. Called eagerly, then differentiated in a trace.
import * as losses from '../../../lib/losses/index.js';
import * as metrics from '../../../lib/metrics/index.js';
import * as activations from '../../../lib/activations/index.js';
import { DeviceTensor, type Tensor } from '../../../lib/tensor.js';
import { flatten } from '../../../lib/tree.js';
import { expectEqual } from '../compare.js';
import { expectGradients, gradientsOf, largestOf } from '../gradient.js';
import { leavesOf, member, ops, toArgument, upload, type AnyFunction } from '../library.js';
import { Skip } from '../outcome.js';
import { bind, type Call } from '../signatures.js';
import { promised } from '../skips.js';
import { HostTensor, type Value } from '../values.js';
import { expectError, type Context } from './context.js';

/** Applies a function to recorded arguments, with other tensors in the places of some. */
function apply(fn: AnyFunction, call: Call, replace?: (host: HostTensor) => Tensor | undefined): unknown {
  const positional = call.positional.map((value) => toArgument(value, replace));
  const options = toArgument(call.options, replace) as object;
  return Object.keys(options).length > 0 ? fn(...positional, options) : fn(...positional);
}

/** An error may only show when the numbers are read. */
async function applyAndWait(fn: AnyFunction, call: Call): Promise<void> {
  const tensors = flatten(apply(fn, call)).filter((leaf) => leaf instanceof DeviceTensor);
  await Promise.all(tensors.map((leaf) => leaf.data()));
}

/** Runs a case with `args`, `kwargs`, `outputs` and `grads`, one entry for every leaf of the arguments. */
async function runCall(
  context: Context,
  fn: AnyFunction,
  call: Call,
  args: Value,
  grads?: readonly Value[],
): Promise<void> {
  if (context.item.kind === 'call_error') return expectError(() => applyAndWait(fn, call));
  const result = apply(fn, call);
  const outputs = await result;
  const leaves = leavesOf(args);
  const dtypes = leaves.flatMap((leaf) => (leaf instanceof HostTensor ? [leaf.dtype] : []));
  const wide = dtypes.filter((dtype) => dtype.endsWith('64'));
  const [wanted, tolerance] = [context.field('outputs'), { ...context.tolerance, wide }];
  await expectEqual('output', outputs, wanted, tolerance);
  if (!grads) return;
  if (result instanceof Promise) throw new Skip(promised);
  const at = leaves.flatMap((leaf, i) =>
    leaf instanceof HostTensor && leaf.dtype === 'float32' && grads[i] !== null ? [i] : [],
  );
  const hosts = at.map((i) => leaves[i] as HostTensor);
  const actual = gradientsOf((given) => {
    const places = new Map(hosts.map((host, i) => [host, given[i]]));
    return apply(fn, call, (host) => places.get(host));
  }, hosts.map(upload));
  await expectEqual('compiled output', actual.outputs, wanted, tolerance);
  const want = at.map((i) => grads[i] ?? null);
  await expectGradients('gradient of input', actual.inputs, want, { tol: context.gradTol, largest: largestOf(want) });
}

/** A case of `keras.ops`. */
export async function runOp(context: Context): Promise<void> {
  const { item } = context;
  const fn = member(ops, item.op!);
  const args = context.field<Value[]>('args');
  const kwargs = context.field<Record<string, Value>>('kwargs');
  const call = bind('ops', item.op!, args, kwargs, item.kind === 'call_error');
  const grads = context.field<{ inputs: Value[] } | undefined>('grads');
  await runCall(context, fn, call, [args, kwargs], grads?.inputs);
}

const spaces = { activations, losses, metrics };

/** A case of `activations.x`, `losses.x` or `metrics.x`. */
export async function runNamedFunction(context: Context): Promise<void> {
  const [family, name] = context.item.fn!.split('.') as [keyof typeof spaces, string];
  const fn = member(spaces[family], name);
  const args = context.field<Value[]>('args');
  const call = bind(family, name, args, context.field<Record<string, Value>>('kwargs'));
  await runCall(context, fn, call, args, context.field<Value[] | undefined>('grads'));
}

/** A case of a regularizer or constraint: an object that is called. */
export async function runObjectCall(context: Context, object: AnyFunction): Promise<void> {
  const args = context.field<Value[]>('args');
  await runCall(context, object, { positional: args, options: {} }, args, context.field<Value[] | undefined>('grads'));
}

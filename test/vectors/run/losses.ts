// Cases of loss objects.
import type { Tensor } from '../../../lib/tensor.js';
import { expectEqual } from '../compare.js';
import { expectGradients, gradientsOf, largestOf } from '../gradient.js';
import { leavesOf, make, toArgument, upload, type AnyFunction } from '../library.js';
import { decodeConfig, HostTensor, type Value } from '../values.js';
import { expectError, type Context } from './context.js';

/** A case of a loss. */
export async function runLoss(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'init_error') {
    const config = {
      module: 'keras.losses',
      class_name: item.class,
      config: decodeConfig(item.init),
      registered_name: null,
    };
    return expectError(() => make(config));
  }
  // A few options, and the dtype, are not in the config of Keras.
  const recorded = decodeConfig(item.config) as { config: object };
  const config = { ...(decodeConfig(item.fn_kwargs) as object | undefined), ...recorded.config, dtype: item.dtype };
  const loss = make<AnyFunction>({ ...recorded, config });
  const [yTrue, yPred, weight] = ['y_true', 'y_pred', 'sample_weight'].map((name) => context.field(name));
  const compute = (replace?: (host: HostTensor) => Tensor | undefined): unknown => {
    const options = weight === null ? [] : [{ sampleWeight: toArgument(weight) }];
    return loss(toArgument(yTrue), toArgument(yPred, replace), ...options);
  };
  if (item.kind === 'call_error') return expectError(compute);
  await expectEqual('value', compute(), context.field('value'), context.tolerance);
  const grads = context.field<Value[] | undefined>('grad');
  if (!grads) return;
  const leaves = leavesOf(yPred);
  const at = leaves.flatMap((leaf, i) => (leaf instanceof HostTensor && grads[i] !== null ? [i] : []));
  const hosts = at.map((i) => leaves[i] as HostTensor);
  const actual = gradientsOf((given) => {
    const places = new Map(hosts.map((host, i) => [host, given[i]]));
    return compute((host) => places.get(host));
  }, hosts.map(upload));
  await expectEqual('compiled value', actual.outputs, context.field('value'), context.tolerance);
  const want = at.map((i) => grads[i]);
  await expectGradients('gradient of yPred', actual.inputs, want, { tol: context.gradTol, largest: largestOf(want) });
}

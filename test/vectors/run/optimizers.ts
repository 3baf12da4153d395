// Cases of optimizers: steps with given gradients, values before and after.
import type { Optimizer } from '../../../lib/optimizers/index.js';
import type { DeviceTensor } from '../../../lib/tensor.js';
import { Variable } from '../../../lib/variable.js';
import { expectEqual } from '../compare.js';
import { make, upload } from '../library.js';
import { decodeConfig, HostTensor, type Value } from '../values.js';
import { expectError, type Context } from './context.js';

interface RecordedVariable {
  readonly name: string;
  readonly path: string;
  readonly trainable: boolean;
  readonly initial: HostTensor;
  readonly constraint?: object;
  readonly overwrite_with_gradient?: boolean;
}

interface Event {
  readonly event: 'apply' | 'finalize_variable_values';
  readonly variables: readonly number[];
  readonly explicit?: boolean;
  readonly grads?: readonly Value[];
  readonly learning_rate?: number;
  readonly before: readonly HostTensor[];
  readonly after: readonly HostTensor[];
  readonly iterations_after: number;
  readonly error?: object;
}

/** A case of an optimizer. */
export async function runOptimizer(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'init_error') {
    const config = {
      module: 'keras.optimizers',
      class_name: item.class,
      config: decodeConfig(item.init),
      registered_name: null,
    };
    return expectError(() => make(config));
  }
  const optimizer = make<Optimizer>(decodeConfig(item.config));
  const variables = context.field<RecordedVariable[]>('variables').map(makeVariable);
  const pattern = item.no_weight_decay_names as string | undefined;
  const excluded = (item.no_weight_decay as number[] | undefined)?.map((i) => variables[i]);
  if (excluded || pattern)
    optimizer.excludeFromWeightDecay({ variables: excluded, names: pattern ? [pattern] : undefined });
  optimizer.build(variables);
  for (const [i, event] of context.field<Event[]>('events').entries()) {
    const targets = event.variables.map((index) => variables[index]);
    if (event.error) await expectError(() => step(optimizer, targets, event));
    else {
      step(optimizer, targets, event);
      const where = `event ${i} (${event.event})`;
      await expectEqual(where, targets, event.after, context.tolerance);
      const iterations = await (optimizer.iterations as DeviceTensor).item();
      await expectEqual(`${where} iteration`, Number(iterations), event.iterations_after, context.tolerance);
    }
  }
  const slots = context.field<{ value: Value }[]>('optimizer_variables');
  await expectEqual(
    'optimizer variables',
    [...optimizer.variables],
    slots.map(({ value }) => value),
    context.tolerance,
  );
}

function makeVariable({
  name,
  path,
  trainable,
  initial,
  constraint,
  overwrite_with_gradient: overwrite,
}: RecordedVariable): Variable {
  const project = constraint ? make<Variable['constraint']>(constraint) : null;
  const variable = new Variable(upload(initial), { name, trainable, constraint: project });
  variable.path = path;
  variable.overwriteWithGradient = overwrite ?? false;
  return variable;
}

function step(optimizer: Optimizer, targets: readonly Variable[], event: Event): void {
  targets.forEach((variable, i) => variable.assign(upload(event.before[i])));
  if (event.event === 'finalize_variable_values') return optimizer.finalizeVariableValues(targets);
  if (event.learning_rate !== undefined && !optimizer.schedule) optimizer.learningRate = event.learning_rate;
  const grads = event.grads!.map((gradient) => (gradient instanceof HostTensor ? upload(gradient) : null));
  optimizer.apply(grads, event.explicit === false ? undefined : targets);
}

// Cases of metrics: events one after the other, the state compared after each.
import type { Metric } from '../../../lib/metrics/index.js';
import { expectEqual } from '../compare.js';
import { make, toArgument } from '../library.js';
import { camelCase } from '../signatures.js';
import { decodeConfig, type Value } from '../values.js';
import { expectError, type Context } from './context.js';

interface Event {
  readonly event: 'update_state' | 'result' | 'reset_state';
  readonly args?: readonly Value[];
  readonly kwargs?: Readonly<Record<string, Value>>;
  readonly variables?: readonly Value[];
  readonly value?: Value;
  readonly error?: object;
}

/** A case of a metric. */
export async function runMetric(context: Context): Promise<void> {
  const { item } = context;
  if (item.kind === 'init_error') {
    const config = {
      module: 'keras.metrics',
      class_name: item.class,
      config: decodeConfig(item.init),
      registered_name: null,
    };
    return expectError(() => make(config));
  }
  const metric = make<Metric>(decodeConfig(item.config));
  for (const [i, event] of context.field<Event[]>('events').entries()) {
    const run = (): unknown => apply(metric, event);
    if (event.error) await expectError(run);
    else {
      const result = run();
      const where = `event ${i} (${event.event})`;
      if (event.event === 'result') await expectEqual(where, result, event.value, context.tolerance);
      if (event.variables)
        await expectEqual(`${where} state`, [...metric.variables], event.variables, context.tolerance);
    }
  }
}

function apply(metric: Metric, { event, args = [], kwargs = {} }: Event): unknown {
  if (event === 'result') return metric.result();
  if (event === 'reset_state') return metric.resetState();
  // Keras takes the sample weights as the last positional argument, too.
  const count = 'values' in kwargs || isValueMetric(metric) ? 1 : 2;
  const positional = [
    ...args,
    ...['values', 'y_true', 'y_pred'].flatMap((name) => (name in kwargs ? [kwargs[name]] : [])),
  ];
  const options = Object.fromEntries(
    Object.entries(kwargs)
      .filter(([name, value]) => !['values', 'y_true', 'y_pred'].includes(name) && value !== null)
      .map(([name, value]) => [camelCase(name), toArgument(value)]),
  );
  if (positional.length > count && positional[count] !== null) options.sampleWeight = toArgument(positional[count]);
  const update = metric.updateState.bind(metric) as (...given: unknown[]) => unknown;
  const given = positional.slice(0, count).map((value) => toArgument(value));
  return Object.keys(options).length > 0 ? update(...given, options) : update(...given);
}

const isValueMetric = (metric: Metric): boolean => ['Mean', 'Sum'].includes(metric.constructor.name);

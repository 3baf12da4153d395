// Cases of the group `functions` by kind: functions, regularizers, constraints, schedules, initializers.
import type { DType } from '../../../lib/dtype.js';
import type { LearningRateSchedule } from '../../../lib/optimizers/schedules/schedule.js';
import type { DeviceTensor, Tensor } from '../../../lib/tensor.js';
import { expectEqual, numbersOf } from '../compare.js';
import { make, ops, type AnyFunction } from '../library.js';
import { Mismatch, NotImplemented } from '../outcome.js';
import { decodeConfig, HostTensor } from '../values.js';
import type { Context } from './context.js';
import { runNamedFunction, runObjectCall } from './ops.js';

type Initializer = (shape: readonly number[], dtype?: DType) => Tensor;

/** A case of the group `functions`. */
export async function runFunction(context: Context): Promise<void> {
  const { item } = context;
  if (item.fn) return runNamedFunction(context);
  const object = make(decodeConfig(item.config));
  if (item.kind === 'regularizer' || item.kind === 'constraint') return runObjectCall(context, object as AnyFunction);
  if (item.kind === 'schedule') return runSchedule(context, object as LearningRateSchedule);
  if (item.kind === 'initializer') {
    const value = (object as Initializer)(item.shape as number[], item.dtype as DType);
    return expectEqual('value', value, context.field('outputs'), context.tolerance);
  }
  if (item.kind === 'initializer_property') return checkSample(context, object as Initializer);
  throw new NotImplemented(`cases of kind ${item.kind}`);
}

async function runSchedule(context: Context, schedule: LearningRateSchedule): Promise<void> {
  const steps = context.item.steps as number[];
  const rates = steps.map((step) => ops.reshape(schedule.call(step), [1]));
  await expectEqual('rates', ops.concatenate(rates), context.field('outputs'), context.tolerance);
}

interface Property {
  readonly mean?: number;
  readonly variance?: number;
  readonly limit?: number;
  readonly low?: number;
  readonly high?: number;
  readonly orthogonal?: boolean;
  readonly gain?: number;
}

/** Checks what every random sample of an initializer satisfies. */
async function checkSample(context: Context, initializer: Initializer): Promise<void> {
  const shape = context.item.shape as number[];
  const property = context.item.property as Property;
  const sample = initializer(shape, 'float32') as DeviceTensor;
  if (sample.shape.join() !== shape.join())
    throw new Mismatch(`shape [${sample.shape.join(', ')}], expected [${shape.join(', ')}]`);
  const numbers = numbersOf(new HostTensor('float32', shape, await sample.data()));
  const { low = -(property.limit ?? Infinity), high = property.limit ?? Infinity } = property;
  const outside = numbers.find((x) => x < low * (1 + 1e-6) - 1e-6 || x > high * (1 + 1e-6) + 1e-6 || Number.isNaN(x));
  if (outside !== undefined) throw new Mismatch(`${outside} is not in [${low}, ${high}]`);
  if (property.orthogonal) return checkOrthogonal(numbers, shape, property.gain ?? 1);
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  // Five standard errors; that of a variance is at most that of a normal sample.
  const deviation = Math.sqrt(property.variance ?? 0);
  const meanError = Math.abs(mean - (property.mean ?? 0));
  if (meanError > (5 * deviation) / Math.sqrt(numbers.length))
    throw new Mismatch(`mean ${mean}, expected ${property.mean}`);
  const relativeError = Math.abs(variance / (property.variance ?? variance) - 1);
  if (relativeError > 5 * Math.sqrt(2 / numbers.length))
    throw new Mismatch(`variance ${variance}, expected ${property.variance}`);
}

/** The shorter side's vectors have length `gain` and stand at right angles. */
function checkOrthogonal(numbers: Float64Array, shape: readonly number[], gain: number): void {
  const columns = shape.at(-1)!;
  const rows = numbers.length / columns;
  const at = (i: number, k: number): number => (rows < columns ? numbers[i * columns + k] : numbers[k * columns + i]);
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  for (let i = 0; i < short; i++) {
    for (let j = 0; j < short; j++) {
      let product = 0;
      for (let k = 0; k < long; k++) product += at(i, k) * at(j, k);
      const want = i === j ? gain ** 2 : 0;
      if (Math.abs(product - want) > 1e-4 * gain ** 2)
        throw new Mismatch(`vectors ${i} and ${j} multiply to ${product}, expected ${want}`);
    }
  }
}

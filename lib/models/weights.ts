// Class weights as sample weights.
import { HornetError } from '../errors.js';
import { argmax, cast, multiply, reshape, take } from '../ops/index.js';
import { tensor, type DeviceTensor } from '../tensor.js';
import { flatten } from '../tree.js';
import type { StepData } from './data.js';

/** The data with the weight of each sample's class multiplied into its weight. Classes not named weigh 1. */
export function classWeights(
  where: string,
  data: StepData<DeviceTensor>,
  weights: Readonly<Record<number, number>> | null,
): StepData<DeviceTensor> {
  if (weights === null) return data;
  const targets = data.y === null ? [] : flatten(data.y);
  if (targets.length !== 1)
    throw new HornetError(where, `classWeight needs a model with one target, received ${targets.length}`);
  const [y] = targets;
  const classes =
    y.rank > 1 && y.shape[y.rank - 1] > 1
      ? argmax(y, { axis: -1 })
      : reshape(cast(y, 'int32'), [y.shape[0], ...y.shape.slice(1, -1)]);
  const largest = Math.max(0, ...Object.keys(weights).map(Number));
  const count = Math.max(largest + 1, y.rank > 1 ? y.shape[y.rank - 1] : 0, 256);
  const table = tensor(Float32Array.from({ length: count }, (_, i) => weights[i] ?? 1));
  const own = take(table, classes, { axis: 0 });
  const given = data.sampleWeight === null ? null : flatten(data.sampleWeight)[0];
  return { ...data, sampleWeight: (given ? multiply(given, own) : own) as DeviceTensor };
}

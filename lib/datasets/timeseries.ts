// Windows that slide over a series, as batches.
import { HornetError } from '../errors.js';
import { gatherAlong } from '../ops/gather.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import { squeeze } from '../ops/index.js';
import { makeSeed } from '../seed.js';
import { shuffleInPlace } from '../shuffle.js';
import { tensor, type Tensor } from '../tensor.js';
import { Dataset } from './dataset.js';

/** Options of `timeseriesDatasetFromArray`. */
export interface TimeseriesArgs {
  /** Steps from one window to the next. Default 1. */
  readonly sequenceStride?: number;
  /** Steps from one value of a window to the next. Default 1. */
  readonly samplingRate?: number;
  /** Windows of a batch; null gives them one by one, without a batch axis. Default 128. */
  readonly batchSize?: number | null;
  /** Whether each pass has another order. Default false: the order of time. */
  readonly shuffle?: boolean;
  readonly seed?: number | null;
  /** Values before it are not used. Default 0. */
  readonly startIndex?: number | null;
  /** Values from it on are not used. Default: all are. */
  readonly endIndex?: number | null;
}

/**
 * Windows of a series with the target of each: `[x [batch, sequenceLength, …], y [batch, …]]`, without targets `x` alone as
 * `[x]`. The series stays on the device, and windows are gathered there.
 *
 * @param data - Values by time: [time, …].
 * @param targets - `targets[i]` belongs to the window that begins at `i`; null for none.
 * @param sequenceLength - Values of a window.
 */
export function timeseriesDatasetFromArray(
  data: TensorLike,
  targets: TensorLike | null,
  sequenceLength: number,
  args: TimeseriesArgs = {},
): Dataset<[Tensor] | [Tensor, Tensor]> {
  const where = 'timeseriesDatasetFromArray';
  const { sequenceStride = 1, samplingRate = 1, batchSize = 128, shuffle = false, seed = null } = args;
  const series = convertToTensor(data);
  const goals = targets === null ? null : convertToTensor(targets);
  const total = series.shape[0];
  const start = args.startIndex ?? 0;
  const end = args.endIndex ?? total;
  const check = (name: string, value: number, least: number, most: number): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new HornetError(where, `expected ${name} to be an integer from ${least} to ${most}, received ${value}`);
  };
  check('startIndex', start, 0, total - 1);
  check('endIndex', end, start + 1, total);
  check('sequenceLength', sequenceLength, 1, total);
  check('sequenceStride', sequenceStride, 1, total - 1);
  check('samplingRate', samplingRate, 1, total - 1);
  if (batchSize !== null) check('batchSize', batchSize, 1, Infinity);

  const windows = Math.min(end - start - (sequenceLength - 1) * samplingRate, goals?.shape[0] ?? Infinity);
  if (windows <= 0) {
    const span = (sequenceLength - 1) * samplingRate + 1;
    throw new HornetError(where, `a window spans ${span} steps, the series has ${end - start}`);
  }
  const positions = Int32Array.from({ length: Math.ceil(windows / sequenceStride) }, (_, i) => i * sequenceStride);
  const rows = (first: Int32Array): [Tensor] | [Tensor, Tensor] => {
    const index = new Int32Array(first.length * sequenceLength);
    index.forEach((_, i) => {
      index[i] = start + first[Math.floor(i / sequenceLength)] + (i % sequenceLength) * samplingRate;
    });
    const x = gatherAlong(series, tensor(index, [first.length, sequenceLength]), 0);
    return goals ? [x, gatherAlong(goals, tensor(first.map((at) => at + start)), 0)] : [x];
  };

  let pass = 0;
  const size = batchSize ?? 1;
  return new Dataset(
    function* () {
      const order = positions.slice();
      if (shuffle) shuffleInPlace(order, seed === null ? makeSeed() : seed + pass++);
      for (let i = 0; i < order.length; i += size) {
        const batch = rows(order.slice(i, i + size));
        yield batchSize === null ? (batch.map((x) => squeeze(x, { axis: 0 })) as typeof batch) : batch;
      }
    },
    Math.ceil(positions.length / size),
  );
}

// Quantiles of a stream in little memory: a summary of boundaries, each with the weight of the values it stands for.
// The arithmetic is float32 where Keras's is, so that boundaries come out equal.

/** Rising boundaries and how many values lie behind each. */
export interface Summary {
  readonly boundaries: Float32Array;
  readonly weights: Float32Array;
}

export const emptySummary: Summary = { boundaries: new Float32Array(), weights: new Float32Array() };

/** A summary of one batch, of about 1 / epsilon boundaries. */
export function summarize(values: ArrayLike<number>, epsilon: number): Summary {
  const sorted = Float32Array.from(values).sort();
  const step = Math.max(sorted.length / (1 / epsilon), 1);
  const boundaries = sorted.filter(
    (_, i) => i >= Math.floor(step - 1) && (i - Math.floor(step - 1)) % Math.floor(step) === 0,
  );
  return { boundaries, weights: new Float32Array(boundaries.length).fill(step) };
}

/** Two summaries as one, not much longer than either. */
export function mergeSummaries(a: Summary, b: Summary, epsilon: number): Summary {
  const boundaries = [...a.boundaries, ...b.boundaries];
  const weights = [...a.weights, ...b.weights];
  const order = boundaries.map((_, i) => i).sort((i, j) => boundaries[i] - boundaries[j]);
  return compress(
    {
      boundaries: Float32Array.from(order, (i) => boundaries[i]),
      weights: Float32Array.from(order, (i) => weights[i]),
    },
    epsilon,
  );
}

/** The boundaries between `bins` bins of about equal content. */
export const binBoundaries = (summary: Summary, bins: number): number[] =>
  Array.from(compress(summary, 1 / bins).boundaries).slice(0, -1);

function compress(summary: Summary, epsilon: number): Summary {
  const { boundaries, weights } = summary;
  if (boundaries.length * epsilon < 1) return summary;
  let total = 0;
  const cumulated = weights.map((weight) => (total = Math.fround(total + weight)));
  const shares = cumulated.map((weight) => weight / total);
  const percents = Array.from({ length: Math.ceil(1 / epsilon) }, (_, i) => epsilon + i * epsilon);
  const upTo = percents.map((percent) => interpolate(percent, shares, cumulated));
  return {
    boundaries: Float32Array.from(percents, (percent) => interpolate(percent, shares, boundaries)),
    weights: Float32Array.from(upTo, (weight, i) => weight - (i === 0 ? 0 : upTo[i - 1])),
  };
}

/** The value at x of the polygon through the points; beyond the ends it is level. */
function interpolate(x: number, xs: Float32Array, ys: Float32Array): number {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ((ys[high] - ys[low]) / (xs[high] - xs[low])) * (x - xs[low]) + ys[low];
}

// batch_norm and its gradient. Statistics are sums of squared differences from the mean of a few rows in registers,
// merged pairwise, so they keep their accuracy however long the tensor is. All sums have a fixed order.
#include "norm_sums.h"
#include "pack.h"

namespace hornet {

/// Rows that a thread reads at once: enough loads on their way, and values that fit into registers.
template <int kPack>
inline constexpr int kNormChunk = kPack > 4 ? 4 : 8;

/// Mean and sum of squared differences of `count` values.
template <class C>
struct Moments {
  C count, mean, squares;

  static __device__ Moments apply(Moments a, Moments b) {
    if (b.count == C(0)) return a;
    const C count = a.count + b.count, weight = b.count / count, delta = b.mean - a.mean;
    return {count, a.mean + delta * weight, a.squares + b.squares + delta * delta * (a.count * weight)};
  }
};

/// The part of a tensor that a thread of a column-wise kernel works on.
template <int kPack>
struct NormTile {
  int rowThread, rowThreads;
  int64_t column, from, to;
  bool isInside;

  __device__ explicit NormTile(const NormColumns& shape) {
    const int own = int(threadIdx.x) % shape.columns;
    rowThread = int(threadIdx.x) / shape.columns;
    rowThreads = kNormThreads / shape.columns;
    column = (int64_t(blockIdx.x) * shape.columns + own) * kPack;
    isInside = column < shape.width;
    from = shape.rows * blockIdx.y / gridDim.y;
    to = isInside ? shape.rows * (blockIdx.y + 1) / gridDim.y : from;
  }
};

/// The moments of a thread's own rows, one per channel of its pack.
template <class T, class C, int kPack>
__device__ inline void threadMoments(const T* x, int64_t width, const NormTile<kPack>& tile, Moments<C> (&all)[kPack]) {
  constexpr int chunk = kNormChunk<kPack>;
#pragma unroll
  for (int i = 0; i < kPack; ++i) all[i] = {C(0), C(0), C(0)};
  for (int64_t row = tile.from + tile.rowThread; row < tile.to; row += chunk * tile.rowThreads) {
    C values[chunk][kPack];
    const int64_t left = (tile.to - row + tile.rowThreads - 1) / tile.rowThreads;
    const int count = left < chunk ? int(left) : chunk;
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      if (r < count) loadPack(x + (row + r * tile.rowThreads) * width + tile.column, values[r]);
    }
    const C inverse = C(1) / C(count);
#pragma unroll
    for (int i = 0; i < kPack; ++i) {
      C sum = 0, squares = 0;
#pragma unroll
      for (int r = 0; r < chunk; ++r) sum += r < count ? values[r][i] : C(0);
      const C mean = sum * inverse;
#pragma unroll
      for (int r = 0; r < chunk; ++r) {
        const C difference = r < count ? values[r][i] - mean : C(0);
        squares += difference * difference;
      }
      all[i] = Moments<C>::apply(all[i], Moments<C>{C(count), mean, squares});
    }
  }
}

/// What batch_norm does to a channel: y = (x - mean) * scale + shift.
template <class C>
struct BatchNormFactors {
  C mean, scale, shift;
};

template <class P, class S, class C>
__device__ inline BatchNormFactors<C> finishMoments(const BatchNormArgs& args, int64_t channel, Moments<C> moments) {
  const C variance = moments.squares / C(args.shape.rows);
  static_cast<S*>(args.mean)[channel] = convert<S>(moments.mean);
  static_cast<S*>(args.variance)[channel] = convert<S>(variance);
  const C gamma = convert<C>(static_cast<const P*>(args.gamma)[channel]);
  const C beta = convert<C>(static_cast<const P*>(args.beta)[channel]);
  return {moments.mean, gamma / sqrt(variance + C(args.epsilon)), beta};
}

/// y for the rows of a tile.
template <class T, class C, int kPack>
__device__ inline void normalizeRows(const BatchNormArgs& args, const NormTile<kPack>& tile,
                                     const BatchNormFactors<C> (&factors)[kPack]) {
  constexpr int chunk = kNormChunk<kPack>;
  const T* x = static_cast<const T*>(args.x) + tile.column;
  const T* addend = args.addend ? static_cast<const T*>(args.addend) + tile.column : nullptr;
  T* y = static_cast<T*>(args.y) + tile.column;
  for (int64_t row = tile.from + tile.rowThread; row < tile.to; row += chunk * tile.rowThreads) {
    C values[chunk][kPack], addends[chunk][kPack] = {};
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      const int64_t at = row + r * tile.rowThreads;
      if (at >= tile.to) continue;
      loadPack(x + at * args.shape.width, values[r]);
      if (addend) loadPack(addend + at * args.shape.width, addends[r]);
    }
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      const int64_t at = row + r * tile.rowThreads;
      if (at >= tile.to) break;
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        const C normal = (values[r][i] - factors[i].mean) * factors[i].scale + factors[i].shift;
        const C sum = addend ? normal + addends[r][i] : normal;
        values[r][i] = args.rectifies && sum < C(0) ? C(0) : sum;
      }
      storePack(y + at * args.shape.width, values[r]);
    }
  }
}

/// A single block per tile of channels does it all.
template <class T, class P, class S, class C, int kPack>
__device__ void batchNormWhole(const BatchNormArgs& args) {
  const NormTile<kPack> tile(args.shape);
  Moments<C> moments[kPack];
  threadMoments(static_cast<const T*>(args.x), args.shape.width, tile, moments);
  mergeRowThreads<Moments<C>>(moments, args.shape.columns);
  __shared__ BatchNormFactors<C> shared[kPack][kNormMostColumns];
  if (tile.rowThread == 0 && tile.isInside) {
    for (int i = 0; i < kPack; ++i) shared[i][threadIdx.x] = finishMoments<P, S>(args, tile.column + i, moments[i]);
  }
  __syncthreads();
  BatchNormFactors<C> factors[kPack];
  for (int i = 0; i < kPack; ++i) factors[i] = shared[i][int(threadIdx.x) % args.shape.columns];
  normalizeRows<T>(args, tile, factors);
}

/// The moments of each slice.
template <class T, class P, class S, class C, int kPack>
__device__ void batchNormGather(const BatchNormArgs& args) {
  const NormTile<kPack> tile(args.shape);
  Moments<C> moments[kPack];
  threadMoments(static_cast<const T*>(args.x), args.shape.width, tile, moments);
  mergeRowThreads<Moments<C>>(moments, args.shape.columns);
  if (tile.rowThread > 0 || !tile.isInside) return;
  C* partial = static_cast<C*>(args.partial) + blockIdx.y * 2 * args.shape.width + tile.column;
  for (int i = 0; i < kPack; ++i) {
    partial[i] = moments[i].mean;
    partial[args.shape.width + i] = moments[i].squares;
  }
}

/// Merges the slices.
template <class P, class S, class C>
__device__ void batchNormMerge(const BatchNormArgs& args) {
  const NormColumns& shape = args.shape;
  const C* partial = static_cast<const C*>(args.partial);
  const int64_t channel = int64_t(blockIdx.x) * kNormMergeColumns + threadIdx.x % kNormMergeColumns;
  Moments<C> moments[1] = {{C(0), C(0), C(0)}};
  if (channel < shape.width) {
    for (int slice = int(threadIdx.x) / kNormMergeColumns; slice < shape.slices;
         slice += kNormThreads / kNormMergeColumns) {
      const int64_t count = shape.rows * (slice + 1) / shape.slices - shape.rows * slice / shape.slices;
      const C* part = partial + int64_t(slice) * 2 * shape.width + channel;
      moments[0] = Moments<C>::apply(moments[0], Moments<C>{C(count), part[0], part[shape.width]});
    }
  }
  mergeRowThreads<Moments<C>>(moments, kNormMergeColumns);
  if (threadIdx.x >= kNormMergeColumns || channel >= shape.width) return;
  const BatchNormFactors<C> own = finishMoments<P, S>(args, channel, moments[0]);
  C* factors = static_cast<C*>(args.factors) + channel;
  factors[0] = own.mean;
  factors[shape.width] = own.scale;
  factors[2 * shape.width] = own.shift;
}

template <class T, class C, int kPack>
__device__ void batchNormApply(const BatchNormArgs& args) {
  const NormTile<kPack> tile(args.shape);
  if (!tile.isInside) return;
  const C* from = static_cast<const C*>(args.factors) + tile.column;
  BatchNormFactors<C> factors[kPack];
  for (int i = 0; i < kPack; ++i) {
    factors[i] = {from[i], from[args.shape.width + i], from[2 * args.shape.width + i]};
  }
  normalizeRows<T>(args, tile, factors);
}

/// What batch_norm_grad does to a channel: dx = scale * (dy - shift - (x - mean) * slope).
template <class C>
struct BatchNormSlopes {
  C mean, scale, shift, slope;
};

/// The sums of dy and of dy * (x - mean) over a thread's own rows.
template <class T, class S, class C, int kPack>
__device__ inline void threadSums(const BatchNormGradArgs& args, const NormTile<kPack>& tile,
                                  SumPair<C> (&all)[kPack]) {
  constexpr int chunk = kNormChunk<kPack> / 2;
  const T* x = static_cast<const T*>(args.x) + tile.column;
  const T* dy = static_cast<const T*>(args.dy) + tile.column;
  C mean[kPack];
#pragma unroll
  for (int i = 0; i < kPack; ++i) {
    all[i] = {C(0), C(0)};
    mean[i] = tile.isInside ? convert<C>(static_cast<const S*>(args.mean)[tile.column + i]) : C(0);
  }
  for (int64_t row = tile.from + tile.rowThread; row < tile.to; row += chunk * tile.rowThreads) {
    C values[chunk][kPack], gradients[chunk][kPack];
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      const int64_t at = row + r * tile.rowThreads;
      if (at >= tile.to) break;
      loadPack(x + at * args.shape.width, values[r]);
      loadPack(dy + at * args.shape.width, gradients[r]);
    }
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      if (row + r * tile.rowThreads >= tile.to) break;
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        all[i].first += gradients[r][i];
        all[i].second += gradients[r][i] * (values[r][i] - mean[i]);
      }
    }
  }
}

template <class P, class S, class C>
__device__ inline BatchNormSlopes<C> finishSums(const BatchNormGradArgs& args, int64_t channel, SumPair<C> sums) {
  const C variance = convert<C>(static_cast<const S*>(args.variance)[channel]);
  const C rstd = C(1) / sqrt(variance + C(args.epsilon));
  static_cast<P*>(args.dbeta)[channel] = convert<P>(sums.first);
  static_cast<P*>(args.dgamma)[channel] = convert<P>(sums.second * rstd);
  const C inverse = C(1) / C(args.shape.rows > 0 ? args.shape.rows : 1);
  return {convert<C>(static_cast<const S*>(args.mean)[channel]),
          convert<C>(static_cast<const P*>(args.gamma)[channel]) * rstd, sums.first * inverse,
          sums.second * rstd * rstd * inverse};
}

/// dx for the rows of a tile.
template <class T, class C, int kPack>
__device__ inline void gradientRows(const BatchNormGradArgs& args, const NormTile<kPack>& tile,
                                    const BatchNormSlopes<C> (&slopes)[kPack]) {
  constexpr int chunk = kNormChunk<kPack> / 2;
  const T* x = static_cast<const T*>(args.x) + tile.column;
  const T* dy = static_cast<const T*>(args.dy) + tile.column;
  T* dx = static_cast<T*>(args.dx) + tile.column;
  for (int64_t row = tile.from + tile.rowThread; row < tile.to; row += chunk * tile.rowThreads) {
    C values[chunk][kPack], gradients[chunk][kPack];
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      const int64_t at = row + r * tile.rowThreads;
      if (at >= tile.to) break;
      loadPack(x + at * args.shape.width, values[r]);
      loadPack(dy + at * args.shape.width, gradients[r]);
    }
#pragma unroll
    for (int r = 0; r < chunk; ++r) {
      const int64_t at = row + r * tile.rowThreads;
      if (at >= tile.to) break;
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        const C sloped = (values[r][i] - slopes[i].mean) * slopes[i].slope;
        values[r][i] = slopes[i].scale * (gradients[r][i] - slopes[i].shift - sloped);
      }
      storePack(dx + at * args.shape.width, values[r]);
    }
  }
}

template <class T, class P, class S, class C, int kPack>
__device__ void batchNormGradWhole(const BatchNormGradArgs& args) {
  const NormTile<kPack> tile(args.shape);
  SumPair<C> sums[kPack];
  threadSums<T, S>(args, tile, sums);
  mergeRowThreads<SumPair<C>>(sums, args.shape.columns);
  __shared__ BatchNormSlopes<C> shared[kPack][kNormMostColumns];
  if (tile.rowThread == 0 && tile.isInside) {
    for (int i = 0; i < kPack; ++i) shared[i][threadIdx.x] = finishSums<P, S>(args, tile.column + i, sums[i]);
  }
  __syncthreads();
  BatchNormSlopes<C> slopes[kPack];
  for (int i = 0; i < kPack; ++i) slopes[i] = shared[i][int(threadIdx.x) % args.shape.columns];
  gradientRows<T>(args, tile, slopes);
}

template <class T, class P, class S, class C, int kPack>
__device__ void batchNormGradGather(const BatchNormGradArgs& args) {
  const NormTile<kPack> tile(args.shape);
  SumPair<C> sums[kPack];
  threadSums<T, S>(args, tile, sums);
  mergeRowThreads<SumPair<C>>(sums, args.shape.columns);
  if (tile.rowThread > 0 || !tile.isInside) return;
  C* partial = static_cast<C*>(args.partial) + blockIdx.y * 2 * args.shape.width + tile.column;
  for (int i = 0; i < kPack; ++i) {
    partial[i] = sums[i].first;
    partial[args.shape.width + i] = sums[i].second;
  }
}

template <class P, class S, class C>
__device__ void batchNormGradMerge(const BatchNormGradArgs& args) {
  const int64_t width = args.shape.width;
  const int64_t channel = int64_t(blockIdx.x) * kNormMergeColumns + threadIdx.x % kNormMergeColumns;
  const SumPair<C> sums = mergeSums(static_cast<const C*>(args.partial), args.shape.slices, width, channel);
  if (threadIdx.x >= kNormMergeColumns || channel >= width) return;
  const BatchNormSlopes<C> own = finishSums<P, S>(args, channel, sums);
  C* factors = static_cast<C*>(args.factors) + channel;
  factors[0] = own.mean;
  factors[width] = own.scale;
  factors[2 * width] = own.shift;
  factors[3 * width] = own.slope;
}

template <class T, class C, int kPack>
__device__ void batchNormGradApply(const BatchNormGradArgs& args) {
  const NormTile<kPack> tile(args.shape);
  if (!tile.isInside) return;
  const int64_t width = args.shape.width;
  const C* from = static_cast<const C*>(args.factors) + tile.column;
  BatchNormSlopes<C> slopes[kPack];
  for (int i = 0; i < kPack; ++i) {
    slopes[i] = {from[i], from[width + i], from[2 * width + i], from[3 * width + i]};
  }
  gradientRows<T>(args, tile, slopes);
}

}  // namespace hornet

// layer_norm and its gradient. A group of threads keeps a row in registers as far as they hold it (see RowPlan) and
// reads what is beyond them again. All sums have a fixed order.
#include "block_reduce.h"
#include "norm_sums.h"
#include "pack.h"

namespace hornet {

template <class T, class P, class S, class C, int kLanes, int kPack, int kPacks>
__device__ void layerNorm(const LayerNormArgs& args) {
  constexpr int groups = kNormThreads / kLanes, step = kLanes * kPack;
  constexpr int64_t kept = int64_t(step) * kPacks;
  const int lane = int(threadIdx.x) % kLanes;
  const P *gamma = static_cast<const P*>(args.gamma), *beta = static_cast<const P*>(args.beta);
  for (int64_t first = int64_t(blockIdx.x) * groups; first < args.rows; first += int64_t(gridDim.x) * groups) {
    const int64_t row = first + int(threadIdx.x) / kLanes, end = row < args.rows ? args.width : 0;
    const T* x = static_cast<const T*>(args.x) + row * args.width;
    T* y = static_cast<T*>(args.y) + row * args.width;
    C values[kPacks][kPack], more[kPack];
    C sum = 0, squares = 0;
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = p * step + lane * kPack;
      if (column >= end) continue;
      loadPack(x + column, values[p]);
      for (int i = 0; i < kPack; ++i) sum += values[p][i];
    }
    for (int64_t column = kept + lane * kPack; column < end; column += step) {
      loadPack(x + column, more);
      for (int i = 0; i < kPack; ++i) sum += more[i];
    }
    const C mean = groupReduce<Sum, kLanes>(sum) / C(args.width);
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      if (p * step + lane * kPack >= end) continue;
      for (int i = 0; i < kPack; ++i) {
        values[p][i] -= mean;
        squares += values[p][i] * values[p][i];
      }
    }
    for (int64_t column = kept + lane * kPack; column < end; column += step) {
      loadPack(x + column, more);
      for (int i = 0; i < kPack; ++i) squares += (more[i] - mean) * (more[i] - mean);
    }
    const C rstd = C(1) / sqrt(groupReduce<Sum, kLanes>(squares) / C(args.width) + C(args.epsilon));
    C scales[kPack], shifts[kPack];
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = p * step + lane * kPack;
      if (column >= end) continue;
      loadPack(gamma + column, scales);
      loadPack(beta + column, shifts);
      for (int i = 0; i < kPack; ++i) values[p][i] = values[p][i] * rstd * scales[i] + shifts[i];
      storePack(y + column, values[p]);
    }
    for (int64_t column = kept + lane * kPack; column < end; column += step) {
      loadPack(x + column, more);
      loadPack(gamma + column, scales);
      loadPack(beta + column, shifts);
      for (int i = 0; i < kPack; ++i) more[i] = (more[i] - mean) * rstd * scales[i] + shifts[i];
      storePack(y + column, more);
    }
    if (lane == 0 && end > 0) {
      static_cast<S*>(args.mean)[row] = convert<S>(mean);
      static_cast<S*>(args.rstd)[row] = convert<S>(rstd);
    }
  }
}

/// A pack of a row on its way through the gradient.
template <class C, int kPack>
struct LayerNormPack {
  C normal[kPack], gradient[kPack], scaled[kPack];

  template <class T, class P>
  __device__ void load(const T* x, const T* dy, const P* gamma, C mean, C rstd) {
    loadPack(x, normal);
    loadPack(dy, gradient);
    loadPack(gamma, scaled);
    for (int i = 0; i < kPack; ++i) {
      normal[i] = (normal[i] - mean) * rstd;
      scaled[i] *= gradient[i];
    }
  }

  /// The sums of a row that dx needs.
  __device__ void addTo(SumPair<C>& sums) const {
    for (int i = 0; i < kPack; ++i) sums = SumPair<C>::apply(sums, {scaled[i], scaled[i] * normal[i]});
  }

  template <class T>
  __device__ void store(T* dx, C rstd, C shift, C slope) {
    for (int i = 0; i < kPack; ++i) scaled[i] = rstd * (scaled[i] - shift - normal[i] * slope);
    storePack(dx, scaled);
  }
};

/// The sums for gamma and beta of a channel, to where LayerNormGradArgs wants them.
template <class P, class C>
__device__ inline void storeLayerNormSums(const LayerNormGradArgs& args, int64_t channel, SumPair<C> sums) {
  if (args.partial) {
    C* partial = static_cast<C*>(args.partial) + blockIdx.x * 2 * args.width + channel;
    partial[0] = sums.first;
    partial[args.width] = sums.second;
  } else {
    static_cast<P*>(args.dgamma)[channel] = convert<P>(sums.first);
    static_cast<P*>(args.dbeta)[channel] = convert<P>(sums.second);
  }
}

/// Sums for channels that registers hold stay there until the block has done its rows; others live in `partial`.
template <class T, class P, class S, class C, int kLanes, int kPack, int kPacks>
__device__ void layerNormGrad(const LayerNormGradArgs& args) {
  constexpr int groups = kNormThreads / kLanes, step = kLanes * kPack;
  constexpr int64_t kept = int64_t(step) * kPacks;
  const int lane = int(threadIdx.x) % kLanes;
  const P* gamma = static_cast<const P*>(args.gamma);
  C* partial = static_cast<C*>(args.partial) + blockIdx.x * 2 * args.width;
  SumPair<C> totals[kPacks][kPack] = {};
  for (int64_t column = kept + int(threadIdx.x) * kPack; column < args.width; column += step) {
    for (int i = 0; i < kPack; ++i) partial[column + i] = partial[args.width + column + i] = C(0);
  }
  for (int64_t first = int64_t(blockIdx.x) * groups; first < args.rows; first += int64_t(gridDim.x) * groups) {
    const int64_t row = first + int(threadIdx.x) / kLanes, end = row < args.rows ? args.width : 0;
    const T* x = static_cast<const T*>(args.x) + row * args.width;
    const T* dy = static_cast<const T*>(args.dy) + row * args.width;
    T* dx = static_cast<T*>(args.dx) + row * args.width;
    const C mean = end > 0 ? convert<C>(static_cast<const S*>(args.mean)[row]) : C(0);
    const C rstd = end > 0 ? convert<C>(static_cast<const S*>(args.rstd)[row]) : C(0);
    LayerNormPack<C, kPack> packs[kPacks], more;
    SumPair<C> sums{C(0), C(0)};
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = p * step + lane * kPack;
      if (column >= end) continue;
      packs[p].load(x + column, dy + column, gamma + column, mean, rstd);
      packs[p].addTo(sums);
      for (int i = 0; i < kPack; ++i) {
        totals[p][i] =
            SumPair<C>::apply(totals[p][i], {packs[p].gradient[i] * packs[p].normal[i], packs[p].gradient[i]});
      }
    }
    for (int64_t column = kept + lane * kPack; column < end; column += step) {
      more.load(x + column, dy + column, gamma + column, mean, rstd);
      more.addTo(sums);
      for (int i = 0; i < kPack; ++i) {
        partial[column + i] += more.gradient[i] * more.normal[i];
        partial[args.width + column + i] += more.gradient[i];
      }
    }
    sums = groupReduce<SumPair<C>, kLanes>(sums);
    const C shift = sums.first / C(args.width), slope = sums.second / C(args.width);
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = p * step + lane * kPack;
      if (column < end) packs[p].store(dx + column, rstd, shift, slope);
    }
    for (int64_t column = kept + lane * kPack; column < end; column += step) {
      more.load(x + column, dy + column, gamma + column, mean, rstd);
      more.store(dx + column, rstd, shift, slope);
    }
  }
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    mergeRowThreads<SumPair<C>>(totals[p], kLanes);
    const int64_t column = p * step + lane * kPack;
    if (int(threadIdx.x) >= kLanes || column >= args.width) continue;
    for (int i = 0; i < kPack; ++i) storeLayerNormSums<P>(args, column + i, totals[p][i]);
  }
}

/// The gradients of gamma and beta from the sums of all blocks.
template <class P, class C>
__device__ void layerNormSums(const LayerNormSumsArgs& args) {
  const int64_t channel = int64_t(blockIdx.x) * kNormMergeColumns + threadIdx.x % kNormMergeColumns;
  const SumPair<C> sums = mergeSums(static_cast<const C*>(args.partial), args.slices, args.width, channel);
  if (threadIdx.x >= kNormMergeColumns || channel >= args.width) return;
  static_cast<P*>(args.dgamma)[channel] = convert<P>(sums.first);
  static_cast<P*>(args.dbeta)[channel] = convert<P>(sums.second);
}

}  // namespace hornet

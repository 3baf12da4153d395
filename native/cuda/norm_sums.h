// Device code that batch_norm.cu and layer_norm.cu share: sums over the rows of a channel.
#pragma once

#include "../device_fn.h"
#include "norm.h"

namespace hornet {

inline constexpr int kNormThreads = 256;

/// Two sums over the rows of a channel.
template <class C>
struct SumPair {
  C first, second;
  static __device__ SumPair apply(SumPair a, SumPair b) { return {a.first + b.first, a.second + b.second}; }
};

/// Merges what the threads of each column have found, into the first row of threads.
template <class Op, class V, int kPack>
__device__ inline void mergeRowThreads(V (&all)[kPack], int columns) {
  __shared__ V shared[kNormThreads];
#pragma unroll
  for (int i = 0; i < kPack; ++i) {
    shared[threadIdx.x] = all[i];
    for (int half = kNormThreads / 2; half >= columns; half /= 2) {
      __syncthreads();
      if (int(threadIdx.x) < half) shared[threadIdx.x] = Op::apply(shared[threadIdx.x], shared[threadIdx.x + half]);
    }
    all[i] = shared[threadIdx.x];
    __syncthreads();
  }
}

/// The sums of all slices for one channel, in the first row of threads of a merging block.
template <class C>
__device__ inline SumPair<C> mergeSums(const C* partial, int slices, int64_t width, int64_t channel) {
  SumPair<C> sums[1] = {{C(0), C(0)}};
  if (channel < width) {
    for (int slice = int(threadIdx.x) / kNormMergeColumns; slice < slices; slice += kNormThreads / kNormMergeColumns) {
      const C* part = partial + int64_t(slice) * 2 * width + channel;
      sums[0] = SumPair<C>::apply(sums[0], SumPair<C>{part[0], part[width]});
    }
  }
  mergeRowThreads<SumPair<C>>(sums, kNormMergeColumns);
  return sums[0];
}

}  // namespace hornet

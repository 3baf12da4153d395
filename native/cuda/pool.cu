// Pools and their gradients. A gradient is gathered: every input sums over the outputs whose windows cover it, in their
// order, so that results are the same in each run.
#include "pool.h"

#include "../fold.h"
#include "pack.h"

namespace hornet {

/// The first channel of a pack in an image with so many positions.
template <int kPack, class T, class Index>
__device__ inline const T* imageOf(const void* data, const PoolArgs<Index>& args, const SlidingPlace<Index>& place,
                                   const typename SlidingArgs<Index>::Int (&sizes)[3]) {
  const Index positions = Index(sizes[0]) * Index(sizes[1]) * Index(sizes[2]);
  return static_cast<const T*>(data) + place.image * positions * args.channels + place.pack * kPack;
}

template <class T, class C, int kPack, class Index>
__device__ void maxPool(const PoolArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const T* x = imageOf<kPack, T>(args.x, args, place, w.in);
    const auto r0 = w.inputs(0, place.at[0]), r1 = w.inputs(1, place.at[1]), r2 = w.inputs(2, place.at[2]);
    C best[kPack];
#pragma unroll
    for (int j = 0; j < kPack; ++j) best[j] = Maximum::identity<C>;
    for (Int i0 = r0.begin; i0 < r0.end; ++i0) {
      for (Int i1 = r1.begin; i1 < r1.end; ++i1) {
        const Index row = (Index(i0) * w.in[1] + i1) * w.in[2];
        for (Int i2 = r2.begin; i2 < r2.end; ++i2) {
          C values[kPack];
          loadPack(x + (row + i2) * args.channels, values);
#pragma unroll
          for (int j = 0; j < kPack; ++j) {
            best[j] = (values[j] > best[j]) | (values[j] != values[j]) ? values[j] : best[j];
          }
        }
      }
    }
    storePack(static_cast<T*>(args.result) + i * kPack, best);
  }
}

/// Whether a value is the maximum of its window: equal, or NaN.
template <class C>
__device__ inline bool isHit(C value, C best) {
  return (value == best) | (value != value);
}

/// Clears the hits of channels that an earlier input of the window takes; false when none is left.
template <class T, class C, int kPack, class Index>
__device__ inline bool keepFirst(const PoolArgs<Index>& args, const T* x, const SlidingPlace<Index>& place,
                                 const typename SlidingArgs<Index>::Range (&box)[3], const C (&best)[kPack],
                                 bool (&hits)[kPack]) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Int i0 = box[0].begin; i0 <= place.at[0]; ++i0) {
    const bool isOwn0 = i0 == place.at[0];
    for (Int i1 = box[1].begin; i1 < (isOwn0 ? place.at[1] + 1 : box[1].end); ++i1) {
      const bool isOwn1 = isOwn0 && i1 == place.at[1];
      const Index row = (Index(i0) * w.in[1] + i1) * w.in[2];
      for (Int i2 = box[2].begin; i2 < (isOwn1 ? place.at[2] : box[2].end); ++i2) {
        C values[kPack];
        loadPack(x + (row + i2) * args.channels, values);
        bool left = false;
#pragma unroll
        for (int j = 0; j < kPack; ++j) {
          hits[j] = hits[j] && !isHit(values[j], best[j]);
          left = left || hits[j];
        }
        if (!left) return false;
      }
    }
  }
  return true;
}

template <class T, class C, int kPack, class Index>
__device__ void maxPoolGrad(const PoolArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const T* x = imageOf<kPack, T>(args.x, args, place, w.in);
    const T* y = imageOf<kPack, T>(args.y, args, place, w.out);
    const T* dy = imageOf<kPack, T>(args.dy, args, place, w.out);
    C own[kPack], sums[kPack] = {};
    loadPack(static_cast<const T*>(args.x) + i * kPack, own);
    const auto r0 = w.outputs(0, place.at[0]), r1 = w.outputs(1, place.at[1]), r2 = w.outputs(2, place.at[2]);
    for (Int o0 = r0.begin; o0 < r0.end; ++o0) {
      for (Int o1 = r1.begin; o1 < r1.end; ++o1) {
        for (Int o2 = r2.begin; o2 < r2.end; ++o2) {
          const Index at = ((Index(o0) * w.out[1] + o1) * w.out[2] + o2) * args.channels;
          C best[kPack];
          loadPack(y + at, best);
          bool hits[kPack], any = false;
#pragma unroll
          for (int j = 0; j < kPack; ++j) {
            hits[j] = isHit(own[j], best[j]);
            any = any || hits[j];
          }
          const typename SlidingArgs<Index>::Range box[3] = {w.inputs(0, o0), w.inputs(1, o1), w.inputs(2, o2)};
          if (!any || !keepFirst(args, x, place, box, best, hits)) continue;
          C gradient[kPack];
          loadPack(dy + at, gradient);
#pragma unroll
          for (int j = 0; j < kPack; ++j) sums[j] += hits[j] ? gradient[j] : C(0);
        }
      }
    }
    storePack(static_cast<T*>(args.result) + i * kPack, sums);
  }
}

template <class Range>
__device__ inline auto lengthOf(const Range& range) {
  return range.end > range.begin ? range.end - range.begin : 0;
}

/// What a sum over a window is multiplied with.
template <class C, class Index>
__device__ inline C averageFactor(const PoolArgs<Index>& args, const typename SlidingArgs<Index>::Range& r0,
                                  const typename SlidingArgs<Index>::Range& r1,
                                  const typename SlidingArgs<Index>::Range& r2) {
  const SlidingArgs<Index>& w = args.window;
  if (args.countPadding) return C(1) / C(Index(w.size[0]) * Index(w.size[1]) * Index(w.size[2]));
  const Index taps = Index(lengthOf(r0)) * Index(lengthOf(r1)) * Index(lengthOf(r2));
  return C(1) / C(taps > 1 ? taps : 1);
}

template <class T, class C, int kPack, class Index>
__device__ void avgPool(const PoolArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const T* x = imageOf<kPack, T>(args.x, args, place, w.in);
    const auto r0 = w.inputs(0, place.at[0]), r1 = w.inputs(1, place.at[1]), r2 = w.inputs(2, place.at[2]);
    C sums[kPack] = {};
    for (Int i0 = r0.begin; i0 < r0.end; ++i0) {
      for (Int i1 = r1.begin; i1 < r1.end; ++i1) {
        const Index row = (Index(i0) * w.in[1] + i1) * w.in[2];
        for (Int i2 = r2.begin; i2 < r2.end; ++i2) {
          C values[kPack];
          loadPack(x + (row + i2) * args.channels, values);
#pragma unroll
          for (int j = 0; j < kPack; ++j) sums[j] += values[j];
        }
      }
    }
    const C factor = averageFactor<C>(args, r0, r1, r2);
#pragma unroll
    for (int j = 0; j < kPack; ++j) sums[j] *= factor;
    storePack(static_cast<T*>(args.result) + i * kPack, sums);
  }
}

template <class T, class C, int kPack, class Index>
__device__ void avgPoolGrad(const PoolArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const T* dy = imageOf<kPack, T>(args.dy, args, place, w.out);
    const auto r0 = w.outputs(0, place.at[0]), r1 = w.outputs(1, place.at[1]), r2 = w.outputs(2, place.at[2]);
    C sums[kPack] = {};
    for (Int o0 = r0.begin; o0 < r0.end; ++o0) {
      for (Int o1 = r1.begin; o1 < r1.end; ++o1) {
        for (Int o2 = r2.begin; o2 < r2.end; ++o2) {
          const C factor = averageFactor<C>(args, w.inputs(0, o0), w.inputs(1, o1), w.inputs(2, o2));
          C values[kPack];
          loadPack(dy + ((Index(o0) * w.out[1] + o1) * w.out[2] + o2) * args.channels, values);
#pragma unroll
          for (int j = 0; j < kPack; ++j) sums[j] += values[j] * factor;
        }
      }
    }
    storePack(static_cast<T*>(args.result) + i * kPack, sums);
  }
}

}  // namespace hornet

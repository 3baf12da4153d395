// Reductions and scans across a warp and a block, over the operations of fold.h or any other type with an associative
// `apply(T, T)`. T is a number of at least 32 bits or a trivial struct. The order of operations is fixed: results are
// the same in each run. Blocks are one-dimensional, and all their threads take part.
#pragma once

#include "../fold.h"

namespace hornet {

inline constexpr unsigned kAllLanes = 0xffffffffu;

/// Moves any value by a function that moves a number between lanes; a struct goes word by word.
template <class T, class Shuffle>
__device__ inline T shuffled(T value, Shuffle shuffle) {
  if constexpr (std::is_arithmetic_v<T>) {
    static_assert(sizeof(T) >= 4);
    return shuffle(value);
  } else {
    static_assert(sizeof(T) % 4 == 0);
    uint32_t words[sizeof(T) / 4];
    memcpy(words, &value, sizeof(T));
    for (uint32_t& word : words) word = shuffle(word);
    memcpy(&value, words, sizeof(T));
    return value;
  }
}

// The three shuffles as functors: NVRTC takes a lambda for host code.
struct XorShuffle {
  int mask;
  template <class T>
  __device__ T operator()(T number) const {
    return __shfl_xor_sync(kAllLanes, number, mask);
  }
};
struct UpShuffle {
  unsigned lanes;
  template <class T>
  __device__ T operator()(T number) const {
    return __shfl_up_sync(kAllLanes, number, lanes);
  }
};
struct LaneShuffle {
  int lane;
  template <class T>
  __device__ T operator()(T number) const {
    return __shfl_sync(kAllLanes, number, lane);
  }
};

template <class T>
__device__ inline T shuffleXor(T value, int mask) {
  return shuffled(value, XorShuffle{mask});
}

/// The value of the lane that is `lanes` before.
template <class T>
__device__ inline T shuffleUp(T value, int lanes) {
  return shuffled(value, UpShuffle{unsigned(lanes)});
}

template <class T>
__device__ inline T shuffleFrom(T value, int lane) {
  return shuffled(value, LaneShuffle{lane});
}

/// The result over each group of `kLanes` lanes, in all of them.
template <class Op, int kLanes = 32, class T>
__device__ inline T warpReduce(T value) {
  static_assert(kLanes <= 32 && (kLanes & (kLanes - 1)) == 0);
#pragma unroll
  for (int mask = kLanes / 2; mask > 0; mask /= 2) value = Op::apply(value, shuffleXor(value, mask));
  return value;
}

/// The result over a block of `kBlock` threads, in all of them.
template <class Op, int kBlock, class T>
__device__ inline T blockReduce(T value) {
  constexpr int warps = kBlock / 32;
  static_assert(kBlock % 32 == 0 && warps <= 32 && (warps & (warps - 1)) == 0);
  value = warpReduce<Op>(value);
  if constexpr (warps > 1) {
    __shared__ T results[warps];
    if (threadIdx.x % 32 == 0) results[threadIdx.x / 32] = value;
    __syncthreads();
    value = warpReduce<Op, warps>(results[threadIdx.x % warps]);
    __syncthreads();  // before the next call writes
  }
  return value;
}

/// The result over a group of `kLanes` threads that share a row, in all of them: a part of a warp or a whole block.
template <class Op, int kLanes, class T>
__device__ inline T groupReduce(T value) {
  if constexpr (kLanes > 32) {
    return blockReduce<Op, kLanes>(value);
  } else {
    return warpReduce<Op, kLanes>(value);
  }
}

/// The result over this lane and those before it.
template <class Op, class T>
__device__ inline T warpScan(T value) {
  const int lane = int(threadIdx.x % 32);
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const T before = shuffleUp(value, step);
    if (lane >= step) value = Op::apply(before, value);
  }
  return value;
}

template <class T>
struct Scanned {
  T before, total;
};

/// The result over the lanes before this one, `neutral` in the first, and over the whole warp.
template <class Op, class T>
__device__ inline Scanned<T> warpScanBefore(T value, T neutral) {
  const T inclusive = warpScan<Op>(value), before = shuffleUp(inclusive, 1);
  const T total = shuffleFrom(inclusive, 31);
  return {threadIdx.x % 32 == 0 ? neutral : before, total};
}

/// The result over the threads before this one, `neutral` in the first, and over the whole block.
template <class Op, int kBlock, class T>
__device__ inline Scanned<T> blockScanBefore(T value, T neutral) {
  constexpr int warps = kBlock / 32;
  static_assert(kBlock % 32 == 0 && warps <= 32);
  const Scanned<T> own = warpScanBefore<Op>(value, neutral);
  if constexpr (warps == 1) return own;
  __shared__ T totals[warps];
  if (threadIdx.x % 32 == 0) totals[threadIdx.x / 32] = own.total;
  __syncthreads();
  const int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32);
  const Scanned<T> all = warpScanBefore<Op>(lane < warps ? totals[lane] : neutral, neutral);
  const T before = shuffleFrom(all.before, warp);
  __syncthreads();  // before the next call writes
  return {Op::apply(before, own.before), all.total};
}

/// A value and where it was found.
template <class T>
struct Indexed {
  T value;
  int32_t index;
};

/// The pair that Maximum or Minimum would take: the first of equals, the first NaN before all others.
template <class Op>
struct First {
  template <class T>
  HORNET_DEVICE_FN static Indexed<T> neutral() {
    return {Op::template identity<T>, std::numeric_limits<int32_t>::max()};
  }
  template <class T>
  HORNET_DEVICE_FN static Indexed<T> apply(Indexed<T> a, Indexed<T> b) {
    const bool isEarlier = a.index < b.index, isNan = a.value != a.value;
    const bool wins = isNan                ? isEarlier || b.value == b.value
                      : a.value == b.value ? isEarlier
                                           : Op::apply(a.value, b.value) == a.value;
    return wins ? a : b;
  }
};

}  // namespace hornet

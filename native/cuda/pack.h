// Neighbouring values that go between memory and registers in one instruction of up to 16 bytes.
#pragma once

#include "../convert.h"

namespace hornet {

inline constexpr int kPackBytes = 16;

/// The longest pack that divides rows of `width` values of this size: rows begin where a pack may be loaded.
inline int packFor(size_t valueBytes, int64_t width) {
  int count = kPackBytes / int(valueBytes);
  while (width % count != 0) count /= 2;
  return count;
}

template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Pack {
  T at[kCount];
};

#if defined(__CUDACC__) || defined(HORNET_DEVICE_CODE)

template <class To, int kCount, class T>
__device__ inline void loadPack(const T* from, To (&to)[kCount]) {
  const Pack<T, kCount> pack = *reinterpret_cast<const Pack<T, kCount>*>(from);
#pragma unroll
  for (int i = 0; i < kCount; ++i) to[i] = convert<To>(pack.at[i]);
}

template <class T, int kCount, class From>
__device__ inline void storePack(T* to, const From (&from)[kCount]) {
  Pack<T, kCount> pack;
#pragma unroll
  for (int i = 0; i < kCount; ++i) pack.at[i] = convert<T>(from[i]);
  *reinterpret_cast<Pack<T, kCount>*>(to) = pack;
}

#endif

}  // namespace hornet

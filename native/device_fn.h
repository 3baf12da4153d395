// HORNET_DEVICE_FN marks a function that host code and CUDA kernels both compile. Nothing else belongs here.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define HORNET_DEVICE_FN __host__ __device__ __forceinline__
#else
#define HORNET_DEVICE_FN [[gnu::always_inline]] inline
#endif

namespace hornet {

template <class To, class From>
HORNET_DEVICE_FN To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
#if defined(__CUDACC__)
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
#else
  return __builtin_bit_cast(To, from);
#endif
}

}  // namespace hornet

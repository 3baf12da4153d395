// float16 and bfloat16 as storage types: conversions to and from float. No arithmetic: backends compute in float.
// Branch-free integer code, so that host compilers vectorise loops over it; nothing here depends on denormal modes.
// GPUs have instructions for it, which round alike (of several NaNs they know one).
#pragma once

#include <cstdint>

#include "device_fn.h"

// Which GPU's instructions there are; none where g++ compiles device code.
#if defined(__CUDA_ARCH__) && defined(__CUDACC_VER_MAJOR__)
#define HORNET_PTX_ARCH __CUDA_ARCH__
#else
#define HORNET_PTX_ARCH 0
#endif

namespace hornet {

struct Float16 {
  uint16_t bits;
};

struct BFloat16 {
  uint16_t bits;
};

HORNET_DEVICE_FN float toFloat(Float16 h) {
#if HORNET_PTX_ARCH >= 530
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(h.bits));
  return value;
#else
  const uint32_t sign = uint32_t(h.bits & 0x8000u) << 16;
  const uint32_t magnitude = h.bits & 0x7fffu;
  const uint32_t subnormal = bitCast<uint32_t>(float(int32_t(magnitude)) * 0x1p-24f);
  const uint32_t normal = (magnitude << 13) + (112u << 23);
  const uint32_t special = (magnitude << 13) | 0x7f800000u;
  const uint32_t finite = magnitude < 0x0400u ? subnormal : normal;
  return bitCast<float>(sign | (magnitude < 0x7c00u ? finite : special));
#endif
}

HORNET_DEVICE_FN float toFloat(BFloat16 h) { return bitCast<float>(uint32_t(h.bits) << 16); }

// Rounds to nearest, ties to even; overflow gives infinity, NaN stays NaN.
HORNET_DEVICE_FN Float16 toFloat16(float value) {
#if HORNET_PTX_ARCH >= 530
  Float16 half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half.bits) : "f"(value));
  return half;
#else
  const uint32_t bits = bitCast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  const uint32_t normal = ((magnitude + 0x0fffu + ((magnitude >> 13) & 1u)) >> 13) - (112u << 10);
  const uint32_t subnormal = bitCast<uint32_t>(bitCast<float>(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  return {uint16_t(sign | (magnitude < 0x47800000u ? finite : special))};
#endif
}

HORNET_DEVICE_FN BFloat16 toBFloat16(float value) {
#if HORNET_PTX_ARCH >= 800
  BFloat16 half;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(half.bits) : "f"(value));
  return half;
#else
  const uint32_t bits = bitCast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t nan = (bits >> 16) | 0x0040u;
  return {uint16_t((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded)};
#endif
}

}  // namespace hornet

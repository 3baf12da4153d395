// Division of indices by sizes that are known before a kernel runs: a multiplication and a shift.
// Method: Granlund and Montgomery, "Division by invariant integers using multiplication", 1994.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// Divides numbers below 2^31 by a number from 1 to 2^31 - 1.
struct Divisor {
  uint32_t size, magic, shift;

  HORNET_DEVICE_FN uint32_t divide(uint32_t n) const { return (uint32_t((uint64_t(n) * magic) >> 32) + n) >> shift; }
  /// Divides n, and leaves the remainder in `rest`.
  HORNET_DEVICE_FN uint32_t divide(uint32_t n, uint32_t& rest) const {
    const uint32_t quotient = divide(n);
    rest = n - quotient * size;
    return quotient;
  }
};

inline Divisor makeDivisor(uint32_t size) {
  uint32_t shift = 0;
  while ((uint64_t(1) << shift) < size) ++shift;
  const uint64_t magic = ((uint64_t(1) << 32) * ((uint64_t(1) << shift) - size)) / size + 1;
  return {size, uint32_t(magic), shift};
}

}  // namespace hornet

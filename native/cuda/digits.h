// The place of an element as digits, one per dimension, whose radices the host knows.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// What places are counted in: uint32_t below 2^31, where a division is a multiplication, else uint64_t.
template <class Index>
struct Radix;

template <>
struct Radix<uint32_t> {
  uint32_t value, multiplier, shift;
};

template <>
struct Radix<uint64_t> {
  uint64_t value;
};

/// n / d for n < 2^31.
HORNET_DEVICE_FN uint32_t quotient(uint32_t n, const Radix<uint32_t>& d) {
  return (uint32_t(uint64_t(n) * d.multiplier >> 32) + n) >> d.shift;
}

HORNET_DEVICE_FN uint64_t quotient(uint64_t n, const Radix<uint64_t>& d) { return n / d.value; }

/// Takes the last digit of a mixed radix number off: returns n % d and leaves n / d.
template <class Index>
HORNET_DEVICE_FN Index takeDigit(Index& n, const Radix<Index>& d) {
  const Index rest = quotient(n, d), digit = n - rest * d.value;
  n = rest;
  return digit;
}

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include <bit>
#include <string>

namespace hornet {

/// For d of at least 1; with uint32_t at most 2^31.
template <class Index>
Radix<Index> radixOf(int64_t d) {
  if constexpr (sizeof(Index) == 8) {
    return {uint64_t(d)};
  } else {
    const int shift = std::bit_width(uint64_t(d) - 1);
    return {uint32_t(d), uint32_t((((uint64_t(1) << shift) - uint64_t(d)) << 32) / uint64_t(d) + 1), uint32_t(shift)};
  }
}

/// Calls visit(Index{}, "the type's name") with the type in which places below `count` are counted.
template <class Visit>
auto withIndex(int64_t count, Visit visit) {
  if (count < int64_t(1) << 31) return visit(uint32_t{}, "uint32_t");
  return visit(uint64_t{}, "uint64_t");
}

}  // namespace hornet

#endif

// The place of an element as digits, one per dimension. Places are counted in uint32_t below 2^31, else in uint64_t.
#pragma once

#include <type_traits>

#include "divisor.h"

namespace hornet {

/// What Divisor is to short places.
struct LongDivisor {
  uint64_t size;

  HORNET_DEVICE_FN uint64_t divide(uint64_t n) const { return n / size; }
};

template <class Index>
using Radix = std::conditional_t<sizeof(Index) == 4, Divisor, LongDivisor>;

/// Takes the last digit of a place off: returns n % radix and leaves n / radix.
template <class Index>
HORNET_DEVICE_FN Index takeDigit(Index& n, const Radix<Index>& radix) {
  const Index rest = radix.divide(n), digit = n - rest * radix.size;
  n = rest;
  return digit;
}

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

namespace hornet {

template <class Index>
Radix<Index> radixOf(int64_t size) {
  if constexpr (sizeof(Index) == 4)
    return makeDivisor(uint32_t(size));
  else
    return {uint64_t(size)};
}

/// Calls visit(Index{}, "the type's name") with the type in which places below `count` are counted.
template <class Visit>
auto withIndex(int64_t count, Visit visit) {
  if (count < int64_t(1) << 31) return visit(uint32_t{}, "uint32_t");
  return visit(uint64_t{}, "uint64_t");
}

}  // namespace hornet

#endif

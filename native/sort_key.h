// Values as unsigned integers that sort like them: NaN comes last in either direction, -0 equals 0.
#pragma once

#include <limits>
#include <type_traits>

#include "convert.h"

namespace hornet {

template <class T>
using SortKey = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// Only the lowest so many bits of a key are ever set.
template <class T>
inline constexpr int sortKeyBits = std::is_same_v<T, Bool8> ? 1 : int(8 * sizeof(T));

namespace detail {

/// `special` are the bits of infinity.
template <class Bits>
HORNET_DEVICE_FN Bits floatSortKey(Bits bits, Bits special, bool descending) {
  constexpr Bits sign = Bits(Bits(1) << (8 * sizeof(Bits) - 1));
  const Bits magnitude = Bits(bits & Bits(~sign));
  if (magnitude > special) return Bits(~Bits(0));
  const bool isNegative = magnitude != bits && magnitude != 0;
  const Bits key = isNegative ? Bits(~bits) : Bits(magnitude | sign);
  return descending ? Bits(~key) : key;
}

}  // namespace detail

template <class T>
HORNET_DEVICE_FN SortKey<T> sortKey(T value, bool descending) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return SortKey<T>((value.value != 0) != descending);
  } else if constexpr (std::is_same_v<T, Float16>) {
    return detail::floatSortKey(value.bits, uint16_t(0x7c00), descending);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return detail::floatSortKey(value.bits, uint16_t(0x7f80), descending);
  } else if constexpr (std::is_same_v<T, float>) {
    return detail::floatSortKey(bitCast<uint32_t>(value), 0x7f800000u, descending);
  } else if constexpr (std::is_same_v<T, double>) {
    return detail::floatSortKey(bitCast<uint64_t>(value), uint64_t(0x7ff0000000000000), descending);
  } else {
    using Bits = std::make_unsigned_t<T>;
    constexpr Bits sign = std::is_signed_v<T> ? Bits(Bits(1) << (8 * sizeof(T) - 1)) : Bits(0);
    const Bits key = Bits(Bits(value) ^ sign);
    return descending ? Bits(~key) : key;
  }
}

}  // namespace hornet

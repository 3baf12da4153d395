// Conversion of one value from one dtype to another: the meaning of `cast`, of loads and of stores.
// Integers wrap; a float becomes an integer by truncation and saturation, NaN by 0; bool is x != 0.
#pragma once

#include <limits>
#include <type_traits>

#include "half.h"

namespace hornet {

// A bool in memory: one byte, of which JavaScript may have written any value.
struct Bool8 {
  uint8_t value;
};

template <class To, class From>
HORNET_DEVICE_FN To convert(From from) {
  if constexpr (std::is_same_v<From, Bool8>) {
    return convert<To>(uint8_t(from.value != 0));
  } else if constexpr (std::is_same_v<From, Float16> || std::is_same_v<From, BFloat16>) {
    return convert<To>(toFloat(from));
  } else if constexpr (std::is_same_v<To, Bool8>) {
    return {uint8_t(from != From(0))};
  } else if constexpr (std::is_same_v<To, Float16>) {
    return toFloat16(float(from));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return toBFloat16(float(from));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From low = From(std::numeric_limits<To>::min());
    constexpr From limit = From(std::numeric_limits<To>::max() / 2 + 1) * From(2);
    const From number = from == from ? from : From(0);
    const From bounded = number < low ? low : number >= limit ? From(0) : number;
    return number >= limit ? std::numeric_limits<To>::max() : To(bounded);
  } else {
    return To(from);
  }
}

}  // namespace hornet

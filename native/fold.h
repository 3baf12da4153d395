// The binary operations of reductions and scans, with their neutral elements.
#pragma once

#include <limits>
#include <type_traits>

#include "elementwise.h"

namespace hornet {

struct Sum {
  template <class T>
  static constexpr T identity = T(0);
  template <class T>
  HORNET_DEVICE_FN static T apply(T a, T b) {
    return fn::add(a, b);
  }
};

struct Product {
  template <class T>
  static constexpr T identity = T(1);
  template <class T>
  HORNET_DEVICE_FN static T apply(T a, T b) {
    return fn::mul(a, b);
  }
};

// NaN wins over everything in both.
struct Maximum {
  template <class T>
  static constexpr T identity = fn::isFloat<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  template <class T>
  HORNET_DEVICE_FN static T apply(T a, T b) {
    return fn::max(a, b);
  }
};

struct Minimum {
  template <class T>
  static constexpr T identity = fn::isFloat<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  template <class T>
  HORNET_DEVICE_FN static T apply(T a, T b) {
    return fn::min(a, b);
  }
};

/// Long sums and products of floats are gathered in double.
template <class T>
using Gathered = std::conditional_t<std::is_same_v<T, float>, double, T>;

}  // namespace hornet

// Bias and activation over the rows of a result, where no library primitive has done them on the way.
#pragma once

#include <algorithm>
#include <type_traits>

#include "../activation.h"
#include "../fast_math.h"
#include "parallel.h"

namespace hornet {

/// Adds bias[width], which may be null, to `rows` rows of y and applies the activation in place.
/// Integers know only linear and relu.
template <class T>
void applyEpilogue(T* y, int64_t rows, int64_t width, const T* bias, Activation activation) {
  if (!bias && activation == Activation::linear) return;
  const auto pass = [&](auto function) {
    parallelFor(rows, std::max<int64_t>(1, 16384 / width), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        T* row = y + i * width;
        if (bias) {
#pragma omp simd
          for (int64_t j = 0; j < width; ++j) row[j] = function(T(row[j] + bias[j]));
        } else {
#pragma omp simd
          for (int64_t j = 0; j < width; ++j) row[j] = function(row[j]);
        }
      }
    });
  };
  if (activation == Activation::linear) return pass([](T v) { return v; });
  if (activation == Activation::relu) return pass([](T v) { return v < T(0) ? T(0) : v; });
  if constexpr (std::is_floating_point_v<T>) {
    if (activation == Activation::sigmoid) return pass([](T v) { return math::sigmoid(v); });
    return pass([](T v) { return math::tanh(v); });
  }
}

}  // namespace hornet

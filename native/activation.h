// The activations that matmul and convolution apply to their results.
#pragma once

#include "fast_math.h"

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)
#include <string>
#endif

namespace hornet {

enum class Activation { linear, relu, sigmoid, tanh };

template <class T>
HORNET_DEVICE_FN T activate(Activation activation, T x) {
  if (activation == Activation::relu) return x < T(0) ? T(0) : x;
  if (activation == Activation::sigmoid) return math::sigmoid(x);
  return activation == Activation::tanh ? math::tanh(x) : x;
}

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

inline Activation parseActivation(const std::string& name) {
  if (name == "relu") return Activation::relu;
  if (name == "sigmoid") return Activation::sigmoid;
  return name == "tanh" ? Activation::tanh : Activation::linear;
}

#endif

}  // namespace hornet

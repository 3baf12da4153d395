// The activations that matmul and convolution apply to their results.
#pragma once

#include <string>

namespace hornet {

enum class Activation { linear, relu, sigmoid, tanh };

inline Activation parseActivation(const std::string& name) {
  if (name == "relu") return Activation::relu;
  if (name == "sigmoid") return Activation::sigmoid;
  return name == "tanh" ? Activation::tanh : Activation::linear;
}

}  // namespace hornet

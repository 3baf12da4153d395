// Makes a kernel template for the dtype of its tensors. Kernels compute in float, double or an integer type; half
// precision and mixtures of float types run converted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "converted.h"

namespace hornet {

/// make.operator()<T>() for T = float or double.
template <class Make>
std::unique_ptr<Kernel> makeFloating(const KernelArgs& args, KernelFactory self, Make make) {
  const DType dtype = args.inputs[0].dtype;
  if (!isFloat(dtype)) throw Error(args.op, std::string("the cpu backend has no kernel for ") + dtypeName(dtype));
  const DType compute = dtype == DType::float64 ? DType::float64 : DType::float32;
  const auto differs = [=](const TensorSpec& spec) { return isFloat(spec.dtype) && spec.dtype != compute; };
  if (std::ranges::any_of(args.inputs, differs) || std::ranges::any_of(args.outputs, differs)) {
    return std::make_unique<Converted>(args, compute, self);
  }
  if (compute == DType::float64) return make.template operator()<double>();
  return make.template operator()<float>();
}

/// make.operator()<T>() for T = float, double or the integer type of the first input; bool counts as uint8_t.
template <class Make>
std::unique_ptr<Kernel> makeNumeric(const KernelArgs& args, KernelFactory self, Make make) {
  switch (args.inputs[0].dtype) {
    case DType::boolean:
    case DType::uint8:
      return make.template operator()<uint8_t>();
    case DType::uint16:
      return make.template operator()<uint16_t>();
    case DType::uint32:
      return make.template operator()<uint32_t>();
    case DType::int8:
      return make.template operator()<int8_t>();
    case DType::int16:
      return make.template operator()<int16_t>();
    case DType::int32:
      return make.template operator()<int32_t>();
    case DType::int64:
      return make.template operator()<int64_t>();
    default:
      return makeFloating(args, self, make);
  }
}

}  // namespace hornet

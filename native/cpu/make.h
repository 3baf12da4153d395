// Makes a kernel template for the dtypes of its tensors. What a template does not take runs converted.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "converted.h"

namespace hornet {

/// The type in which a kernel computes on values stored as T.
template <class T>
using Computed = std::conditional_t<std::is_arithmetic_v<T>, T, float>;

inline DType computeDType(const KernelArgs& args) {
  const DType dtype = args.inputs[0].dtype;
  if (!isFloat(dtype)) throw Error(args.op, std::string("the cpu backend has no kernel for ") + dtypeName(dtype));
  return dtype == DType::float64 ? DType::float64 : DType::float32;
}

/// Whether all operands but the first ones are of this dtype; if not, sets them in `args`. Integers are left alone.
inline bool unify(KernelArgs& args, DType dtype, size_t firstInput, size_t firstOutput) {
  bool same = true;
  const auto unifyFrom = [&](std::vector<TensorSpec>& specs, size_t first) {
    for (size_t i = first; i < specs.size(); ++i) {
      if (!isFloat(specs[i].dtype) || specs[i].dtype == dtype) continue;
      specs[i].dtype = dtype;
      same = false;
    }
  };
  unifyFrom(args.inputs, firstInput);
  unifyFrom(args.outputs, firstOutput);
  return same;
}

/// make.operator()<T>() for T = float or double, the type of all float operands.
template <class Make>
std::unique_ptr<Kernel> makeFloating(const KernelArgs& args, KernelFactory self, Make make) {
  const DType compute = computeDType(args);
  KernelArgs inner = args;
  if (!unify(inner, compute, 0, 0)) return std::make_unique<Converted>(args, inner, self);
  if (compute == DType::float64) return make.template operator()<double>();
  return make.template operator()<float>();
}

/// make.operator()<T>() for the float type T that the first `data` inputs and the first output are stored in. All other
/// float operands are Computed<T>.
template <class Make>
std::unique_ptr<Kernel> makeStored(const KernelArgs& args, KernelFactory self, size_t data, Make make) {
  KernelArgs inner = args;
  if (!unify(inner, computeDType(args), data, 1)) return std::make_unique<Converted>(args, inner, self);
  switch (args.inputs[0].dtype) {
    case DType::float16:
      return make.template operator()<Float16>();
    case DType::bfloat16:
      return make.template operator()<BFloat16>();
    case DType::float32:
      return make.template operator()<float>();
    default:
      return make.template operator()<double>();
  }
}

/// make.operator()<T>() for the integer type of the first input, where bool counts as uint8_t; nothing for floats.
template <class Make>
std::unique_ptr<Kernel> makeInteger(const KernelArgs& args, Make make) {
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
      return nullptr;
  }
}

/// makeInteger or makeFloating.
template <class Make>
std::unique_ptr<Kernel> makeNumeric(const KernelArgs& args, KernelFactory self, Make make) {
  return isFloat(args.inputs[0].dtype) ? makeFloating(args, self, make) : makeInteger(args, make);
}

}  // namespace hornet

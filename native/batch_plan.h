// The host's side of batch.h: sizes and attributes of an instruction as a Batch. Operands come when it runs.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>

#include "batch.h"
#include "kernel.h"
#include "strides.h"

namespace hornet {

template <class Algorithm>
void checkTypes(const KernelArgs& args) {
  constexpr DType real = std::is_same_v<typename Algorithm::Operand, float> ? DType::float32 : DType::float64;
  for (const auto* specs : {&args.inputs, &args.outputs}) {
    for (const TensorSpec& spec : *specs) {
      if (spec.dtype == real || spec.dtype == DType::int32) continue;
      throw Error(args.op, std::string("expected ") + dtypeName(real) + " or int32, received " + dtypeName(spec.dtype));
    }
  }
}

template <class Algorithm>
Batch planBatch(const KernelArgs& args) {
  checkTypes<Algorithm>(args);
  Batch batch{};
  const std::vector<int64_t>& shape = args.inputs[0].shape;
  batch.count = product(shape, 0, shape.size() - Algorithm::kRank);
  const int64_t parts = std::max<int64_t>(batch.count, 1);
  const auto measure = [&](const std::vector<TensorSpec>& specs, int64_t* sizes, int64_t* bytes) {
    for (size_t i = 0; i < specs.size(); i++) {
      sizes[i] = specs[i].numel() / parts;
      bytes[i] = sizes[i] * int64_t(sizeOf(specs[i].dtype));
    }
  };
  Problem& first = batch.first;
  measure(args.inputs, first.inputSizes, batch.inputBytes);
  measure(args.outputs, first.outputSizes, batch.outputBytes);
  first.m = Algorithm::kRank > 1 ? shape[shape.size() - 2] : 1;
  first.n = shape.back();
  for (int i = 0; i < Problem::kOptions; i++) {
    if (Algorithm::kAttributes[i] != nullptr) first.options[i] = args.attrs.integer(Algorithm::kAttributes[i]);
  }
  batch.scratchEach = Algorithm::scratch(first);
  return batch;
}

inline void setOperands(Batch& batch, std::span<const void* const> in, std::span<void* const> out, void* scratch) {
  for (size_t i = 0; i < in.size(); i++) batch.first.inputs[i] = static_cast<const char*>(in[i]);
  for (size_t i = 0; i < out.size(); i++) batch.first.outputs[i] = static_cast<char*>(out[i]);
  batch.first.scratch = static_cast<double*>(scratch);
}

}  // namespace hornet

// Reads the geometry of convolutions and pools from the arguments of their kernels.
#pragma once

#include <vector>

#include "kernel.h"
#include "window.h"

namespace hornet {

/// Lifts sizes of 1 to 3 spatial axes to three.
inline Window::Sizes liftSizes(const std::vector<int64_t>& sizes, int64_t filler) {
  Window::Sizes lifted{filler, filler, filler};
  for (size_t i = 0; i < sizes.size(); ++i) lifted[int(3 - sizes.size() + i)] = sizes[i];
  return lifted;
}

/// The spatial axes of a channels-last shape.
inline std::vector<int64_t> spatial(const std::vector<int64_t>& shape) { return {shape.begin() + 1, shape.end() - 1}; }

enum class ConvDirection { forward, inputGrad, kernelGrad };

inline ConvShape parseConvShape(const KernelArgs& args, const TensorSpec& x, const TensorSpec& kernel,
                                const TensorSpec& y) {
  const std::vector<int64_t> size(kernel.shape.begin(), kernel.shape.end() - 2);
  ConvShape s;
  s.window = {int(x.shape.size()) - 2,
              liftSizes(spatial(x.shape), 1),
              liftSizes(spatial(y.shape), 1),
              liftSizes(size, 1),
              liftSizes(args.attrs.integers("strides"), 1),
              liftSizes(args.attrs.integers("lo"), 0),
              liftSizes(args.attrs.integers("dilation"), 1)};
  s.batch = x.shape.front();
  s.inputs = x.shape.back();
  s.outputs = y.shape.back();
  s.groups = args.attrs.integer("groups");
  return s;
}

/// The convolution that `conv` (x, kernel), `conv_input_grad` (dy, kernel) and `conv_kernel_grad` (x, dy) belong to.
inline ConvShape parseConvShape(const KernelArgs& args, ConvDirection direction) {
  const TensorSpec &a = args.inputs[0], &b = args.inputs[1], &result = args.outputs[0];
  switch (direction) {
    case ConvDirection::forward:
      return parseConvShape(args, a, b, result);
    case ConvDirection::inputGrad:
      return parseConvShape(args, result, b, a);
    default:
      return parseConvShape(args, a, result, b);
  }
}

inline PoolShape parsePoolShape(const KernelArgs& args, const TensorSpec& x, const TensorSpec& y) {
  PoolShape s;
  s.window = {int(x.shape.size()) - 2,
              liftSizes(spatial(x.shape), 1),
              liftSizes(spatial(y.shape), 1),
              liftSizes(args.attrs.integers("window"), 1),
              liftSizes(args.attrs.integers("strides"), 1),
              liftSizes(args.attrs.integers("lo"), 0),
              {1, 1, 1}};
  s.batch = x.shape.front();
  s.channels = x.shape.back();
  s.countPadding = args.op.starts_with("avg_pool") && args.attrs.flag("countPadding");
  return s;
}

}  // namespace hornet

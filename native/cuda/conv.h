// What the host tells the kernels of conv.cu.
#pragma once

#include "../activation.h"
#include "../window.h"
#include "sliding.h"

namespace hornet {

/// Any convolution, one thread per value of the result.
struct DirectConvArgs {
  const void *a, *b, *bias;  // the operands in the op's order; the bias may be null
  void* result;
  int64_t count;
  ConvShape shape;
  Activation activation;
};

/// Neighbouring places along the last axis that one thread computes.
inline constexpr int kDepthwiseColumns = 4;

/// A convolution with one input channel per group, and its gradient in the input. One thread computes a pack of
/// channels at a few neighbouring places of the result.
template <class Index>
struct DepthwiseArgs {
  const void *from, *kernel, *bias;
  void* result;
  Index count;                  // of threads' shares
  SlidingPlaces<Index> places;  // the last axis in steps of kDepthwiseColumns
  SlidingArgs<Index> window;
  Index inputs, outputs;
  Radix<Index> multiplier;  // outputs per input
  Activation activation;
};

/// Taps of the kernel that one block sums at once.
inline constexpr int kDepthwiseTaps = 9;

/// The gradient of a depthwise convolution in its kernel: sums over a part of the positions, one row of `taps` by
/// `outputs` for each part.
template <class Index>
struct DepthwiseKernelGradArgs {
  const void *x, *dy;
  void* sums;
  Index positions, perPart;  // of outputs over the batch
  Index inputs, outputs, taps;
  int32_t lanes;                // threads side by side along the channels, a power of two
  SlidingPlaces<Index> places;  // of outputs
  SlidingArgs<Index> window;
  Radix<Index> multiplier;
};

/// Adds up the rows of all parts.
struct DepthwisePartsArgs {
  const void* sums;
  void* result;
  int64_t count, parts;
};

}  // namespace hornet

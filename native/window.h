// Geometry of a window that slides over the spatial axes of a channels-last tensor: what convolutions and pools share.
// One and two spatial axes are lifted to three by leading axes of length one. Device code includes it, too.
#pragma once

#include <cstdint>

#include "device_fn.h"

namespace hornet {

struct Window {
  struct Sizes {
    int64_t at[3];

    HORNET_DEVICE_FN int64_t& operator[](int axis) { return at[axis]; }
    HORNET_DEVICE_FN const int64_t& operator[](int axis) const { return at[axis]; }
  };

  int rank;
  Sizes in, out, size, stride, lo, dilation;

  HORNET_DEVICE_FN int64_t inputPositions() const { return in[0] * in[1] * in[2]; }
  HORNET_DEVICE_FN int64_t outputPositions() const { return out[0] * out[1] * out[2]; }
  HORNET_DEVICE_FN int64_t taps() const { return size[0] * size[1] * size[2]; }

  /// The input index that tap `k` of output `o` reads; it may lie in the padding.
  HORNET_DEVICE_FN int64_t input(int axis, int64_t o, int64_t k) const {
    return o * stride[axis] - lo[axis] + k * dilation[axis];
  }

  struct Range {
    int64_t begin, end;
  };

  /// The taps of output `o` that read inside the input.
  HORNET_DEVICE_FN Range taps(int axis, int64_t o) const {
    const int64_t first = input(axis, o, 0), step = dilation[axis];
    const int64_t begin = first < 0 ? (-first + step - 1) / step : 0;
    const int64_t reach = in[axis] > first ? (in[axis] - first + step - 1) / step : 0;
    const int64_t end = reach < size[axis] ? reach : size[axis];
    return {begin < end ? begin : end, end};
  }

  /// The padding after the input that the output shape asks for; negative where the last inputs are never read.
  HORNET_DEVICE_FN int64_t hi(int axis) const {
    return (out[axis] - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1 - in[axis] - lo[axis];
  }
};

/// A convolution: the window, the batch and the channels. The kernel is [taps.., inputs / groups, outputs].
struct ConvShape {
  Window window;
  int64_t batch, inputs, outputs, groups;

  HORNET_DEVICE_FN int64_t groupInputs() const { return inputs / groups; }
  HORNET_DEVICE_FN int64_t groupOutputs() const { return outputs / groups; }
  double flops() const {
    return 2.0 * double(batch * window.outputPositions() * window.taps() * groupInputs() * outputs);
  }

  /// Libraries take no cropping and no empty tensors.
  bool isRegular() const {
    if (batch * inputs * outputs * window.inputPositions() * window.outputPositions() * window.taps() == 0) {
      return false;
    }
    for (int axis = 3 - window.rank; axis < 3; ++axis) {
      if (window.lo[axis] < 0 || window.hi(axis) <= -window.stride[axis]) return false;
    }
    return true;
  }
};

/// A pool: the window, the batch and the channels; `countPadding`: an average counts what lies in the padding, as
/// zeros.
struct PoolShape {
  Window window;
  int64_t batch, channels;
  bool countPadding;

  /// Rows of outputs in one image.
  HORNET_DEVICE_FN int64_t rows() const { return window.out[0] * window.out[1]; }

  /// The factor of an average over so many inputs.
  HORNET_DEVICE_FN double average(int64_t taps) const {
    return 1.0 / double(countPadding ? window.taps() : taps > 1 ? taps : 1);
  }

  /// Whether every input belongs to exactly one window.
  bool isTiling() const {
    for (int axis = 0; axis < 3; ++axis) {
      if (window.stride[axis] != window.size[axis] || window.hi(axis) < 0) return false;
    }
    return true;
  }

  bool overlaps() const {
    for (int axis = 0; axis < 3; ++axis) {
      if (window.stride[axis] < window.size[axis] && window.out[axis] > 1) return true;
    }
    return false;
  }
};

}  // namespace hornet

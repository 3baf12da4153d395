// Geometry of a window that slides over the spatial axes of a channels-last tensor: what convolutions and pools share.
// One and two spatial axes are lifted to three by leading axes of length one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace hornet {

struct Window {
  using Sizes = std::array<int64_t, 3>;

  int rank;
  Sizes in, out, size, stride, lo, dilation;

  int64_t inputPositions() const { return in[0] * in[1] * in[2]; }
  int64_t outputPositions() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return size[0] * size[1] * size[2]; }

  /// The input index that tap `k` of output `o` reads; it may lie in the padding.
  int64_t input(int axis, int64_t o, int64_t k) const { return o * stride[axis] - lo[axis] + k * dilation[axis]; }

  struct Range {
    int64_t begin, end;
  };

  /// The taps of output `o` that read inside the input.
  Range taps(int axis, int64_t o) const {
    const int64_t first = input(axis, o, 0), step = dilation[axis];
    const int64_t begin = first < 0 ? (-first + step - 1) / step : 0;
    const int64_t end = std::min(size[axis], in[axis] > first ? (in[axis] - first + step - 1) / step : 0);
    return {std::min(begin, end), end};
  }

  /// The padding after the input that the output shape asks for; negative where the last inputs are never read.
  int64_t hi(int axis) const {
    return (out[axis] - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1 - in[axis] - lo[axis];
  }
};

/// Lifts sizes of 1 to 3 spatial axes to three.
inline Window::Sizes liftSizes(const std::vector<int64_t>& sizes, int64_t filler) {
  Window::Sizes lifted{filler, filler, filler};
  std::copy_backward(sizes.begin(), sizes.end(), lifted.end());
  return lifted;
}

/// The spatial axes of a channels-last shape.
inline std::vector<int64_t> spatial(const std::vector<int64_t>& shape) { return {shape.begin() + 1, shape.end() - 1}; }

}  // namespace hornet

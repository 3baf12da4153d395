// The geometry of a sliding window as kernels want it: numbers of 32 bits where all places fit, divisors ready.
#pragma once

#include "../window.h"
#include "digits.h"

namespace hornet {

template <class Index>
struct SlidingArgs {
  using Int = std::conditional_t<sizeof(Index) == 4, int32_t, int64_t>;

  struct Range {
    Int begin, end;
  };

  Int in[3], out[3], size[3], lo[3], dilation[3];
  Radix<Index> stride[3];

  HORNET_DEVICE_FN Int input(int axis, Int o, Int tap) const {
    return o * Int(stride[axis].size) - lo[axis] + tap * dilation[axis];
  }

  /// The inputs that the window of an output covers, without dilation.
  HORNET_DEVICE_FN Range inputs(int axis, Int o) const {
    const Int first = input(axis, o, 0), last = first + size[axis];
    return {first < 0 ? 0 : first, last < in[axis] ? last : in[axis]};
  }

  /// The outputs whose windows cover an input, without dilation.
  HORNET_DEVICE_FN Range outputs(int axis, Int i) const {
    const Int last = i + lo[axis], first = last - size[axis];  // the first one is not covered
    if (last < 0) return {0, 0};
    const Int end = Int(stride[axis].divide(Index(last))) + 1;
    return {first < 0 ? 0 : Int(stride[axis].divide(Index(first))) + 1, end < out[axis] ? end : out[axis]};
  }

  /// The output whose window has an input at this tap, or a negative number.
  HORNET_DEVICE_FN Int output(int axis, Int i, Int tap) const {
    const Int shifted = i + lo[axis] - tap * dilation[axis];
    if (shifted < 0) return -1;
    const Int o = Int(stride[axis].divide(Index(shifted)));
    return o * Int(stride[axis].size) == shifted && o < out[axis] ? o : -1;
  }
};

/// A place of a channels-last tensor: image, position and pack of channels.
template <class Index>
struct SlidingPlace {
  Index image, pack;
  typename SlidingArgs<Index>::Int at[3];
};

/// Divisors of the sizes of a channels-last tensor, channels counted in packs.
template <class Index>
struct SlidingPlaces {
  Radix<Index> sizes[3], packs;

  HORNET_DEVICE_FN SlidingPlace<Index> operator()(Index at) const {
    SlidingPlace<Index> place;
    place.pack = takeDigit(at, packs);
    for (int axis = 2; axis >= 0; --axis) place.at[axis] = takeDigit(at, sizes[axis]);
    place.image = at;
    return place;
  }
};

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include <algorithm>

namespace hornet {

/// A number that no place and no intermediate result of the geometry exceeds.
inline int64_t slidingLimit(const Window& w, int64_t batch, int64_t inputs, int64_t outputs) {
  int64_t limit = batch * std::max(inputs * w.inputPositions(), outputs * w.outputPositions());
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t lo = std::max(w.lo[axis], -w.lo[axis]);
    limit = std::max(limit, 4 * (w.out[axis] * w.stride[axis] + w.size[axis] * w.dilation[axis] + w.in[axis] + lo));
  }
  return limit;
}

template <class Index>
SlidingArgs<Index> slidingArgs(const Window& w) {
  SlidingArgs<Index> args{};
  using Int = typename SlidingArgs<Index>::Int;
  for (int axis = 0; axis < 3; ++axis) {
    args.in[axis] = Int(w.in[axis]);
    args.out[axis] = Int(w.out[axis]);
    args.size[axis] = Int(w.size[axis]);
    args.lo[axis] = Int(w.lo[axis]);
    args.dilation[axis] = Int(w.dilation[axis]);
    args.stride[axis] = radixOf<Index>(w.stride[axis]);
  }
  return args;
}

template <class Index>
SlidingPlaces<Index> slidingPlaces(const Window::Sizes& sizes, int64_t packs) {
  return {{radixOf<Index>(sizes[0]), radixOf<Index>(sizes[1]), radixOf<Index>(sizes[2])}, radixOf<Index>(packs)};
}

}  // namespace hornet

#endif

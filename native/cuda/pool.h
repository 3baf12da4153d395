// What the host tells the kernels of pool.cu.
#pragma once

#include "sliding.h"

namespace hornet {

/// One thread computes a pack of channels at a place of the result: y, or dx for the gradients.
template <class Index>
struct PoolArgs {
  const void *x, *y, *dy;
  void* result;
  Index count, channels;
  SlidingPlaces<Index> places;
  SlidingArgs<Index> window;
  bool countPadding;
};

}  // namespace hornet

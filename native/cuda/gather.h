// What the kernels of gather.cu are given: indices that name rows of an operand, and the rows to pick.
#pragma once

#include "copy.h"

namespace hornet {

/// Indices, each of `depth` numbers along axes of `sizes`, and who reports what is out of bounds.
struct RowLookup {
  const void* numbers;
  int64_t count;
  int32_t depth;
  bool isLong;
  FaultRecord* faults;
  int64_t sizes[kCopyRank];
  uint32_t sites[kCopyRank];
};

/// Items of [outer, indices, inner], picked from [outer, rows, inner].
template <class Index>
struct GatherArgs {
  RowLookup lookup;
  const void* from;
  void* to;
  const FaultRecord* guard;
  Index count;
  Radix<Index> inner, indices;
  int64_t rows;
};

#if defined(__CUDACC__) || defined(HORNET_DEVICE_CODE)

/// The row that index i names. What is out of bounds is reported and moved inside.
__device__ inline int64_t rowAt(const RowLookup& lookup, int64_t i) {
  int64_t row = 0;
  for (int k = 0; k < lookup.depth; k++) {
    const int64_t place = i * lookup.depth + k, size = lookup.sizes[k];
    int64_t index = lookup.isLong ? static_cast<const int64_t*>(lookup.numbers)[place]
                                  : int64_t(static_cast<const int32_t*>(lookup.numbers)[place]);
    if (index < -size || index >= size) {
      reportFault(lookup.faults, lookup.sites[k], index);
      index = 0;
    }
    row = row * size + (index < 0 ? index + size : index);
  }
  return row;
}

#endif

}  // namespace hornet

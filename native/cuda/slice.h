// What the kernel of slice.cu is given: a pad. Sizes and places count items, which are one or several elements.
#pragma once

#include "copy.h"

namespace hornet {

/// Along each dimension the source begins at `lo`, has `sizes` items and one in every `spacing`.
template <class Index>
struct PadArgs {
  const void* from;
  void* to;
  const FaultRecord* fault;
  Index count;  // of the target
  int32_t rank;
  Radix<Index> targetSizes[kCopyRank], spacing[kCopyRank];
  int64_t lo[kCopyRank], sizes[kCopyRank], fromStrides[kCopyRank];
  alignas(kVectorBytes) uint8_t value[kVectorBytes];  // one item
};

}  // namespace hornet

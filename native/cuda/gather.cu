// Gathers: rows picked by indices. Items are unsigned integers of their size, uint4 for 16 bytes.
#include "gather.h"

namespace hornet {

/// Reports indices that are out of bounds, no more.
__device__ void checkRows(const RowLookup& lookup) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < lookup.count; i += step) rowAt(lookup, i);
}

template <class Item, class Index>
__device__ void gatherRows(const GatherArgs<Index>& args) {
  if (args.guard != nullptr && hasFault(args.guard)) return;
  const Item* from = static_cast<const Item*>(args.from);
  Item* to = static_cast<Item*>(args.to);
  const Index step = Index(gridDim.x) * blockDim.x * kCopyItems;
  for (Index first = Index(blockIdx.x) * blockDim.x * kCopyItems + threadIdx.x; first < args.count; first += step) {
    Item items[kCopyItems];
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      Index rest = first + Index(k) * blockDim.x;
      if (rest >= args.count) continue;
      const int64_t column = int64_t(takeDigit(rest, args.inner)), index = int64_t(takeDigit(rest, args.indices));
      const int64_t row = int64_t(rest) * args.rows + rowAt(args.lookup, index);
      items[k] = from[row * int64_t(args.inner.size) + column];
    }
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      const Index i = first + Index(k) * blockDim.x;
      if (i < args.count) to[i] = items[k];
    }
  }
}

}  // namespace hornet

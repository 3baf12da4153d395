// Pads: each item of the target is one of the source or the value. Items are unsigned integers of their size, uint4 for
// 16 bytes.
#include "slice.h"

namespace hornet {

template <class Item, class Index>
__device__ void padItems(const PadArgs<Index>& args) {
  if (args.fault != nullptr && hasFault(args.fault)) return;
  const Item value = *reinterpret_cast<const Item*>(args.value);
  const Item* from = static_cast<const Item*>(args.from);
  Item* to = static_cast<Item*>(args.to);
  const Index step = Index(gridDim.x) * blockDim.x * kCopyItems;
  for (Index first = Index(blockIdx.x) * blockDim.x * kCopyItems + threadIdx.x; first < args.count; first += step) {
    Item items[kCopyItems];
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      items[k] = value;
      Index rest = first + Index(k) * blockDim.x;
      bool isInside = rest < args.count;
      int64_t source = 0;
      for (int d = args.rank - 1; d >= 0; d--) {
        const int64_t place = int64_t(takeDigit(rest, args.targetSizes[d])) - args.lo[d];
        if (place < 0) isInside = false;
        Index at = place < 0 ? Index(0) : Index(place);
        if (args.spacing[d].size != 1 && takeDigit(at, args.spacing[d]) != 0) isInside = false;
        if (int64_t(at) >= args.sizes[d]) isInside = false;
        source += int64_t(at) * args.fromStrides[d];
      }
      if (isInside) items[k] = from[source];
    }
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      const Index i = first + Index(k) * blockDim.x;
      if (i < args.count) to[i] = items[k];
    }
  }
}

}  // namespace hornet

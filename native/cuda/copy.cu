// Copies between strided views. Items are unsigned integers of their size, uint4 for 16 bytes.
#include "copy.h"

namespace hornet {

__device__ inline bool isSpoilt(const FaultRecord* fault) { return fault != nullptr && hasFault(fault); }

__device__ void copyDense(const DenseCopyArgs& args) {
  if (isSpoilt(args.fault)) return;
  const uint4* from = static_cast<const uint4*>(args.from);
  uint4* to = static_cast<uint4*>(args.to);
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kCopyItems;
  for (int64_t first = int64_t(blockIdx.x) * blockDim.x * kCopyItems + threadIdx.x; first < args.vectors;
       first += step) {
    uint4 values[kCopyItems];
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      const int64_t i = first + k * blockDim.x;
      if (i < args.vectors) values[k] = from[i];
    }
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      const int64_t i = first + k * blockDim.x;
      if (i < args.vectors) to[i] = values[k];
    }
  }
  if (blockIdx.x == 0 && int32_t(threadIdx.x) < args.tail) {
    const int64_t at = args.vectors * kVectorBytes + threadIdx.x;
    static_cast<uint8_t*>(args.to)[at] = static_cast<const uint8_t*>(args.from)[at];
  }
}

template <class Index>
struct CopyPlace {
  int64_t from = 0, to = 0;

  __device__ CopyPlace(Index at, int rank, const Radix<Index>* sizes, const int64_t* fromStrides,
                       const int64_t* toStrides) {
    for (int d = rank - 1; d > 0; d--) {
      const int64_t digit = int64_t(takeDigit(at, sizes[d]));
      from += digit * fromStrides[d];
      to += digit * toStrides[d];
    }
    if (rank > 0) {
      from += int64_t(at) * fromStrides[0];
      to += int64_t(at) * toStrides[0];
    }
  }
};

/// Copies this thread's items: all loads of a round come before its stores.
template <class From, class To, class Index, class Widen>
__device__ inline void copyItems(const CopyArgs<Index>& args, const From* from, To* to, Widen widen) {
  const Index step = Index(gridDim.x) * blockDim.x * kCopyItems;
  for (Index first = Index(blockIdx.x) * blockDim.x * kCopyItems + threadIdx.x; first < args.count; first += step) {
    From values[kCopyItems];
    int64_t targets[kCopyItems];
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      const Index i = first + Index(k) * blockDim.x;
      if (i >= args.count) continue;
      const CopyPlace<Index> place(i, args.rank, args.sizes, args.fromStrides, args.toStrides);
      values[k] = from[place.from];
      targets[k] = place.to;
    }
#pragma unroll
    for (int k = 0; k < kCopyItems; k++) {
      if (first + Index(k) * blockDim.x < args.count) to[targets[k]] = widen(values[k]);
    }
  }
}

struct AsItIs {
  template <class Item>
  __device__ Item operator()(Item item) const {
    return item;
  }
};

template <class Item, class Index>
__device__ void copyStrided(const CopyArgs<Index>& args) {
  if (isSpoilt(args.fault)) return;
  copyItems(args, static_cast<const Item*>(args.from), static_cast<Item*>(args.to), AsItIs{});
}

/// The offset of a window's first item.
__device__ inline int64_t windowOffset(const WindowStart& start) {
  int64_t offset = 0;
  for (int d = 0; d < start.rank; d++) {
    const int64_t at = start.isLong ? static_cast<const int64_t*>(start.numbers)[d]
                                    : int64_t(static_cast<const int32_t*>(start.numbers)[d]);
    offset += (at < 0 ? 0 : at > start.limits[d] ? start.limits[d] : at) * start.strides[d];
  }
  return offset;
}

template <class Item, class Index>
__device__ void copyWindow(const WindowCopyArgs<Index>& args) {
  if (isSpoilt(args.copy.fault)) return;
  const int64_t offset = windowOffset(args.start);
  copyItems(args.copy, static_cast<const Item*>(args.copy.from) + (args.start.movesTarget ? 0 : offset),
            static_cast<Item*>(args.copy.to) + (args.start.movesTarget ? offset : 0), AsItIs{});
}

/// As many equal items as fill a vector.
template <class Item>
struct alignas(kVectorBytes) Repeated {
  static constexpr int count = kVectorBytes / int(sizeof(Item));
  Item items[count];
};

struct Repeat {
  template <class Item>
  __device__ Repeated<Item> operator()(Item item) const {
    Repeated<Item> vector;
#pragma unroll
    for (int i = 0; i < Repeated<Item>::count; i++) vector.items[i] = item;
    return vector;
  }
};

/// The innermost dimension repeats one item of the source; the target is counted in vectors.
template <class Item, class Index>
__device__ void copyRepeated(const CopyArgs<Index>& args) {
  if (isSpoilt(args.fault)) return;
  copyItems(args, static_cast<const Item*>(args.from), static_cast<Repeated<Item>*>(args.to), Repeat{});
}

template <class Item>
__device__ void copyTransposed(const TransposeArgs& args) {
  constexpr int side = transposeSide(sizeof(Item)), padding = sizeof(Item) < 4 ? 4 / int(sizeof(Item)) : 1;
  __shared__ Item tile[side][side + padding];
  if (isSpoilt(args.fault)) return;
  for (uint32_t t = blockIdx.x; t < args.tiles; t += gridDim.x) {
    uint32_t at = t;
    // Neighbouring blocks write neighbouring tiles of a row.
    const int64_t column = int64_t(takeDigit(at, args.columnTiles)) * side;
    const int64_t row = int64_t(takeDigit(at, args.rowTiles)) * side;
    const CopyPlace<uint32_t> place(at, args.rank, args.sizes, args.fromStrides, args.toStrides);
    const Item* from = static_cast<const Item*>(args.from) + place.from + column * args.columnFromStride + row;
    Item* to = static_cast<Item*>(args.to) + place.to + row * args.rowToStride + column;
    const int rows = args.rows - row < side ? int(args.rows - row) : side;
    const int columns = args.columns - column < side ? int(args.columns - column) : side;
#pragma unroll
    for (int i = 0; i < side * side; i += kCopyThreads) {
      const int c = (i + int(threadIdx.x)) / side, r = (i + int(threadIdx.x)) % side;
      if (c < columns && r < rows) tile[c][r] = from[c * args.columnFromStride + r];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < side * side; i += kCopyThreads) {
      const int r = (i + int(threadIdx.x)) / side, c = (i + int(threadIdx.x)) % side;
      if (c < columns && r < rows) to[r * args.rowToStride + c] = tile[c][r];
    }
    __syncthreads();
  }
}

}  // namespace hornet

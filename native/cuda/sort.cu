// Sorting rows: short ones in shared memory, several to a block; of long ones the keys for a radix sort and its
// results, or the best few. Entries of a key and its index are all different, which makes any sort of them stable.
#include "sort.h"

#include "../sort_key.h"

namespace hornet {

namespace {

constexpr int kBlock = 256;
constexpr int kSquare = 32;  // rows and positions that are transposed together

/// A key and where its value was, in the order of keys and then of indices.
template <class Key>
struct Entry {
  uint64_t bits;
  __device__ static Entry make(Key key, uint32_t index) { return {uint64_t(key) << 32 | index}; }
  __device__ static Entry last() { return {~uint64_t(0)}; }
  __device__ uint32_t index() const { return uint32_t(bits); }
  __device__ bool operator<(const Entry& other) const { return bits < other.bits; }
};

template <>
struct Entry<uint64_t> {
  uint64_t key, place;
  __device__ static Entry make(uint64_t key, uint32_t index) { return {key, index}; }
  __device__ static Entry last() { return {~uint64_t(0), ~uint64_t(0)}; }
  __device__ uint32_t index() const { return uint32_t(place); }
  __device__ bool operator<(const Entry& other) const {
    return key != other.key ? key < other.key : place < other.place;
  }
};

/// Sorts each `width` of the slots, a power of 2 (Batcher's bitonic sort). Begins and ends with all threads waiting.
template <class E>
__device__ inline void sortSlots(E* slots, int width) {
  __syncthreads();
  for (int size = 2; size <= width; size *= 2) {
    for (int stride = size / 2; stride > 0; stride /= 2) {
      for (int i = int(threadIdx.x); i < kSortSlots / 2; i += kBlock) {
        const int low = 2 * i - (i & (stride - 1)), high = low + stride;
        const bool isAscending = (low & (width - 1) & size) == 0;
        const E a = slots[low], b = slots[high];
        if ((b < a) == isAscending) {
          slots[low] = b;
          slots[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

/// Where the position 0 of a row is.
__device__ inline int64_t rowStart(int64_t row, int64_t length, int64_t inner) {
  return inner == 1 ? row * length : row / inner * length * inner + row % inner;
}

}  // namespace

/// Rows of at most kSortSlots values, as many to a block as have place.
template <class T>
__device__ void sortRows(const SortArgs& args) {
  using E = Entry<SortKey<T>>;
  __shared__ E slots[kSortSlots];
  const T* x = static_cast<const T*>(args.x);
  T* values = static_cast<T*>(args.values);
  const int rows = kSortSlots / args.width;
  const int64_t firstRow = int64_t(blockIdx.x) * rows;
  const bool isContiguous = args.inner == 1;
  for (int k = int(threadIdx.x); k < kSortSlots; k += kBlock) {
    const int row = isContiguous ? k / args.width : k % rows, at = isContiguous ? k % args.width : k / rows;
    E entry = E::last();
    if (at < args.length && firstRow + row < args.rows) {
      const T value = x[rowStart(firstRow + row, args.length, args.inner) + at * args.inner];
      entry = E::make(sortKey(value, args.isDescending), uint32_t(at));
    }
    slots[row * args.width + at] = entry;
  }
  sortSlots(slots, args.width);
  for (int k = int(threadIdx.x); k < kSortSlots; k += kBlock) {
    const int row = isContiguous ? k / args.width : k % rows, at = isContiguous ? k % args.width : k / rows;
    if (at >= args.kept || firstRow + row >= args.rows) continue;
    const int64_t to = rowStart(firstRow + row, args.kept, args.inner) + at * args.inner;
    const int64_t index = slots[row * args.width + at].index();
    values[to] = x[rowStart(firstRow + row, args.length, args.inner) + index * args.inner];
    args.indices[to] = int32_t(index);
  }
}

/// The keys of rows, row by row.
template <class T>
__device__ void sortKeys(const SortArgs& args) {
  const T* x = static_cast<const T*>(args.x);
  SortKey<T>* keys = static_cast<SortKey<T>*>(args.keys);
  if (args.inner == 1) {
    const int64_t count = args.rows * args.length;
    for (int64_t i = int64_t(blockIdx.x) * kBlock + threadIdx.x; i < count; i += int64_t(gridDim.x) * kBlock)
      keys[i] = sortKey(x[args.firstRow * args.length + i], args.isDescending);
    return;
  }
  __shared__ SortKey<T> square[kSquare][kSquare + 1];
  const int across = int(threadIdx.x) % kSquare, down = int(threadIdx.x) / kSquare;
  const int64_t squares = (args.length + kSquare - 1) / kSquare;
  const int64_t count = (args.rows + kSquare - 1) / kSquare * squares;
  for (int64_t k = blockIdx.x; k < count; k += gridDim.x) {
    const int64_t row = k / squares * kSquare, at = k % squares * kSquare;
    const int64_t start = rowStart(args.firstRow + row + across, args.length, args.inner);
    for (int i = down; i < kSquare; i += kBlock / kSquare) {
      if (row + across < args.rows && at + i < args.length)
        square[across][i] = sortKey(x[start + (at + i) * args.inner], args.isDescending);
    }
    __syncthreads();
    for (int i = down; i < kSquare; i += kBlock / kSquare) {
      if (row + i < args.rows && at + across < args.length)
        keys[(row + i) * args.length + at + across] = square[i][across];
    }
    __syncthreads();
  }
}

/// Values and indices of rows, from the positions that a sort of their keys gave.
template <class T>
__device__ void sortResults(const SortArgs& args) {
  const T* x = static_cast<const T*>(args.x);
  T* values = static_cast<T*>(args.values);
  if (args.inner == 1) {
    const int64_t count = args.rows * args.kept;
    for (int64_t i = int64_t(blockIdx.x) * kBlock + threadIdx.x; i < count; i += int64_t(gridDim.x) * kBlock) {
      const int64_t row = i / args.kept, to = args.firstRow * args.kept + i;
      const int32_t position = args.positions[row * args.length + i % args.kept];
      values[to] = x[(args.firstRow + row) * args.length + position];
      args.indices[to] = position;
    }
    return;
  }
  __shared__ int32_t square[kSquare][kSquare + 1];
  const int across = int(threadIdx.x) % kSquare, down = int(threadIdx.x) / kSquare;
  const int64_t squares = (args.kept + kSquare - 1) / kSquare;
  const int64_t count = (args.rows + kSquare - 1) / kSquare * squares;
  for (int64_t k = blockIdx.x; k < count; k += gridDim.x) {
    const int64_t row = k / squares * kSquare, at = k % squares * kSquare;
    for (int i = down; i < kSquare; i += kBlock / kSquare) {
      if (row + i < args.rows && at + across < args.kept)
        square[i][across] = args.positions[(row + i) * args.length + at + across];
    }
    __syncthreads();
    const int64_t from = rowStart(args.firstRow + row + across, args.length, args.inner);
    const int64_t to = rowStart(args.firstRow + row + across, args.kept, args.inner);
    for (int i = down; i < kSquare; i += kBlock / kSquare) {
      if (row + across >= args.rows || at + i >= args.kept) continue;
      const int32_t position = square[across][i];
      values[to + (at + i) * args.inner] = x[from + position * args.inner];
      args.indices[to + (at + i) * args.inner] = position;
    }
    __syncthreads();
  }
}

/// The largest values of a part of a row. Of what comes, only entries before the last of the best so far take a slot;
/// when the slots are full they are sorted, and the best stay.
template <class T>
__device__ void selectLargest(const SelectArgs& args) {
  using E = Entry<SortKey<T>>;
  __shared__ E slots[kSortSlots];
  __shared__ int used;
  const int64_t row = blockIdx.x / args.parts, part = blockIdx.x % args.parts;
  const int64_t begin = args.count * part / args.parts, end = args.count * (part + 1) / args.parts;
  const int kept = int(args.kept);
  const T* x = static_cast<const T*>(args.x) + row * args.length;
  const E* entries = args.entries == nullptr ? nullptr : static_cast<const E*>(args.entries) + row * args.count;
  E bound = E::last();
  if (threadIdx.x == 0) used = 0;
  __syncthreads();
  for (int64_t first = begin; first < end; first += kSelectStep) {
    const int filled = used;
    __syncthreads();
    if (filled > kSortSlots - kSelectStep) {
      for (int i = filled + int(threadIdx.x); i < kSortSlots; i += kBlock) slots[i] = E::last();
      sortSlots(slots, kSortSlots);
      bound = slots[kept - 1];
      if (threadIdx.x == 0) used = kept;
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < kSelectStep / kBlock; i++) {
      const int64_t at = first + i * kBlock + threadIdx.x;
      if (at >= end) break;
      const E entry = entries == nullptr ? E::make(sortKey(x[at], true), uint32_t(at)) : entries[at];
      if (entry < bound) slots[atomicAdd(&used, 1)] = entry;
    }
    __syncthreads();
  }
  for (int i = used + int(threadIdx.x); i < kSortSlots; i += kBlock) slots[i] = E::last();
  sortSlots(slots, kSortSlots);
  for (int i = int(threadIdx.x); i < kept; i += kBlock) {
    if (args.selected != nullptr) {
      static_cast<E*>(args.selected)[blockIdx.x * args.kept + i] = slots[i];
    } else {
      const int64_t index = slots[i].index();
      static_cast<T*>(args.values)[row * args.kept + i] = x[index];
      args.indices[row * args.kept + i] = int32_t(index);
    }
  }
}

}  // namespace hornet

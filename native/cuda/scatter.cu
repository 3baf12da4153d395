// Scatters: rows updated by indices. See scatter.h for their order.
#include "scatter.h"

#include "../fold.h"
#include "pack.h"

namespace hornet {

template <class Key>
__device__ void resolveRows(const RowOrderArgs& args) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.lookup.count; i += step) {
    static_cast<Key*>(args.keys)[i] = Key(rowAt(args.lookup, i));
  }
}

/// An index's place in the order is the number of those that come before it.
template <class Key>
__device__ void rankRows(const RowOrderArgs& args) {
  __shared__ Key tile[kCopyThreads];
  const int count = int(args.lookup.count), own = int(blockIdx.x) * kCopyThreads + int(threadIdx.x);
  const Key key = own < count ? Key(rowAt(args.lookup, own)) : Key(0);
  int place = 0;
  for (int first = 0; first < count; first += kCopyThreads) {
    const int i = first + int(threadIdx.x);
    if (i < count) tile[threadIdx.x] = Key(rowAt(args.lookup, i));
    __syncthreads();
    const int n = count - first < kCopyThreads ? count - first : kCopyThreads;
    for (int j = 0; j < n; j++) place += int(tile[j] < key || (tile[j] == key && first + j < own));
    __syncthreads();
  }
  if (own < count) {
    static_cast<Key*>(args.keys)[place] = key;
    args.order[place] = own;
  }
}

template <class T>
struct ScatterCompute {
  using Type = T;
};
template <>
struct ScatterCompute<Float16> {
  using Type = float;
};
template <>
struct ScatterCompute<BFloat16> {
  using Type = float;
};
template <>
struct ScatterCompute<Bool8> {
  using Type = int32_t;
};

/// The update of a pack of one row: its updates so far, and where they go.
template <class T, class Op, int N>
struct RowUpdate {
  using Compute = typename ScatterCompute<T>::Type;
  Pack<Compute, N> sum;

  __device__ void clear() {
#pragma unroll
    for (int j = 0; j < N; j++) sum.at[j] = Op::template identity<Compute>;
  }
  template <class U>
  __device__ void add(const Pack<U, N>& update) {
#pragma unroll
    for (int j = 0; j < N; j++) sum.at[j] = Compute(Op::apply(sum.at[j], convert<Compute>(update.at[j])));
  }
  __device__ void combineWith(Pack<T, N>& target) const {
    Pack<T, N> row = target;
#pragma unroll
    for (int j = 0; j < N; j++) row.at[j] = convert<T>(Compute(Op::apply(convert<Compute>(row.at[j]), sum.at[j])));
    target = row;
  }
};

/// A thread per chunk and pack of a row. Updates are read in batches: loads that are under way at once.
template <class T, class Op, int N, class Key>
__device__ void scatterChunks(const ScatterArgs& args) {
  using Compute = typename ScatterCompute<T>::Type;
  constexpr int batch = N == 1 ? 8 : 4;
  if (args.guard != nullptr && hasFault(args.guard)) return;
  const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (thread >= args.outer * args.chunks * args.inner) return;
  const int64_t column = thread % args.inner, chunk = thread / args.inner % args.chunks;
  const int64_t outer = thread / args.inner / args.chunks;
  const int64_t begin = chunk * args.chunk, end = begin + args.chunk < args.count ? begin + args.chunk : args.count;
  const Key* keys = static_cast<const Key*>(args.keys);
  const Pack<T, N>* updates = static_cast<const Pack<T, N>*>(args.updates) + outer * args.count * args.inner + column;
  Pack<T, N>* to = static_cast<Pack<T, N>*>(args.to) + outer * args.rows * args.inner + column;
  const int64_t partial = (chunk * args.outer + outer) * args.inner + column;
  Pack<Compute, N>* heads = static_cast<Pack<Compute, N>*>(args.heads) + partial;

  bool startsHere = begin == 0 || keys[begin - 1] != keys[begin], isOpen = false;
  RowUpdate<T, Op, N> row;
  row.clear();
  for (int64_t first = begin; first < end; first += batch) {
    Pack<T, N> loaded[batch];
    Key own[batch + 1];
#pragma unroll
    for (int i = 0; i < batch; i++) {
      if (first + i < end) loaded[i] = updates[args.order[first + i] * args.inner];
    }
#pragma unroll
    for (int i = 0; i <= batch; i++) own[i] = first + i < args.count ? keys[first + i] : Key(0);
#pragma unroll
    for (int i = 0; i < batch; i++) {
      if (first + i >= end) continue;
      row.add(loaded[i]);
      isOpen = first + i + 1 < args.count && own[i + 1] == own[i];
      if (isOpen) continue;
      if (startsHere)
        row.combineWith(to[int64_t(own[i]) * args.inner]);
      else
        *heads = row.sum;
      row.clear();
      startsHere = true;
    }
  }
  if (!isOpen) return;
  if (startsHere)
    static_cast<Pack<Compute, N>*>(args.tails)[partial] = row.sum;
  else
    *heads = row.sum;
}

/// The first place after those of a key, from a place of the key on.
template <class Key>
__device__ inline int64_t endOf(const Key* keys, int64_t place, int64_t count) {
  const Key key = keys[place];
  int64_t low = place + 1, high = count;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (keys[middle] == key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// Rows with updates in several chunks. A thread per chunk that such a row begins in, and pack of the row.
template <class T, class Op, int N, class Key>
__device__ void joinChunks(const ScatterArgs& args) {
  using Compute = typename ScatterCompute<T>::Type;
  constexpr int batch = 8;
  if (args.guard != nullptr && hasFault(args.guard)) return;
  const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (thread >= args.outer * args.chunks * args.inner) return;
  const int64_t column = thread % args.inner, chunk = thread / args.inner % args.chunks;
  const int64_t outer = thread / args.inner / args.chunks;
  const int64_t begin = chunk * args.chunk, last = begin + args.chunk - 1;
  const Key* keys = static_cast<const Key*>(args.keys);
  if (last + 1 >= args.count || keys[last] != keys[last + 1]) return;
  if (begin > 0 && keys[begin - 1] == keys[last]) return;

  const int64_t stride = args.outer * args.inner, lastChunk = (endOf(keys, last, args.count) - 1) / args.chunk;
  const Pack<Compute, N>* heads = static_cast<const Pack<Compute, N>*>(args.heads) + outer * args.inner + column;
  RowUpdate<T, Op, N> row;
  row.sum = static_cast<const Pack<Compute, N>*>(args.tails)[chunk * stride + outer * args.inner + column];
  for (int64_t first = chunk + 1; first <= lastChunk; first += batch) {
    Pack<Compute, N> loaded[batch];
#pragma unroll
    for (int i = 0; i < batch; i++) {
      if (first + i <= lastChunk) loaded[i] = heads[(first + i) * stride];
    }
#pragma unroll
    for (int i = 0; i < batch; i++) {
      if (first + i <= lastChunk) row.add(loaded[i]);
    }
  }
  row.combineWith(static_cast<Pack<T, N>*>(args.to)[(outer * args.rows + int64_t(keys[last])) * args.inner + column]);
}

/// Of several updates of a row the last one stays.
template <class Item, class Key, class Index>
__device__ void replaceRows(const ReplaceArgs<Index>& args) {
  if (args.guard != nullptr && hasFault(args.guard)) return;
  const Item* updates = static_cast<const Item*>(args.updates);
  Item* to = static_cast<Item*>(args.to);
  const Key* keys = static_cast<const Key*>(args.keys);
  const int64_t inner = int64_t(args.inner.size), places = int64_t(args.places.size);
  const Index step = Index(gridDim.x) * blockDim.x;
  for (Index i = Index(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    Index rest = i;
    const int64_t column = int64_t(takeDigit(rest, args.inner)), place = int64_t(takeDigit(rest, args.places));
    if (place + 1 < places && keys[place + 1] == keys[place]) continue;
    const int64_t outer = int64_t(rest);
    to[(outer * args.rows + int64_t(keys[place])) * inner + column] =
        updates[(outer * places + args.order[place]) * inner + column];
  }
}

/// Sums in no order: only where results may differ from run to run.
template <class Index>
__device__ void addAtOnce(const AddAtOnceArgs<Index>& args) {
  if (args.guard != nullptr && hasFault(args.guard)) return;
  const Index step = Index(gridDim.x) * blockDim.x;
  for (Index i = Index(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    Index rest = i;
    const int64_t column = int64_t(takeDigit(rest, args.inner)), index = int64_t(takeDigit(rest, args.indices));
    const int64_t row = int64_t(rest) * args.rows + rowAt(args.lookup, index);
    atomicAdd(args.to + row * int64_t(args.inner.size) + column, args.updates[i]);
  }
}

}  // namespace hornet

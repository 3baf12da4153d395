// Reductions: threads, warps or blocks per row where rows are folded, threads side by side where columns are. A thread
// folds at most 64 values in a row in the type of computation; sums of floats are gathered in double from there on.
#include "reduce.h"

#include "block_reduce.h"
#include "compute_type.h"
#include "pack.h"

namespace hornet {

namespace {

constexpr int kBlock = 256;
constexpr int kWarps = kBlock / 32;

}  // namespace

/// A fold of values by an operation of fold.h. T is folded within a thread, Partial across threads and blocks.
template <class In, class Out, class Op>
struct FoldValues {
  using Item = In;
  using Operation = Op;
  using T = ComputeType<In>;
  using Partial = Gathered<T>;
  __device__ static T neutral() { return Op::template identity<T>; }
  __device__ static T take(In item, int64_t) { return convert<T>(item); }
  __device__ static Partial partial(T value) { return Partial(value); }
  __device__ static void store(void* y, int64_t at, Partial result) {
    static_cast<Out*>(y)[at] = convert<Out>(T(result));
  }
};

/// Where the best value is, by Maximum or Minimum.
template <class In, class Op>
struct FoldPlaces {
  using Item = In;
  using Operation = First<Op>;
  using T = Indexed<ComputeType<In>>;
  using Partial = T;
  __device__ static T neutral() { return Operation::template neutral<ComputeType<In>>(); }
  __device__ static T take(In item, int64_t at) { return {convert<ComputeType<In>>(item), int32_t(at)}; }
  __device__ static Partial partial(T value) { return value; }
  __device__ static void store(void* y, int64_t at, Partial result) { static_cast<int32_t*>(y)[at] = result.index; }
};

/// The partial results of another fold.
template <class Earlier>
struct FoldPartials : Earlier {
  using Item = typename Earlier::Partial;
  using T = Item;
  __device__ static T neutral() { return Earlier::partial(Earlier::neutral()); }
  __device__ static T take(Item item, int64_t) { return item; }
  __device__ static Item partial(T value) { return value; }
};

namespace {

/// Folds the packs first, first + step, … below end, which `load` brings, into `sums`.
template <class Fold, int kPack, class Load>
__device__ inline void foldPacks(const Load& load, int64_t first, int64_t end, int64_t step,
                                 typename Fold::Partial (&sums)[kPack]) {
  using T = typename Fold::T;
  using Op = typename Fold::Operation;
  using Items = Pack<typename Fold::Item, kPack>;
  for (int i = 0; i < kPack; i++) sums[i] = Fold::partial(Fold::neutral());
  int64_t at = first;
  while (at < end) {
    T lanes[kPack];
    for (int i = 0; i < kPack; i++) lanes[i] = Fold::neutral();
    for (int round = 0; round < 16 && at < end; round++) {
      if (at + 3 * step < end) {
        const Items a = load(at), b = load(at + step), c = load(at + 2 * step), d = load(at + 3 * step);
#pragma unroll
        for (int i = 0; i < kPack; i++) {
          const T early = Op::apply(load.take(a, i, at), load.take(b, i, at + step));
          const T late = Op::apply(load.take(c, i, at + 2 * step), load.take(d, i, at + 3 * step));
          lanes[i] = Op::apply(lanes[i], Op::apply(early, late));
        }
        at += 4 * step;
      } else {
        const Items a = load(at);
#pragma unroll
        for (int i = 0; i < kPack; i++) lanes[i] = Op::apply(lanes[i], load.take(a, i, at));
        at += step;
      }
    }
    for (int i = 0; i < kPack; i++) sums[i] = Op::apply(sums[i], Fold::partial(lanes[i]));
  }
}

/// Position of the reduced dimensions -> offset, where a row has `columns` values. Not `kMany`: `reduced` is 1.
template <bool kMany>
__device__ inline int64_t reducedOffset(const ReduceArgs& args, int64_t position) {
  if constexpr (!kMany) return position * args.columns;
  const bool isShort = args.reduced * args.rows <= 0xffffffff;
  const int64_t segment = isShort ? uint32_t(position) / uint32_t(args.rows) : position / args.rows;
  return args.reducedPlaces.offset(segment) + (position - segment * args.rows) * args.columns;
}

/// Packs along a row.
template <class Fold, int kPack, bool kMany>
struct RowLoad {
  using Items = Pack<typename Fold::Item, kPack>;
  const ReduceArgs& args;
  const typename Fold::Item* row;

  __device__ Items operator()(int64_t pack) const {
    return *reinterpret_cast<const Items*>(row + reducedOffset<kMany>(args, pack * kPack));
  }
  __device__ typename Fold::T take(const Items& items, int i, int64_t pack) const {
    return Fold::take(items.at[i], pack * kPack + i);
  }
};

/// Packs below each other.
template <class Fold, int kPack, bool kMany>
struct ColumnLoad {
  using Items = Pack<typename Fold::Item, kPack>;
  const ReduceArgs& args;
  const typename Fold::Item* columns;

  __device__ Items operator()(int64_t position) const {
    return *reinterpret_cast<const Items*>(columns + reducedOffset<kMany>(args, position));
  }
  __device__ typename Fold::T take(const Items& items, int i, int64_t position) const {
    return Fold::take(items.at[i], position);
  }
};

template <class Fold>
__device__ inline void storeResult(const ReduceArgs& args, int64_t split, int64_t at, typename Fold::Partial result) {
  if (args.partials == nullptr)
    Fold::store(args.y, at, result);
  else
    static_cast<typename Fold::Partial*>(args.partials)[split * args.kept * args.columns + at] = result;
}

template <class Op, int kPack, class T>
__device__ inline T foldLanes(const T (&lanes)[kPack]) {
  T left[kPack];
#pragma unroll
  for (int i = 0; i < kPack; i++) left[i] = lanes[i];
#pragma unroll
  for (int half = kPack / 2; half > 0; half /= 2) {
#pragma unroll
    for (int i = 0; i < half; i++) left[i] = Op::apply(left[i], left[i + half]);
  }
  return left[0];
}

}  // namespace

/// Rows of at most 512 packs: `kLanes` lanes for each.
template <class Fold, bool kMany, int kPack, int kLanes>
__device__ void reduceShortRows(const ReduceArgs& args) {
  using T = typename Fold::T;
  using Op = typename Fold::Operation;
  constexpr int rows = kBlock / kLanes;
  const int64_t packs = args.reduced * args.rows / kPack;
  const int lane = int(threadIdx.x) % kLanes;
  for (int64_t first = int64_t(blockIdx.x) * rows; first < args.kept; first += int64_t(gridDim.x) * rows) {
    const int64_t row = first + threadIdx.x / kLanes;
    const bool isThere = row < args.kept;
    const RowLoad<Fold, kPack, kMany> load{
        args, static_cast<const typename Fold::Item*>(args.x) + args.keptPlaces.offset(isThere ? row : 0)};
    T lanes[kPack];
    for (int i = 0; i < kPack; i++) lanes[i] = Fold::neutral();
#pragma unroll 4
    for (int64_t at = lane; at < packs; at += kLanes) {
      const Pack<typename Fold::Item, kPack> items = load(at);
#pragma unroll
      for (int i = 0; i < kPack; i++) lanes[i] = Op::apply(lanes[i], load.take(items, i, at));
    }
    const T result = warpReduce<Op, kLanes>(foldLanes<Op>(lanes));
    if (isThere && lane == 0) storeResult<Fold>(args, 0, row, Fold::partial(result));
  }
}

/// A block per row, or per share of a row.
template <class Fold, bool kMany, int kPack>
__device__ void reduceLongRows(const ReduceArgs& args) {
  using Partial = typename Fold::Partial;
  using Op = typename Fold::Operation;
  const int64_t row = blockIdx.x / args.splits, split = blockIdx.x % args.splits;
  const int64_t packs = args.reduced * args.rows / kPack;
  const int64_t first = packs * split / args.splits, end = packs * (split + 1) / args.splits;
  const typename Fold::Item* values = static_cast<const typename Fold::Item*>(args.x) + args.keptPlaces.offset(row);
  Partial sums[kPack];
  foldPacks<Fold>(RowLoad<Fold, kPack, kMany>{args, values}, first + threadIdx.x, end, kBlock, sums);
  Partial result = foldLanes<Op>(sums);
  if (split == args.splits - 1 && threadIdx.x < args.tail) {
    const int64_t at = packs * kPack + threadIdx.x;
    result = Op::apply(result, Fold::partial(Fold::take(values[at], at)));
  }
  result = blockReduce<Op, kBlock>(result);
  if (threadIdx.x == 0) storeResult<Fold>(args, split, row, result);
}

/// Few values below each other, or many columns: a thread per pack of columns.
template <class Fold, bool kMany, int kPack>
__device__ void reduceShortColumns(const ReduceArgs& args) {
  using Partial = typename Fold::Partial;
  const int64_t packs = args.columns / kPack, count = args.kept * packs;
  for (int64_t i = int64_t(blockIdx.x) * kBlock + threadIdx.x; i < count; i += int64_t(gridDim.x) * kBlock) {
    const int64_t position = i / packs, column = i % packs * kPack;
    const ColumnLoad<Fold, kPack, kMany> load{
        args, static_cast<const typename Fold::Item*>(args.x) + args.keptPlaces.offset(position) + column};
    Partial sums[kPack];
    foldPacks<Fold>(load, 0, args.reduced * args.rows, 1, sums);
#pragma unroll
    for (int k = 0; k < kPack; k++) storeResult<Fold>(args, 0, position * args.columns + column + k, sums[k]);
  }
}

/// Blocks of kWidth packs of columns, as many rows as there are threads left.
template <class Fold, bool kMany, int kPack, int kWidth>
__device__ void reduceColumns(const ReduceArgs& args) {
  using Partial = typename Fold::Partial;
  using Op = typename Fold::Operation;
  constexpr int height = kBlock / kWidth;
  __shared__ Partial shared[kWarps][kWidth * kPack];
  const int64_t widthBlocks = (args.columns / kPack + kWidth - 1) / kWidth;
  const int64_t split = blockIdx.x % args.splits, block = blockIdx.x / args.splits;
  const int64_t position = block / widthBlocks, firstColumn = block % widthBlocks * kWidth * kPack;
  const int64_t column = firstColumn + threadIdx.x % kWidth * kPack;
  const int64_t all = args.reduced * args.rows;
  const int64_t first = all * split / args.splits, end = all * (split + 1) / args.splits;
  const ColumnLoad<Fold, kPack, kMany> load{
      args, static_cast<const typename Fold::Item*>(args.x) + args.keptPlaces.offset(position) + column};
  Partial sums[kPack];
  foldPacks<Fold>(load, first + threadIdx.x / kWidth, column < args.columns ? end : first, height, sums);
#pragma unroll
  for (int i = 0; i < kPack; i++) {
#pragma unroll
    for (int mask = 16; mask >= kWidth; mask /= 2) sums[i] = Op::apply(sums[i], shuffleXor(sums[i], mask));
    if (threadIdx.x % 32 < kWidth) shared[threadIdx.x / 32][threadIdx.x % 32 * kPack + i] = sums[i];
  }
  __syncthreads();
  const int count = kWidth * kPack;
  for (int i = int(threadIdx.x); i < count; i += kBlock) {
    if (firstColumn + i >= args.columns) break;
    Partial results[kWarps];
#pragma unroll
    for (int warp = 0; warp < kWarps; warp++) results[warp] = shared[warp][i];
    storeResult<Fold>(args, split, position * args.columns + firstColumn + i, foldLanes<Op>(results));
  }
}

}  // namespace hornet

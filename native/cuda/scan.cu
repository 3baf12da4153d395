// Cumulative sums, products, maxima and minima. Rows are scanned by a warp or a block, columns by a thread each; for
// long axes the totals of their parts come first, then the scan of those, then the parts again from where they start.
#include "scan.h"

#include "block_reduce.h"
#include "compute_type.h"

namespace hornet {

namespace {

constexpr int kBlock = 256;

struct Part {
  int64_t column, begin, end;  // the column of outer x inner, positions in the order of the scan
};

__device__ inline Part partOf(const ScanArgs& args, int64_t index) {
  const int64_t part = index % args.parts, begin = part * args.partLength, end = begin + args.partLength;
  return {index / args.parts, begin, end < args.length ? end : args.length};
}

/// Where a position of an axis is in memory, in steps of `inner`.
__device__ inline int64_t placeOf(const ScanArgs& args, int64_t position) {
  return args.isReversed ? args.length - 1 - position : position;
}

/// Where a part of a column begins.
__device__ inline int64_t startOf(const ScanArgs& args, const Part& part) {
  const int64_t outer = part.column / args.inner, inner = part.column % args.inner;
  return (outer * args.length + placeOf(args, part.begin)) * args.inner + inner;
}

/// What comes before a part.
template <class Op, class T>
__device__ inline T carryOf(const ScanArgs& args, int64_t index) {
  if (args.totals == nullptr || index % args.parts == 0) return Op::template identity<T>;
  return static_cast<const T*>(args.totals)[index - 1];
}

/// Threads of a group of 32 or 256 wait for each other.
template <int kGroup>
__device__ inline void syncGroup() {
  if constexpr (kGroup == 32)
    __syncwarp();
  else
    __syncthreads();
}

}  // namespace

/// `kGroup` threads per part of a row: a warp or the block.
template <class In, class Out, class Op, int kGroup>
__device__ void scanRows(const ScanArgs& args) {
  using T = ComputeType<In>;
  using Total = Gathered<T>;
  constexpr int tile = kGroup * kScanItems, groups = kBlock / kGroup;
  __shared__ T shared[groups][tile + kGroup];  // a gap behind the items of each thread: they lie in different banks
  const int thread = int(threadIdx.x) % kGroup, group = int(threadIdx.x) / kGroup;
  T* own = shared[group] + thread * (kScanItems + 1);
  const int64_t count = args.outer * args.inner * args.parts;
  for (int64_t index = int64_t(blockIdx.x) * groups + group; index < count; index += int64_t(gridDim.x) * groups) {
    const Part part = partOf(args, index);
    const In* x = static_cast<const In*>(args.x) + part.column * args.length;
    Out* y = static_cast<Out*>(args.y) + part.column * args.length;
    Total carry = carryOf<Op, Total>(args, index);
    for (int64_t first = part.begin; first < part.end; first += tile) {
      const int64_t left = part.end - first;
#pragma unroll
      for (int i = 0; i < kScanItems; i++) {
        const int at = i * kGroup + thread;
        T value = Op::template identity<T>;
        if (at < left) value = convert<T>(x[placeOf(args, first + at)]);
        shared[group][at + at / kScanItems] = value;
      }
      syncGroup<kGroup>();
      Total values[kScanItems];
      Total total = Op::template identity<Total>;
#pragma unroll
      for (int i = 0; i < kScanItems; i++) values[i] = total = Op::apply(total, Total(own[i]));
      Scanned<Total> scanned;
      if constexpr (kGroup == 32)
        scanned = warpScanBefore<Op>(total, Op::template identity<Total>);
      else
        scanned = blockScanBefore<Op, kBlock>(total, Op::template identity<Total>);
      const Total before = Op::apply(carry, scanned.before);
      carry = Op::apply(carry, scanned.total);
#pragma unroll
      for (int i = 0; i < kScanItems; i++) own[i] = T(Op::apply(before, values[i]));
      syncGroup<kGroup>();
#pragma unroll
      for (int i = 0; i < kScanItems; i++) {
        const int at = i * kGroup + thread;
        if (at >= left) break;
        y[placeOf(args, first + at)] = convert<Out>(shared[group][at + at / kScanItems]);
      }
      syncGroup<kGroup>();
    }
  }
}

/// A thread per part of a column.
template <class In, class Out, class Op>
__device__ void scanColumns(const ScanArgs& args) {
  using T = ComputeType<In>;
  using Total = Gathered<T>;
  const int64_t columns = args.outer * args.inner, count = columns * args.parts;
  const int64_t step = args.isReversed ? -args.inner : args.inner;
  for (int64_t i = int64_t(blockIdx.x) * kBlock + threadIdx.x; i < count; i += int64_t(gridDim.x) * kBlock) {
    const int64_t index = i % columns * args.parts + i / columns;  // neighbours in memory side by side
    const Part part = partOf(args, index);
    const int64_t start = startOf(args, part);
    const In* x = static_cast<const In*>(args.x) + start;
    Out* y = static_cast<Out*>(args.y) + start;
    Total sum = carryOf<Op, Total>(args, index);
    for (int64_t left = part.end - part.begin; left > 0; left -= 4, x += 4 * step, y += 4 * step) {
      T values[4];
#pragma unroll
      for (int k = 0; k < 4; k++) values[k] = k < left ? convert<T>(x[k * step]) : Op::template identity<T>;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        sum = Op::apply(sum, Total(values[k]));
        if (k < left) y[k * step] = convert<Out>(T(sum));
      }
    }
  }
}

/// A block per part of a row.
template <class In, class Op>
__device__ void scanRowTotals(const ScanArgs& args) {
  using T = Gathered<ComputeType<In>>;
  const Part part = partOf(args, blockIdx.x);
  const In* x = static_cast<const In*>(args.x) + part.column * args.length;
  T total = Op::template identity<T>;
#pragma unroll 4
  for (int64_t at = part.begin + threadIdx.x; at < part.end; at += kBlock) {
    total = Op::apply(total, T(convert<ComputeType<In>>(x[placeOf(args, at)])));
  }
  total = blockReduce<Op, kBlock>(total);
  if (threadIdx.x == 0) static_cast<T*>(args.totals)[blockIdx.x] = total;
}

/// A thread per part of a column.
template <class In, class Op>
__device__ void scanColumnTotals(const ScanArgs& args) {
  using T = Gathered<ComputeType<In>>;
  const int64_t columns = args.outer * args.inner, count = columns * args.parts;
  const int64_t step = args.isReversed ? -args.inner : args.inner;
  for (int64_t i = int64_t(blockIdx.x) * kBlock + threadIdx.x; i < count; i += int64_t(gridDim.x) * kBlock) {
    const int64_t index = i % columns * args.parts + i / columns;
    const Part part = partOf(args, index);
    const In* x = static_cast<const In*>(args.x) + startOf(args, part);
    T total = Op::template identity<T>;
#pragma unroll 4
    for (int64_t left = part.end - part.begin; left > 0; left--, x += step) {
      total = Op::apply(total, T(convert<ComputeType<In>>(*x)));
    }
    static_cast<T*>(args.totals)[index] = total;
  }
}

}  // namespace hornet

// softmax and log_softmax along one axis. Rows that fit are read once and stay in registers; of longer ones, and of
// columns, the largest value and the sum are found in one pass. NaN and a row without finite values give NaN.
#include "softmax.h"

#include "block_reduce.h"
#include "pack.h"

namespace hornet {

/// The largest value, and the sum of the exponentials of the differences from it.
template <class C>
struct SoftmaxSum {
  C top, sum;

  static __device__ SoftmaxSum none() { return {-std::numeric_limits<C>::infinity(), C(0)}; }

  __device__ void add(C value) {
    if (value > top) {
      sum = sum * math::exp(top - value) + (value - value + C(1));  // NaN if infinite
      top = value;
    } else if (value != -std::numeric_limits<C>::infinity()) {
      sum += math::exp(value - top);
    }
  }

  static __device__ SoftmaxSum apply(SoftmaxSum a, SoftmaxSum b) {
    const C top = a.top > b.top ? a.top : b.top;
    return {top, a.scaledTo(top) + b.scaledTo(top)};
  }

  template <bool kIsLog>
  __device__ C factor() const {
    return kIsLog ? math::log(sum) : C(1) / sum;
  }

  __device__ C scaledTo(C other) const { return top == other ? sum : sum * math::exp(top - other); }
};

template <bool kIsLog, class C>
__device__ inline C softmaxValue(C value, C top, C factor) {
  return kIsLog ? value - top - factor : math::exp(value - top) * factor;
}

/// Rows that registers hold, see RowPlan.
template <class T, class C, bool kIsLog, int kLanes, int kPack, int kPacks>
__device__ void softmaxRows(const SoftmaxArgs& args) {
  const int groups = int(blockDim.x) / kLanes, lane = int(threadIdx.x) % kLanes;
  for (int64_t first = int64_t(blockIdx.x) * groups; first < args.rows; first += int64_t(gridDim.x) * groups) {
    const int64_t row = first + int(threadIdx.x) / kLanes, end = row < args.rows ? args.length : 0;
    const T* x = static_cast<const T*>(args.x) + row * args.length;
    T* y = static_cast<T*>(args.y) + row * args.length;
    C kept[kPacks][kPack];
    C top = -std::numeric_limits<C>::infinity(), sum = 0;
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = (int64_t(p) * kLanes + lane) * kPack;
      if (column < end) {
        loadPack(x + column, kept[p]);
      } else {
        for (int i = 0; i < kPack; ++i) kept[p][i] = -std::numeric_limits<C>::infinity();
      }
      for (int i = 0; i < kPack; ++i) top = Maximum::apply(top, kept[p][i]);
    }
    top = groupReduce<Maximum, kLanes>(top);
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      for (int i = 0; i < kPack; ++i) {
        kept[p][i] -= top;
        const C e = math::exp(kept[p][i]);
        sum += e;
        if (!kIsLog) kept[p][i] = e;
      }
    }
    sum = groupReduce<Sum, kLanes>(sum);
    const C factor = kIsLog ? math::log(sum) : C(1) / sum;
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      const int64_t column = (int64_t(p) * kLanes + lane) * kPack;
      for (int i = 0; i < kPack; ++i) kept[p][i] = kIsLog ? kept[p][i] - factor : kept[p][i] * factor;
      if (column < end) storePack(y + column, kept[p]);
    }
  }
}

/// One block per row.
template <class T, class C, bool kIsLog, int kPack>
__device__ void softmaxLong(const SoftmaxArgs& args) {
  for (int64_t row = blockIdx.x; row < args.rows; row += gridDim.x) {
    const T* x = static_cast<const T*>(args.x) + row * args.length;
    T* y = static_cast<T*>(args.y) + row * args.length;
    SoftmaxSum<C> own = SoftmaxSum<C>::none();
    C values[kPack];
    for (int64_t i = int64_t(threadIdx.x) * kPack; i < args.length; i += kSoftmaxLongThreads * kPack) {
      loadPack(x + i, values);
      for (int j = 0; j < kPack; ++j) own.add(values[j]);
    }
    const SoftmaxSum<C> all = blockReduce<SoftmaxSum<C>, kSoftmaxLongThreads>(own);
    const C factor = all.template factor<kIsLog>();
    for (int64_t i = int64_t(threadIdx.x) * kPack; i < args.length; i += kSoftmaxLongThreads * kPack) {
      loadPack(x + i, values);
      for (int j = 0; j < kPack; ++j) values[j] = softmaxValue<kIsLog>(values[j], all.top, factor);
      storePack(y + i, values);
    }
  }
}

/// Columns side by side: neighbouring threads read neighbouring columns, and `kLanes` threads share one.
template <class T, class C, bool kIsLog, int kLanes, int kBlock>
__device__ void softmaxColumns(const SoftmaxArgs& args) {
  constexpr int columns = kBlock / kLanes;
  const int lane = int(threadIdx.x) / columns, own = int(threadIdx.x) % columns;
  const int64_t count = args.rows * args.inner;
  for (int64_t first = int64_t(blockIdx.x) * columns; first < count; first += int64_t(gridDim.x) * columns) {
    const int64_t column = first + own, end = column < count ? args.length : 0;
    const int64_t offset = column / args.inner * args.length * args.inner + column % args.inner;
    const T* x = static_cast<const T*>(args.x) + offset;
    T* y = static_cast<T*>(args.y) + offset;
    SoftmaxSum<C> all = SoftmaxSum<C>::none();
    for (int64_t i = lane; i < end; i += kLanes) all.add(convert<C>(x[i * args.inner]));
    if constexpr (kLanes > 1) {
      __shared__ C tops[kBlock], sums[kBlock];
      tops[threadIdx.x] = all.top;
      sums[threadIdx.x] = all.sum;
      __syncthreads();
      all = {tops[own], sums[own]};
      for (int i = own + columns; i < kBlock; i += columns) {
        all = SoftmaxSum<C>::apply(all, SoftmaxSum<C>{tops[i], sums[i]});
      }
      __syncthreads();
    }
    const C factor = all.template factor<kIsLog>();
    for (int64_t i = lane; i < end; i += kLanes) {
      y[i * args.inner] = convert<T>(softmaxValue<kIsLog>(convert<C>(x[i * args.inner]), all.top, factor));
    }
  }
}

}  // namespace hornet

// softmax and log_softmax along one axis: rows where the axis is the last, columns side by side where it is not.
#include <algorithm>
#include <limits>

#include "../fast_math.h"
#include "../kernel.h"
#include "make.h"
#include "parallel.h"

namespace hornet {
namespace {

constexpr int64_t kParallelWork = 16384;  // exponentials that are worth a thread
constexpr int64_t kColumns = 64;          // columns side by side
constexpr int64_t kShort = 32;            // rows up to this length are turned into columns
constexpr int64_t kTurned = 16;           // as many at a time

/// Whether the exponentials wait in the result for their sum; half precision would round them twice.
template <class C, bool isLog, class T>
constexpr bool keepsExp = !isLog && std::is_same_v<C, T>;

template <class C, bool isLog, class T>
inline T softmaxValue(T x, T kept, C top, C factor) {
  if constexpr (keepsExp<C, isLog, T>) return kept * factor;
  const C value = convert<C>(x) - top;
  return convert<T>(isLog ? value - factor : math::exp(value) * factor);
}

/// `count` columns of values `step` apart; from and to may be the same.
template <class C, bool isLog, class T>
void softmaxColumns(const T* x, T* y, int64_t length, int64_t step, int64_t count) {
  C top[kColumns], sum[kColumns] = {}, factor[kColumns];
  std::fill_n(top, count, -std::numeric_limits<C>::infinity());
  for (int64_t i = 0; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) {
      const C value = convert<C>(x[i * step + j]);
      top[j] = value > top[j] ? value : top[j];
    }
  }
  for (int64_t i = 0; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) {
      const C e = math::exp(convert<C>(x[i * step + j]) - top[j]);
      if constexpr (keepsExp<C, isLog, T>) y[i * step + j] = e;
      sum[j] += e;
    }
  }
  for (int64_t j = 0; j < count; ++j) factor[j] = isLog ? std::log(sum[j]) : 1 / sum[j];
  for (int64_t i = 0; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) {
      y[i * step + j] = softmaxValue<C, isLog>(x[i * step + j], y[i * step + j], top[j], factor[j]);
    }
  }
}

template <class C, bool isLog, class T>
void softmaxRow(const T* x, T* y, int64_t length) {
  C top = -std::numeric_limits<C>::infinity(), sum = 0;
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < length; ++i) {
    const C value = convert<C>(x[i]);
    top = value > top ? value : top;
  }
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < length; ++i) {
    const C e = math::exp(convert<C>(x[i]) - top);
    if constexpr (keepsExp<C, isLog, T>) y[i] = e;
    sum += e;
  }
  const C factor = isLog ? std::log(sum) : 1 / sum;
#pragma omp simd
  for (int64_t i = 0; i < length; ++i) y[i] = softmaxValue<C, isLog>(x[i], y[i], top, factor);
}

template <class C, bool isLog, class T>
void softmaxShortRows(const T* x, T* y, int64_t length, int64_t rows) {
  C turned[kShort * kTurned] = {};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < length; ++k) turned[k * kTurned + i] = convert<C>(x[i * length + k]);
  }
  softmaxColumns<C, isLog>(turned, turned, length, kTurned, kTurned);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < length; ++k) y[i * length + k] = convert<T>(turned[k * kTurned + i]);
  }
}

/// The tensor as [outer, length, inner] around the axis.
template <class T, bool isLog>
class Softmax : public Kernel {
  using C = Computed<T>;

 public:
  explicit Softmax(const KernelArgs& args) {
    const auto& shape = args.inputs[0].shape;
    const auto axis = size_t(args.attrs.integer("axis"));
    for (size_t i = 0; i < shape.size(); ++i) (i < axis ? outer_ : i > axis ? inner_ : length_) *= shape[i];
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const T* x = static_cast<const T*>(in[0]);
    T* y = static_cast<T*>(out[0]);
    if (inner_ > 1) {
      const int64_t blocks = (inner_ + kColumns - 1) / kColumns;
      forEach(outer_ * blocks, length_ * std::min(inner_, kColumns), [&](int64_t i) {
        const int64_t first = i % blocks * kColumns, offset = i / blocks * length_ * inner_ + first;
        softmaxColumns<C, isLog>(x + offset, y + offset, length_, inner_, std::min(kColumns, inner_ - first));
      });
    } else if (length_ <= kShort) {
      forEach((outer_ + kTurned - 1) / kTurned, length_ * kTurned, [&](int64_t i) {
        const int64_t offset = i * kTurned * length_, rows = std::min(kTurned, outer_ - i * kTurned);
        softmaxShortRows<C, isLog>(x + offset, y + offset, length_, rows);
      });
    } else {
      forEach(outer_, length_, [&](int64_t i) { softmaxRow<C, isLog>(x + i * length_, y + i * length_, length_); });
    }
  }

 private:
  template <class Fn>
  static void forEach(int64_t count, int64_t work, Fn&& fn) {
    const int64_t grain = std::max<int64_t>(1, kParallelWork / std::max<int64_t>(1, work));
    parallelFor(count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) fn(i);
    });
  }

  int64_t outer_ = 1, length_ = 1, inner_ = 1;
};

template <bool isLog>
std::unique_ptr<Kernel> makeSoftmax(const KernelArgs& args) {
  return makeStored(args, makeSoftmax<isLog>, 1, [&]<class T>() { return std::make_unique<Softmax<T, isLog>>(args); });
}

REGISTER_KERNEL("softmax", makeSoftmax<false>);
REGISTER_KERNEL("log_softmax", makeSoftmax<true>);

}  // namespace
}  // namespace hornet

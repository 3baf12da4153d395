// softmax and log_softmax along one axis: rows where the axis is the last, columns side by side where it is not.
#include <algorithm>
#include <limits>

#include "../fast_math.h"
#include "../kernel.h"
#include "make.h"
#include "parallel.h"

namespace hornet {
namespace {

/// The tensor as [outer, length, inner] around the axis.
template <class T, bool isLog>
class Softmax : public Kernel {
  static constexpr int64_t kColumns = 64;

 public:
  explicit Softmax(const KernelArgs& args) {
    const auto& shape = args.inputs[0].shape;
    const auto axis = size_t(args.attrs.integer("axis"));
    for (size_t i = 0; i < shape.size(); ++i) (i < axis ? outer_ : i > axis ? inner_ : length_) *= shape[i];
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const T* x = static_cast<const T*>(in[0]);
    T* y = static_cast<T*>(out[0]);
    if (inner_ == 1) {
      parallelFor(outer_, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, length_)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) row(x + i * length_, y + i * length_);
      });
      return;
    }
    const int64_t blocks = (inner_ + kColumns - 1) / kColumns;
    const int64_t work = std::max<int64_t>(1, length_ * std::min(inner_, kColumns));
    parallelFor(outer_ * blocks, std::max<int64_t>(1, 4096 / work), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % blocks * kColumns, offset = i / blocks * length_ * inner_ + first;
        columns(x + offset, y + offset, std::min(kColumns, inner_ - first));
      }
    });
  }

 private:
  static constexpr T kLowest = -std::numeric_limits<T>::infinity();

  void row(const T* x, T* y) const {
    T top = kLowest, sum = 0;
#pragma omp simd reduction(max : top)
    for (int64_t i = 0; i < length_; ++i) top = x[i] > top ? x[i] : top;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < length_; ++i) {
      const T e = math::exp(x[i] - top);
      if constexpr (!isLog) y[i] = e;
      sum += e;
    }
    const T factor = isLog ? std::log(sum) : 1 / sum;
#pragma omp simd
    for (int64_t i = 0; i < length_; ++i) y[i] = isLog ? x[i] - top - factor : y[i] * factor;
  }

  void columns(const T* x, T* y, int64_t count) const {
    T top[kColumns], sum[kColumns] = {}, factor[kColumns];
    std::fill_n(top, kColumns, kLowest);
    for (int64_t i = 0; i < length_; ++i) {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) top[j] = x[i * inner_ + j] > top[j] ? x[i * inner_ + j] : top[j];
    }
    for (int64_t i = 0; i < length_; ++i) {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        const T e = math::exp(x[i * inner_ + j] - top[j]);
        if constexpr (!isLog) y[i * inner_ + j] = e;
        sum[j] += e;
      }
    }
    for (int64_t j = 0; j < count; ++j) factor[j] = isLog ? std::log(sum[j]) : 1 / sum[j];
    for (int64_t i = 0; i < length_; ++i) {
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        const int64_t at = i * inner_ + j;
        y[at] = isLog ? x[at] - top[j] - factor[j] : y[at] * factor[j];
      }
    }
  }

  int64_t outer_ = 1, length_ = 1, inner_ = 1;
};

template <bool isLog>
std::unique_ptr<Kernel> makeSoftmax(const KernelArgs& args) {
  return makeFloating(args, makeSoftmax<isLog>, [&]<class T>() { return std::make_unique<Softmax<T, isLog>>(args); });
}

REGISTER_KERNEL("softmax", makeSoftmax<false>);
REGISTER_KERNEL("log_softmax", makeSoftmax<true>);

}  // namespace
}  // namespace hornet

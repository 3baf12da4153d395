// batch_norm, layer_norm and their gradients. Statistics are sums of squared differences from the mean of small blocks
// that stay in cache, merged pairwise, so they keep their accuracy however long the tensor is.
#include <algorithm>
#include <cmath>

#include "../kernel.h"
#include "make.h"
#include "parallel.h"
#include "scratch.h"

namespace hornet {
namespace {

/// x as a matrix whose last axis is the tensor's; rows are divided into slices that threads work on independently.
/// Their number depends on the shape only, so results do not depend on the number of threads.
struct Rows {
  int64_t rows, width, slices;

  explicit Rows(const TensorSpec& x) : width(x.shape.back()) {
    rows = width > 0 ? x.numel() / width : 0;
    slices = std::clamp<int64_t>(rows * width / 16384, 1, std::clamp<int64_t>(rows, 1, 32));
  }

  int64_t begin(int64_t slice) const { return rows * slice / slices; }

  /// Calls fn(slice, first row, last row) for all slices in parallel.
  template <class Fn>
  void forEachSlice(Fn&& fn) const {
    parallelFor(slices, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) fn(i, begin(i), begin(i + 1));
    });
  }

  /// Calls fn(first row, last row) for blocks of a slice that stay in cache.
  template <class Fn>
  void forEachBlock(int64_t from, int64_t to, Fn&& fn) const {
    const int64_t block = std::clamp<int64_t>(8192 / std::max<int64_t>(1, width), 4, 64);
    for (int64_t row = from; row < to; row += block) fn(row, std::min(row + block, to));
  }
};

template <class T>
class BatchNorm : public Kernel {
 public:
  explicit BatchNorm(const KernelArgs& args) : rows_(args.inputs[0]), epsilon_(T(args.attrs.number("epsilon"))) {
    partial_ = plan_.reserve(size_t(rows_.slices * 4 * rows_.width) * sizeof(T));
    scale_ = plan_.reserve(size_t(rows_.width) * sizeof(T));
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const T* gamma = static_cast<const T*>(in[1]);
    const T* beta = static_cast<const T*>(in[2]);
    T* y = static_cast<T*>(out[0]);
    T* mean = static_cast<T*>(out[1]);
    T* variance = static_cast<T*>(out[2]);
    T* partial = scratchAt<T>(scratch, partial_);
    T* scale = scratchAt<T>(scratch, scale_);
    const int64_t width = rows_.width;
    rows_.forEachSlice(
        [&](int64_t slice, int64_t from, int64_t to) { sliceMoments(x, from, to, partial + slice * 4 * width); });
    mergeSlices(partial, mean, variance);
    for (int64_t c = 0; c < width; ++c) scale[c] = gamma[c] / std::sqrt(variance[c] + epsilon_);
    rows_.forEachSlice([&](int64_t, int64_t from, int64_t to) {
      for (int64_t row = from; row < to; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) y[row * width + c] = (x[row * width + c] - mean[c]) * scale[c] + beta[c];
      }
    });
  }

 private:
  /// Leaves the mean and the sum of squared differences of a slice in partial[0] and partial[1].
  void sliceMoments(const T* x, int64_t from, int64_t to, T* partial) const {
    const int64_t width = rows_.width;
    T *mean = partial, *squares = partial + width, *blockMean = partial + 2 * width,
      *blockSquares = partial + 3 * width;
    std::fill_n(mean, 2 * width, T(0));
    rows_.forEachBlock(from, to, [&](int64_t first, int64_t last) {
      const T count = T(last - first), inverse = 1 / count;
      std::fill_n(blockMean, 2 * width, T(0));
      for (int64_t row = first; row < last; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) blockMean[c] += x[row * width + c];
      }
#pragma omp simd
      for (int64_t c = 0; c < width; ++c) blockMean[c] *= inverse;
      for (int64_t row = first; row < last; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const T difference = x[row * width + c] - blockMean[c];
          blockSquares[c] += difference * difference;
        }
      }
      merge(mean, squares, T(first - from), blockMean, blockSquares, count);
    });
  }

  /// Adds the moments of `countB` rows to those of `countA` rows.
  void merge(T* meanA, T* squaresA, T countA, const T* meanB, const T* squaresB, T countB) const {
    const T weight = countB / (countA + countB), cross = countA * weight;
#pragma omp simd
    for (int64_t c = 0; c < rows_.width; ++c) {
      const T delta = meanB[c] - meanA[c];
      meanA[c] += delta * weight;
      squaresA[c] += squaresB[c] + delta * delta * cross;
    }
  }

  void mergeSlices(const T* partial, T* mean, T* variance) const {
    const int64_t width = rows_.width;
    std::copy_n(partial, width, mean);
    std::copy_n(partial + width, width, variance);
    for (int64_t slice = 1; slice < rows_.slices; ++slice) {
      const T* next = partial + slice * 4 * width;
      merge(mean, variance, T(rows_.begin(slice)), next, next + width, T(rows_.begin(slice + 1) - rows_.begin(slice)));
    }
    for (int64_t c = 0; c < width; ++c) variance[c] /= T(rows_.rows);
  }

  Rows rows_;
  T epsilon_;
  ScratchPlan plan_;
  size_t partial_, scale_;
};

template <class T>
class BatchNormGrad : public Kernel {
 public:
  explicit BatchNormGrad(const KernelArgs& args) : rows_(args.inputs[0]), epsilon_(T(args.attrs.number("epsilon"))) {
    partial_ = plan_.reserve(size_t(rows_.slices * 4 * rows_.width) * sizeof(T));
    factors_ = plan_.reserve(size_t(3 * rows_.width) * sizeof(T));
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const T* dy = static_cast<const T*>(in[1]);
    const T* gamma = static_cast<const T*>(in[2]);
    const T* mean = static_cast<const T*>(in[3]);
    const T* variance = static_cast<const T*>(in[4]);
    T* dx = static_cast<T*>(out[0]);
    T* dgamma = static_cast<T*>(out[1]);
    T* dbeta = static_cast<T*>(out[2]);
    T* partial = scratchAt<T>(scratch, partial_);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t slice, int64_t from, int64_t to) {
      sliceSums(x, dy, mean, from, to, partial + slice * 4 * width);
    });
    T *scale = scratchAt<T>(scratch, factors_), *shift = scale + width, *slope = shift + width;
    const T inverse = T(1) / T(std::max<int64_t>(1, rows_.rows));
    for (int64_t c = 0; c < width; ++c) {
      T sum = 0, product = 0;
      for (int64_t slice = 0; slice < rows_.slices; ++slice) {
        sum += partial[slice * 4 * width + c];
        product += partial[(slice * 4 + 1) * width + c];
      }
      const T rstd = 1 / std::sqrt(variance[c] + epsilon_);
      dbeta[c] = sum;
      dgamma[c] = product * rstd;
      scale[c] = gamma[c] * rstd;
      shift[c] = sum * inverse;
      slope[c] = product * rstd * rstd * inverse;
    }
    rows_.forEachSlice([&](int64_t, int64_t from, int64_t to) {
      for (int64_t row = from; row < to; ++row) {
        const int64_t at = row * width;
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          dx[at + c] = scale[c] * (dy[at + c] - shift[c] - (x[at + c] - mean[c]) * slope[c]);
        }
      }
    });
  }

 private:
  /// Leaves the sums of dy and of dy * (x - mean) of a slice in partial[0] and partial[1].
  void sliceSums(const T* x, const T* dy, const T* mean, int64_t from, int64_t to, T* partial) const {
    const int64_t width = rows_.width;
    T *sums = partial, *blockSums = partial + 2 * width, *blockProducts = partial + 3 * width;
    std::fill_n(sums, 2 * width, T(0));
    rows_.forEachBlock(from, to, [&](int64_t first, int64_t last) {
      std::fill_n(blockSums, 2 * width, T(0));
      for (int64_t row = first; row < last; ++row) {
        const int64_t at = row * width;
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          blockSums[c] += dy[at + c];
          blockProducts[c] += dy[at + c] * (x[at + c] - mean[c]);
        }
      }
#pragma omp simd
      for (int64_t c = 0; c < 2 * width; ++c) sums[c] += blockSums[c];
    });
  }

  Rows rows_;
  T epsilon_;
  ScratchPlan plan_;
  size_t partial_, factors_;
};

template <class T>
class LayerNorm : public Kernel {
 public:
  explicit LayerNorm(const KernelArgs& args) : rows_(args.inputs[0]), epsilon_(T(args.attrs.number("epsilon"))) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const T* gamma = static_cast<const T*>(in[1]);
    const T* beta = static_cast<const T*>(in[2]);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t, int64_t from, int64_t to) {
      for (int64_t row = from; row < to; ++row) {
        const T* x = static_cast<const T*>(in[0]) + row * width;
        T* y = static_cast<T*>(out[0]) + row * width;
        T sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < width; ++c) sum += x[c];
        const T mean = sum / T(width);
#pragma omp simd reduction(+ : squares)
        for (int64_t c = 0; c < width; ++c) squares += (x[c] - mean) * (x[c] - mean);
        const T rstd = 1 / std::sqrt(squares / T(width) + epsilon_);
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) y[c] = (x[c] - mean) * rstd * gamma[c] + beta[c];
        static_cast<T*>(out[1])[row] = mean;
        static_cast<T*>(out[2])[row] = rstd;
      }
    });
  }

 private:
  Rows rows_;
  T epsilon_;
};

template <class T>
class LayerNormGrad : public Kernel {
 public:
  explicit LayerNormGrad(const KernelArgs& args) : rows_(args.inputs[0]) {}

  size_t scratchBytes() const override { return size_t(rows_.slices * 2 * rows_.width) * sizeof(T); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    T* partial = static_cast<T*>(scratch);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t slice, int64_t from, int64_t to) {
      T *dgamma = partial + slice * 2 * width, *dbeta = dgamma + width;
      std::fill_n(dgamma, 2 * width, T(0));
      for (int64_t row = from; row < to; ++row) rowGrad(in, static_cast<T*>(out[0]), row, dgamma, dbeta);
    });
    T* dgamma = static_cast<T*>(out[1]);
    T* dbeta = static_cast<T*>(out[2]);
    for (int64_t c = 0; c < width; ++c) {
      T gammaSum = 0, betaSum = 0;
      for (int64_t slice = 0; slice < rows_.slices; ++slice) {
        gammaSum += partial[slice * 2 * width + c];
        betaSum += partial[(slice * 2 + 1) * width + c];
      }
      dgamma[c] = gammaSum;
      dbeta[c] = betaSum;
    }
  }

 private:
  void rowGrad(std::span<const void* const> in, T* out, int64_t row, T* dgamma, T* dbeta) const {
    const int64_t width = rows_.width;
    const T* x = static_cast<const T*>(in[0]) + row * width;
    const T* dy = static_cast<const T*>(in[1]) + row * width;
    const T* gamma = static_cast<const T*>(in[2]);
    const T mean = static_cast<const T*>(in[3])[row], rstd = static_cast<const T*>(in[4])[row];
    T* dx = out + row * width;
    T sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (int64_t c = 0; c < width; ++c) {
      const T normal = (x[c] - mean) * rstd, scaled = dy[c] * gamma[c];
      dgamma[c] += dy[c] * normal;
      dbeta[c] += dy[c];
      sum += scaled;
      product += scaled * normal;
    }
    const T shift = sum / T(width), slope = product / T(width);
#pragma omp simd
    for (int64_t c = 0; c < width; ++c) {
      dx[c] = rstd * (dy[c] * gamma[c] - shift - (x[c] - mean) * rstd * slope);
    }
  }

  Rows rows_;
};

template <template <class> class Norm>
std::unique_ptr<Kernel> makeNorm(const KernelArgs& args) {
  return makeFloating(args, makeNorm<Norm>, [&]<class T>() { return std::make_unique<Norm<T>>(args); });
}

REGISTER_KERNEL("batch_norm", makeNorm<BatchNorm>);
REGISTER_KERNEL("batch_norm_grad", makeNorm<BatchNormGrad>);
REGISTER_KERNEL("layer_norm", makeNorm<LayerNorm>);
REGISTER_KERNEL("layer_norm_grad", makeNorm<LayerNormGrad>);

}  // namespace
}  // namespace hornet

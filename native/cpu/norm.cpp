// batch_norm, layer_norm and their gradients. Statistics are sums of squared differences from the mean of small blocks
// that stay in cache, merged pairwise, so they keep their accuracy however long the tensor is.
#include <algorithm>
#include <cmath>

#include "../kernel.h"
#include "../scratch.h"
#include "make.h"
#include "parallel.h"

namespace hornet {
namespace {

constexpr int64_t kParallelWork = 65536;  // values that are worth a thread

/// A tensor as a matrix whose columns are its last axis. Rows are divided into slices that threads work on
/// independently; their number depends on the shape only, so results do not depend on the number of threads.
struct Rows {
  int64_t rows, width, slices;

  explicit Rows(const TensorSpec& x) : width(x.shape.back()) {
    rows = width > 0 ? x.numel() / width : 0;
    slices = std::clamp<int64_t>(rows * width / (kParallelWork / 4), 1, std::clamp<int64_t>(rows, 1, 64));
  }

  int64_t begin(int64_t slice) const { return rows * slice / slices; }

  /// Calls fn(slice, first row, last row) for all slices in parallel.
  template <class Fn>
  void forEachSlice(Fn&& fn) const {
    parallelFor(slices, std::max<int64_t>(1, kParallelWork * slices / std::max<int64_t>(1, rows * width)),
                [&](int64_t first, int64_t last) {
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
  using C = Computed<T>;

 public:
  explicit BatchNorm(const KernelArgs& args)
      : rows_(args.inputs[0]),
        epsilon_(C(args.attrs.number("epsilon"))),
        adds_(args.inputs.size() > 3),
        rectifies_(args.attrs.string("activation", "linear") == "relu") {
    partial_ = plan_.reserve(size_t(rows_.slices * 4 * rows_.width) * sizeof(C));
    scale_ = plan_.reserve(size_t(rows_.width) * sizeof(C));
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const C* gamma = static_cast<const C*>(in[adds_ ? 2 : 1]);
    const C* beta = static_cast<const C*>(in[adds_ ? 3 : 2]);
    T* y = static_cast<T*>(out[0]);
    C* mean = static_cast<C*>(out[1]);
    C* variance = static_cast<C*>(out[2]);
    C* partial = scratchAt<C>(scratch, partial_);
    C* scale = scratchAt<C>(scratch, scale_);
    const int64_t width = rows_.width;
    rows_.forEachSlice(
        [&](int64_t slice, int64_t from, int64_t to) { sliceMoments(x, from, to, partial + slice * 4 * width); });
    mergeSlices(partial, mean, variance);
    for (int64_t c = 0; c < width; ++c) scale[c] = gamma[c] / std::sqrt(variance[c] + epsilon_);
    const auto normalize = [&](auto finish) {
      rows_.forEachSlice([&](int64_t, int64_t from, int64_t to) {
        for (int64_t row = from; row < to; ++row) {
#pragma omp simd
          for (int64_t c = 0; c < width; ++c) {
            const int64_t at = row * width + c;
            y[at] = convert<T>(finish((convert<C>(x[at]) - mean[c]) * scale[c] + beta[c], at));
          }
        }
      });
    };
    const T* addend = static_cast<const T*>(in[1]);
    const auto sum = [=](C value, int64_t at) { return value + convert<C>(addend[at]); };
    const auto rectify = [](C value) { return value < C(0) ? C(0) : value; };
    if (adds_ && rectifies_) return normalize([=](C value, int64_t at) { return rectify(sum(value, at)); });
    if (adds_) return normalize(sum);
    if (rectifies_) return normalize([=](C value, int64_t) { return rectify(value); });
    normalize([](C value, int64_t) { return value; });
  }

 private:
  /// Leaves the mean and the sum of squared differences of a slice in partial[0] and partial[1].
  void sliceMoments(const T* x, int64_t from, int64_t to, C* partial) const {
    const int64_t width = rows_.width;
    C *mean = partial, *squares = partial + width, *blockMean = partial + 2 * width,
      *blockSquares = partial + 3 * width;
    std::fill_n(mean, 2 * width, C(0));
    rows_.forEachBlock(from, to, [&](int64_t first, int64_t last) {
      const C count = C(last - first), inverse = 1 / count;
      std::fill_n(blockMean, 2 * width, C(0));
      for (int64_t row = first; row < last; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) blockMean[c] += convert<C>(x[row * width + c]);
      }
#pragma omp simd
      for (int64_t c = 0; c < width; ++c) blockMean[c] *= inverse;
      for (int64_t row = first; row < last; ++row) {
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const C difference = convert<C>(x[row * width + c]) - blockMean[c];
          blockSquares[c] += difference * difference;
        }
      }
      merge(mean, squares, C(first - from), blockMean, blockSquares, count);
    });
  }

  /// Adds the moments of `countB` rows to those of `countA` rows.
  void merge(C* meanA, C* squaresA, C countA, const C* meanB, const C* squaresB, C countB) const {
    const C weight = countB / (countA + countB), cross = countA * weight;
#pragma omp simd
    for (int64_t c = 0; c < rows_.width; ++c) {
      const C delta = meanB[c] - meanA[c];
      meanA[c] += delta * weight;
      squaresA[c] += squaresB[c] + delta * delta * cross;
    }
  }

  void mergeSlices(const C* partial, C* mean, C* variance) const {
    const int64_t width = rows_.width;
    std::copy_n(partial, width, mean);
    std::copy_n(partial + width, width, variance);
    for (int64_t slice = 1; slice < rows_.slices; ++slice) {
      const C* next = partial + slice * 4 * width;
      merge(mean, variance, C(rows_.begin(slice)), next, next + width, C(rows_.begin(slice + 1) - rows_.begin(slice)));
    }
    for (int64_t c = 0; c < width; ++c) variance[c] /= C(rows_.rows);
  }

  Rows rows_;
  C epsilon_;
  bool adds_, rectifies_;
  ScratchPlan plan_;
  size_t partial_, scale_;
};

template <class T>
class BatchNormGrad : public Kernel {
  using C = Computed<T>;

 public:
  explicit BatchNormGrad(const KernelArgs& args) : rows_(args.inputs[0]), epsilon_(C(args.attrs.number("epsilon"))) {
    partial_ = plan_.reserve(size_t(rows_.slices * 4 * rows_.width) * sizeof(C));
    factors_ = plan_.reserve(size_t(3 * rows_.width) * sizeof(C));
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const T* x = static_cast<const T*>(in[0]);
    const T* dy = static_cast<const T*>(in[1]);
    const C* gamma = static_cast<const C*>(in[2]);
    const C* mean = static_cast<const C*>(in[3]);
    const C* variance = static_cast<const C*>(in[4]);
    T* dx = static_cast<T*>(out[0]);
    C* dgamma = static_cast<C*>(out[1]);
    C* dbeta = static_cast<C*>(out[2]);
    C* partial = scratchAt<C>(scratch, partial_);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t slice, int64_t from, int64_t to) {
      sliceSums(x, dy, mean, from, to, partial + slice * 4 * width);
    });
    C *scale = scratchAt<C>(scratch, factors_), *shift = scale + width, *slope = shift + width;
    const C inverse = C(1) / C(std::max<int64_t>(1, rows_.rows));
    for (int64_t c = 0; c < width; ++c) {
      C sum = 0, product = 0;
      for (int64_t slice = 0; slice < rows_.slices; ++slice) {
        sum += partial[slice * 4 * width + c];
        product += partial[(slice * 4 + 1) * width + c];
      }
      const C rstd = 1 / std::sqrt(variance[c] + epsilon_);
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
          const C sloped = (convert<C>(x[at + c]) - mean[c]) * slope[c];
          dx[at + c] = convert<T>(scale[c] * (convert<C>(dy[at + c]) - shift[c] - sloped));
        }
      }
    });
  }

 private:
  /// Leaves the sums of dy and of dy * (x - mean) of a slice in partial[0] and partial[1].
  void sliceSums(const T* x, const T* dy, const C* mean, int64_t from, int64_t to, C* partial) const {
    const int64_t width = rows_.width;
    C *sums = partial, *blockSums = partial + 2 * width, *blockProducts = partial + 3 * width;
    std::fill_n(sums, 2 * width, C(0));
    rows_.forEachBlock(from, to, [&](int64_t first, int64_t last) {
      std::fill_n(blockSums, 2 * width, C(0));
      for (int64_t row = first; row < last; ++row) {
        const int64_t at = row * width;
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          const C gradient = convert<C>(dy[at + c]);
          blockSums[c] += gradient;
          blockProducts[c] += gradient * (convert<C>(x[at + c]) - mean[c]);
        }
      }
#pragma omp simd
      for (int64_t c = 0; c < 2 * width; ++c) sums[c] += blockSums[c];
    });
  }

  Rows rows_;
  C epsilon_;
  ScratchPlan plan_;
  size_t partial_, factors_;
};

template <class T>
class LayerNorm : public Kernel {
  using C = Computed<T>;

 public:
  explicit LayerNorm(const KernelArgs& args) : rows_(args.inputs[0]), epsilon_(C(args.attrs.number("epsilon"))) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const C* gamma = static_cast<const C*>(in[1]);
    const C* beta = static_cast<const C*>(in[2]);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t, int64_t from, int64_t to) {
      for (int64_t row = from; row < to; ++row) {
        const T* x = static_cast<const T*>(in[0]) + row * width;
        T* y = static_cast<T*>(out[0]) + row * width;
        C sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < width; ++c) sum += convert<C>(x[c]);
        const C mean = sum / C(width);
#pragma omp simd reduction(+ : squares)
        for (int64_t c = 0; c < width; ++c) {
          const C difference = convert<C>(x[c]) - mean;
          squares += difference * difference;
        }
        const C rstd = 1 / std::sqrt(squares / C(width) + epsilon_);
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) y[c] = convert<T>((convert<C>(x[c]) - mean) * rstd * gamma[c] + beta[c]);
        static_cast<C*>(out[1])[row] = mean;
        static_cast<C*>(out[2])[row] = rstd;
      }
    });
  }

 private:
  Rows rows_;
  C epsilon_;
};

template <class T>
class LayerNormGrad : public Kernel {
  using C = Computed<T>;

 public:
  explicit LayerNormGrad(const KernelArgs& args) : rows_(args.inputs[0]) {}

  size_t scratchBytes() const override { return size_t(rows_.slices * 2 * rows_.width) * sizeof(C); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    C* partial = static_cast<C*>(scratch);
    const int64_t width = rows_.width;
    rows_.forEachSlice([&](int64_t slice, int64_t from, int64_t to) {
      C *dgamma = partial + slice * 2 * width, *dbeta = dgamma + width;
      std::fill_n(dgamma, 2 * width, C(0));
      for (int64_t row = from; row < to; ++row) rowGrad(in, static_cast<T*>(out[0]), row, dgamma, dbeta);
    });
    C* dgamma = static_cast<C*>(out[1]);
    C* dbeta = static_cast<C*>(out[2]);
    for (int64_t c = 0; c < width; ++c) {
      C gammaSum = 0, betaSum = 0;
      for (int64_t slice = 0; slice < rows_.slices; ++slice) {
        gammaSum += partial[slice * 2 * width + c];
        betaSum += partial[(slice * 2 + 1) * width + c];
      }
      dgamma[c] = gammaSum;
      dbeta[c] = betaSum;
    }
  }

 private:
  void rowGrad(std::span<const void* const> in, T* out, int64_t row, C* dgamma, C* dbeta) const {
    const int64_t width = rows_.width;
    const T* x = static_cast<const T*>(in[0]) + row * width;
    const T* dy = static_cast<const T*>(in[1]) + row * width;
    const C* gamma = static_cast<const C*>(in[2]);
    const C mean = static_cast<const C*>(in[3])[row], rstd = static_cast<const C*>(in[4])[row];
    T* dx = out + row * width;
    C sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (int64_t c = 0; c < width; ++c) {
      const C gradient = convert<C>(dy[c]), normal = (convert<C>(x[c]) - mean) * rstd, scaled = gradient * gamma[c];
      dgamma[c] += gradient * normal;
      dbeta[c] += gradient;
      sum += scaled;
      product += scaled * normal;
    }
    const C shift = sum / C(width), slope = product / C(width);
#pragma omp simd
    for (int64_t c = 0; c < width; ++c) {
      const C normal = (convert<C>(x[c]) - mean) * rstd;
      dx[c] = convert<T>(rstd * (convert<C>(dy[c]) * gamma[c] - shift - normal * slope));
    }
  }

  Rows rows_;
};

/// All inputs but the last `parameters` are stored like x; the statistics and parameters are float, or double with x.
template <template <class> class Norm, size_t parameters>
std::unique_ptr<Kernel> makeNorm(const KernelArgs& args) {
  return makeStored(args, makeNorm<Norm, parameters>, args.inputs.size() - parameters,
                    [&]<class T>() { return std::make_unique<Norm<T>>(args); });
}

REGISTER_KERNEL("batch_norm", (makeNorm<BatchNorm, 2>));
REGISTER_KERNEL("batch_norm_grad", (makeNorm<BatchNormGrad, 3>));
REGISTER_KERNEL("layer_norm", (makeNorm<LayerNorm, 2>));
REGISTER_KERNEL("layer_norm_grad", (makeNorm<LayerNormGrad, 3>));

}  // namespace
}  // namespace hornet

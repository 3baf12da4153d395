// qr: reduced decomposition by Householder reflections in double, with the signs that LAPACK gives.
#include <algorithm>
#include <cmath>
#include <memory>

#include "../kernel.h"
#include "../strides.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

class Qr : public Kernel {
 public:
  explicit Qr(const KernelArgs& args) {
    requireFloat(args);
    const TensorSpec& x = args.inputs[0];
    const size_t rank = x.shape.size();
    m_ = x.shape.at(rank - 2);
    n_ = x.shape.at(rank - 1);
    k_ = std::min(m_, n_);
    batch_ = product(x.shape, 0, rank - 2);
    itemBytes_ = int64_t(sizeOf(x.dtype));
    load_ = loadTile(x.dtype, Domain::float64);
    store_ = storeTile(Domain::float64, x.dtype);
  }

  size_t scratchBytes() const override { return size_t(valuesEach() * batch_) * sizeof(double); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    parallelFor(batch_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        decompose(static_cast<const std::byte*>(in[0]) + i * m_ * n_ * itemBytes_,
                  static_cast<std::byte*>(out[0]) + i * m_ * k_ * itemBytes_,
                  static_cast<std::byte*>(out[1]) + i * k_ * n_ * itemBytes_,
                  static_cast<double*>(scratch) + i * valuesEach());
      }
    });
  }

 private:
  int64_t valuesEach() const { return m_ * n_ + m_ * k_ + k_ * m_ + k_ + std::max(n_, k_); }

  void decompose(const std::byte* x, std::byte* qOut, std::byte* rOut, double* scratch) const {
    double* a = scratch;
    double* q = a + m_ * n_;
    double* reflectors = q + m_ * k_;  // one per row, from the diagonal on
    double* scales = reflectors + k_ * m_;
    double* sums = scales + k_;
    load_(x, nullptr, nullptr, a, m_ * n_);
    for (int64_t j = 0; j < k_; j++) {
      double* v = reflectors + j * m_;
      scales[j] = makeReflector(a, j, v);
      reflect(v + j, scales[j], a + j * n_ + j + 1, m_ - j, n_ - j - 1, n_, sums);
    }
    std::fill_n(q, m_ * k_, 0.0);
    for (int64_t j = 0; j < k_; j++) q[j * k_ + j] = 1;
    for (int64_t j = k_; j-- > 0;) {
      reflect(reflectors + j * m_ + j, scales[j], q + j * k_ + j, m_ - j, k_ - j, k_, sums);
    }
    for (int64_t i = 1; i < k_; i++) std::fill_n(a + i * n_, i, 0.0);
    store_(q, nullptr, nullptr, qOut, m_ * k_);
    store_(a, nullptr, nullptr, rOut, k_ * n_);
  }

  /// The reflection that zeroes column j below the diagonal; returns its scale and puts the new diagonal in place.
  double makeReflector(double* a, int64_t j, double* v) const {
    double below = 0;
    for (int64_t i = j + 1; i < m_; i++) below = std::hypot(below, a[i * n_ + j]);
    v[j] = 1;
    if (below == 0) {
      std::fill(v + j + 1, v + m_, 0.0);
      return 0;
    }
    const double diagonal = a[j * n_ + j], norm = -std::copysign(std::hypot(diagonal, below), diagonal);
    for (int64_t i = j + 1; i < m_; i++) v[i] = a[i * n_ + j] / (diagonal - norm);
    a[j * n_ + j] = norm;
    return (norm - diagonal) / norm;
  }

  /// a -= scale * v * (v' * a)
  static void reflect(const double* v, double scale, double* a, int64_t rows, int64_t columns, int64_t stride,
                      double* sums) {
    if (scale == 0 || columns == 0) return;
    std::fill_n(sums, columns, 0.0);
    for (int64_t i = 0; i < rows; i++) {
      const double* row = a + i * stride;
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) sums[c] += v[i] * row[c];
    }
    for (int64_t i = 0; i < rows; i++) {
      double* row = a + i * stride;
      const double factor = scale * v[i];
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) row[c] -= factor * sums[c];
    }
  }

  int64_t m_, n_, k_, batch_, itemBytes_;
  TileFn load_, store_;
};

std::unique_ptr<Kernel> makeQr(const KernelArgs& args) { return std::make_unique<Qr>(args); }

}  // namespace

REGISTER_KERNEL("qr", makeQr);

}  // namespace hornet

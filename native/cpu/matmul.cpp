// matmul: oneDNN for float32 and fast bfloat16, register-blocked loops for float64 and integers.
#include <algorithm>
#include <optional>

#include "../matmul_shape.h"
#include "../summing_matmul.h"
#include "epilogue.h"
#include "make.h"
#include "onednn.h"

namespace hornet {
namespace {

using dnnl::memory;

/// oneDNN's matmul: one call for a batch along one dimension, which may repeat one side, else one call per product.
class LibraryMatmul : public Kernel {
 public:
  LibraryMatmul(const KernelArgs& args, const MatmulShape& s)
      : shape_(s), elementBytes_(args.inputs[0].bytes() / args.inputs[0].numel()) {
    using tag = memory::format_tag;
    const auto type = onednn::dataType(args.inputs[0].dtype);
    isOneCall_ = s.batch.size() <= 1;
    const int64_t batch = isOneCall_ ? s.products() : 1;
    const auto matrices = [batch](const Dims& strides) { return strides == Dims{0} ? 1 : batch; };
    threads_ = onednn::threadsFor(2.0 * double(s.M) * double(s.K) * double(s.N) * double(batch));
    const onednn::ThreadLimit limit(threads_);
    const memory::desc a({matrices(s.strideA), s.M, s.K}, type, s.transposeA ? tag::acb : tag::abc);
    const memory::desc b({matrices(s.strideB), s.K, s.N}, type, s.transposeB ? tag::acb : tag::abc);
    const memory::desc y({batch, s.M, s.N}, type, tag::abc), bias({1, 1, s.N}, type, tag::abc);
    const bool withBias = args.inputs.size() > 2;
    const auto attr = onednn::attributes(args.attrs.string("activation", "linear"));
    const auto desc =
        withBias ? onednn::describe<dnnl::matmul>(attr, a, b, bias, y) : onednn::describe<dnnl::matmul>(attr, a, b, y);
    call_.emplace(args.op, desc, dnnl::matmul(desc));
    call_->bind(DNNL_ARG_SRC, a).bind(DNNL_ARG_WEIGHTS, b).bind(DNNL_ARG_DST, y);
    if (withBias) call_->bind(DNNL_ARG_BIAS, bias);
  }

  size_t scratchBytes() const override { return call_->scratchBytes(); }
  std::string implementation() const override { return call_->implementation(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const onednn::ThreadLimit limit(threads_);
    if (in.size() > 2) call_->point(DNNL_ARG_BIAS, in[2]);
    if (isOneCall_) return multiply(in, out, 0, 0, 0, scratch);
    shape_.forEachProduct([&](int64_t i, int64_t a, int64_t b) { multiply(in, out, i, a, b, scratch); });
  }

 private:
  void multiply(std::span<const void* const> in, std::span<void* const> out, int64_t i, int64_t a, int64_t b,
                void* scratch) {
    call_->point(DNNL_ARG_SRC, matrix(in[0], a * shape_.M * shape_.K));
    call_->point(DNNL_ARG_WEIGHTS, matrix(in[1], b * shape_.K * shape_.N));
    call_->point(DNNL_ARG_DST, matrix(out[0], i * shape_.M * shape_.N)).run(scratch);
  }

  const void* matrix(const void* base, int64_t offset) const {
    return static_cast<const std::byte*>(base) + size_t(offset) * elementBytes_;
  }

  MatmulShape shape_;
  size_t elementBytes_;
  bool isOneCall_;
  int threads_ = 1;
  std::optional<onednn::Call> call_;
};

/// Loops over blocks of rows and columns that stay in registers. b is transposed into scratch memory if need be.
template <class T>
class PlainMatmul : public Kernel {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  static constexpr int64_t kRows = 4, kColumns = 32;

 public:
  PlainMatmul(const KernelArgs& args, const MatmulShape& s)
      : shape_(s),
        activation_(parseActivation(args.attrs.string("activation", "linear"))),
        store_(storeAs(args.outputs[0].dtype)) {}

  size_t scratchBytes() const override { return shape_.transposeB ? size_t(shape_.K * shape_.N) * sizeof(T) : 0; }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const MatmulShape& s = shape_;
    const T* bias = in.size() > 2 ? static_cast<const T*>(in[2]) : nullptr;
    s.forEachProduct([&](int64_t i, int64_t matrixA, int64_t matrixB) {
      const T* a = static_cast<const T*>(in[0]) + matrixA * s.M * s.K;
      const T* b = static_cast<const T*>(in[1]) + matrixB * s.K * s.N;
      if (s.transposeB) b = transpose(b, static_cast<T*>(scratch));
      const int64_t blocks = (s.M + kRows - 1) / kRows;
      const int64_t grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, kRows * s.K * s.N));
      parallelFor(blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) multiplyRows(a, b, bias, out[0], i * s.M, block * kRows);
      });
    });
    if constexpr (std::is_floating_point_v<T>) {
      applyEpilogue<T>(static_cast<T*>(out[0]), s.products() * s.M, s.N, nullptr, activation_);
    }
  }

 private:
  using StoreFn = void (*)(const Sum*, void*, int64_t offset, int64_t count);

  template <class Out>
  static void storeElements(const Sum* from, void* to, int64_t offset, int64_t count) {
    for (int64_t j = 0; j < count; ++j) static_cast<Out*>(to)[offset + j] = Out(from[j]);
  }

  static void storeBooleans(const Sum* from, void* to, int64_t offset, int64_t count) {
    for (int64_t j = 0; j < count; ++j) static_cast<uint8_t*>(to)[offset + j] = from[j] != 0;
  }

  static StoreFn storeAs(DType dtype) {
    if (dtype == DType::boolean) return storeBooleans;
    return dtype == DType::int32 ? storeElements<int32_t> : storeElements<T>;
  }

  const T* transpose(const T* b, T* to) const {
    for (int64_t n = 0; n < shape_.N; ++n) {
      for (int64_t k = 0; k < shape_.K; ++k) to[k * shape_.N + n] = b[n * shape_.K + k];
    }
    return to;
  }

  void multiplyRows(const T* a, const T* b, const T* bias, void* y, int64_t firstOut, int64_t row) const {
    const MatmulShape& s = shape_;
    const int64_t rows = std::min(kRows, s.M - row);
    const int64_t rowStep = s.transposeA ? 1 : s.K, step = s.transposeA ? s.M : 1;
    for (int64_t column = 0; column < s.N; column += kColumns) {
      const int64_t columns = std::min(kColumns, s.N - column);
      Sum sums[kRows][kColumns] = {};
      for (int64_t r = 0; bias && r < rows; ++r) std::copy_n(bias + column, columns, sums[r]);
      for (int64_t k = 0; k < s.K; ++k) {
        const T* line = b + k * s.N + column;
        for (int64_t r = 0; r < rows; ++r) {
          const Sum value = Sum(a[(row + r) * rowStep + k * step]);
#pragma omp simd
          for (int64_t j = 0; j < columns; ++j) sums[r][j] += value * Sum(line[j]);
        }
      }
      for (int64_t r = 0; r < rows; ++r) store_(sums[r], y, (firstOut + row + r) * s.N + column, columns);
    }
  }

  MatmulShape shape_;
  Activation activation_;
  StoreFn store_;
};

std::unique_ptr<Kernel> makeMatmul(const KernelArgs& args) {
  if (args.outputs.size() > 1) return std::make_unique<SummingMatmul>(args, makeMatmul);
  const DType dtype = args.inputs[0].dtype;
  const MatmulShape shape(args);
  if (onednn::isFast(dtype) && shape.K > 0 && args.outputs[0].numel() > 0) {
    return std::make_unique<LibraryMatmul>(args, shape);
  }
  return makeNumeric(args, makeMatmul, [&]<class T>() { return std::make_unique<PlainMatmul<T>>(args, shape); });
}

REGISTER_KERNEL("matmul", makeMatmul);

}  // namespace
}  // namespace hornet

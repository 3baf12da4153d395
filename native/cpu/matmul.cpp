// matmul: oneDNN for float32 and fast bfloat16, register-blocked loops for float64 and integers.
#include <algorithm>
#include <optional>

#include "../kernel.h"
#include "epilogue.h"
#include "make.h"
#include "onednn.h"

namespace hornet {
namespace {

using dnnl::memory;

/// A batch of products [M, K] x [K, N]; `a` and `b` give the matrix that each product reads, which broadcasting
/// repeats.
struct MatmulShape {
  int64_t M, K, N;
  bool transposeA, transposeB;
  std::vector<int64_t> a, b;

  int64_t batch() const { return int64_t(a.size()); }
  double flops() const { return 2.0 * double(M) * double(K) * double(N); }
};

MatmulShape parseShape(const KernelArgs& args) {
  const auto &a = args.inputs[0].shape, &b = args.inputs[1].shape, &y = args.outputs[0].shape;
  const size_t rank = y.size();
  MatmulShape s{y[rank - 2], 0, y[rank - 1], args.attrs.flag("transposeA"), args.attrs.flag("transposeB"), {0}, {0}};
  s.K = s.transposeA ? a[rank - 2] : a[rank - 1];
  for (size_t axis = 0; axis + 2 < rank; ++axis) {
    std::vector<int64_t> nextA, nextB;
    for (size_t i = 0; i < s.a.size(); ++i) {
      for (int64_t j = 0; j < y[axis]; ++j) {
        nextA.push_back(s.a[i] * a[axis] + (a[axis] == 1 ? 0 : j));
        nextB.push_back(s.b[i] * b[axis] + (b[axis] == 1 ? 0 : j));
      }
    }
    s.a = std::move(nextA);
    s.b = std::move(nextB);
  }
  const auto countsUp = [](const std::vector<int64_t>& list) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i] != int64_t(i)) return false;
    }
    return true;
  };
  // One matrix b under many matrices a is one taller product.
  const bool oneB = std::all_of(s.b.begin(), s.b.end(), [](int64_t i) { return i == 0; });
  if (s.batch() > 1 && oneB && countsUp(s.a) && !s.transposeA) {
    s.M *= s.batch();
    s.a = s.b = {0};
  }
  return s;
}

/// oneDNN's matmul: one call for a batch that counts up or repeats one side, else one call per product.
class LibraryMatmul : public Kernel {
 public:
  LibraryMatmul(const KernelArgs& args, const MatmulShape& s)
      : shape_(s), elementBytes_(args.inputs[0].bytes() / args.inputs[0].numel()) {
    using tag = memory::format_tag;
    const auto type = onednn::dataType(args.inputs[0].dtype);
    const int64_t batchA = repeats(s.a), batchB = repeats(s.b);
    calls_ = batchA && batchB ? 1 : s.batch();
    const int64_t batch = calls_ == 1 ? s.batch() : 1;
    threads_ = onednn::threadsFor(s.flops() * double(batch));
    const onednn::ThreadLimit limit(threads_);
    const memory::desc a({calls_ == 1 ? batchA : 1, s.M, s.K}, type, s.transposeA ? tag::acb : tag::abc);
    const memory::desc b({calls_ == 1 ? batchB : 1, s.K, s.N}, type, s.transposeB ? tag::acb : tag::abc);
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
    for (int64_t i = 0; i < calls_; ++i) {
      call_->point(DNNL_ARG_SRC, matrix(in[0], shape_.a[i] * shape_.M * shape_.K));
      call_->point(DNNL_ARG_WEIGHTS, matrix(in[1], shape_.b[i] * shape_.K * shape_.N));
      call_->point(DNNL_ARG_DST, matrix(out[0], i * shape_.M * shape_.N)).run(scratch);
    }
  }

 private:
  /// The length of the batch axis of one operand: all products, or one that all share; 0 if it is neither.
  static int64_t repeats(const std::vector<int64_t>& list) {
    bool same = true, up = true;
    for (size_t i = 0; i < list.size(); ++i) {
      same = same && list[i] == 0;
      up = up && list[i] == int64_t(i);
    }
    return up ? int64_t(list.size()) : same ? 1 : 0;
  }

  const void* matrix(const void* base, int64_t offset) const {
    return static_cast<const std::byte*>(base) + size_t(offset) * elementBytes_;
  }

  MatmulShape shape_;
  size_t elementBytes_;
  int64_t calls_ = 1;
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
    for (int64_t i = 0; i < s.batch(); ++i) {
      const T* a = static_cast<const T*>(in[0]) + s.a[i] * s.M * s.K;
      const T* b = static_cast<const T*>(in[1]) + s.b[i] * s.K * s.N;
      if (s.transposeB) b = transpose(b, static_cast<T*>(scratch));
      const int64_t blocks = (s.M + kRows - 1) / kRows;
      const int64_t grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, kRows * s.K * s.N));
      parallelFor(blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) multiplyRows(a, b, bias, out[0], i * s.M, block * kRows);
      });
    }
    if constexpr (std::is_floating_point_v<T>) {
      applyEpilogue<T>(static_cast<T*>(out[0]), s.batch() * s.M, s.N, nullptr, activation_);
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
  const DType dtype = args.inputs[0].dtype;
  const MatmulShape shape = parseShape(args);
  if (onednn::isFast(dtype) && shape.K > 0 && args.outputs[0].numel() > 0) {
    return std::make_unique<LibraryMatmul>(args, shape);
  }
  return makeNumeric(args, makeMatmul, [&]<class T>() { return std::make_unique<PlainMatmul<T>>(args, shape); });
}

REGISTER_KERNEL("matmul", makeMatmul);

}  // namespace
}  // namespace hornet

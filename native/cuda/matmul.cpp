// matmul: cuBLASLt for floats, with the bias and ReLU in its epilogue; a tiled kernel of our own for integers and for
// what the library refuses. cuBLASLt counts columns first, so it is told to multiply the transposed matrices: y' = b'
// a'.
#include <algorithm>
#include <climits>
#include <numeric>
#include <optional>

#include "../matmul_shape.h"
#include "../summing_matmul.h"
#include "cublas.h"
#include "device.h"
#include "epilogue.h"
#include "matmul.h"
#include "timing.h"

namespace hornet {
namespace {

/// Up to so many bytes cuBLASLt sums the rows of b on its way, which saves launches. It is said to slow down large
/// products; there a kernel of its own reads b once more.
constexpr size_t kSumsOnTheWay = size_t(1) << 20;

/// What an intermediate value is aligned to in the arena.
constexpr int64_t kArenaAlignment = 64;

cudaDataType_t libraryType(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return CUDA_R_16F;
    case DType::bfloat16:
      return CUDA_R_16BF;
    case DType::float32:
      return CUDA_R_32F;
    default:
      return CUDA_R_64F;
  }
}

bool usesTf32(const Device& device, DType dtype) {
  return dtype == DType::float32 && device.allowsTf32() && device.capability() >= 80;
}

cublasComputeType_t computeType(const Device& device, DType dtype) {
  if (dtype == DType::float64) return CUBLAS_COMPUTE_64F;
  return usesTf32(device, dtype) ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// The matrices of an operand as cuBLASLt sees them: the rows in memory are its columns.
cublas::Layout layout(DType dtype, int64_t rows, int64_t columns) {
  return {libraryType(dtype), columns, rows, columns};
}

/// One call for the longest dimension of the batch, repeated over the others.
class LibraryMatmul : public Kernel {
 public:
  LibraryMatmul(const KernelArgs& args, const MatmulShape& shape)
      : device_(*args.device),
        shape_(shape),
        dtype_(args.inputs[0].dtype),
        hasBias_(args.inputs.size() > 2),
        sums_(args.outputs.size() > 1),
        activation_(parseActivation(args.attrs.string("activation", "linear"))),
        operation_(computeType(device_, dtype_), dtype_ == DType::float64 ? CUDA_R_64F : CUDA_R_32F),
        a_(shape.transposeA ? layout(dtype_, shape.K, shape.M) : layout(dtype_, shape.M, shape.K)),
        b_(shape.transposeB ? layout(dtype_, shape.N, shape.K) : layout(dtype_, shape.K, shape.N)),
        y_(layout(dtype_, shape.M, shape.N)) {
    operation_.set(CUBLASLT_MATMUL_DESC_TRANSA, shape.transposeB ? CUBLAS_OP_T : CUBLAS_OP_N);
    operation_.set(CUBLASLT_MATMUL_DESC_TRANSB, shape.transposeA ? CUBLAS_OP_T : CUBLAS_OP_N);
    splitBatch();
  }

  /// Chooses the algorithm; false where the library has none for this product.
  bool choose(const KernelArgs& args) {
    if (batchCount_ > INT32_MAX) return false;
    // Of the transposed matrices, b is the first.
    if (sums_) return dtype_ != DType::float64 && chooseWith(CUBLASLT_EPILOGUE_BGRADA, args);
    // The library knows no epilogue in double, and of the activations only ReLU.
    const bool fusesRelu = activation_ == Activation::relu;
    if (dtype_ != DType::float64 && (hasBias_ || fusesRelu)) {
      const auto epilogue = !hasBias_   ? CUBLASLT_EPILOGUE_RELU
                            : fusesRelu ? CUBLASLT_EPILOGUE_RELU_BIAS
                                        : CUBLASLT_EPILOGUE_BIAS;
      fusesBias_ = hasBias_;
      const Activation rest = fusesRelu ? Activation::linear : activation_;
      if (chooseWith(epilogue, args)) return finish(args, rest);
      fusesBias_ = false;
    }
    return chooseWith(CUBLASLT_EPILOGUE_DEFAULT, args) && finish(args, activation_);
  }

  size_t scratchBytes() const override { return algorithm_.workspaceSize; }

  std::string implementation() const override {
    std::string name = "cublasLt " + std::to_string(cublas::algorithmId(algorithm_));
    if (usesTf32(device_, dtype_)) name += " tf32";
    return epilogue_ ? name + ", epilogue" : name;
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (fusesBias_ || sums_) operation_.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, sums_ ? out[1] : in[2]);
    if (loop_.empty()) {
      multiply(in, out, 0, 0, 0, scratch);
    } else {
      const Dims* const strides[] = {&loopA_, &loopB_, &loopY_};
      Odometer<3> at(loop_, {strides[0], strides[1], strides[2]}, 0);
      for (int64_t left = product(loop_); left > 0; --left, at.next()) multiply(in, out, at[0], at[1], at[2], scratch);
    }
    if (epilogue_) epilogue_.run(out[0], hasBias_ && !fusesBias_ ? in[2] : nullptr);
  }

 private:
  int64_t matrixA() const { return shape_.M * shape_.K; }
  int64_t matrixB() const { return shape_.K * shape_.N; }
  int64_t matrixY() const { return shape_.M * shape_.N; }

  void splitBatch() {
    if (shape_.batch.empty()) return;
    loop_ = shape_.batch;
    loopA_ = shape_.strideA;
    loopB_ = shape_.strideB;
    loopY_ = rowMajorStrides(loop_);
    const auto longest = std::max_element(loop_.begin(), loop_.end()) - loop_.begin();
    const auto take = [longest](Dims& list) {
      const int64_t value = list[size_t(longest)];
      list.erase(list.begin() + longest);
      return value;
    };
    batchCount_ = take(loop_);
    strideA_ = take(loopA_) * matrixA();
    strideB_ = take(loopB_) * matrixB();
    strideY_ = take(loopY_) * matrixY();
    if (batchCount_ > INT32_MAX) return;
    a_.setBatch(int32_t(batchCount_), strideA_);
    b_.setBatch(int32_t(batchCount_), strideB_);
    y_.setBatch(int32_t(batchCount_), strideY_);
  }

  /// What all matrices of an operand are aligned to, if the first lies anywhere in the arena.
  uint32_t alignment(const Dims& steps, int64_t matrix) const {
    int64_t common = kArenaAlignment;
    for (const int64_t step : steps) common = std::gcd(common, step * matrix * int64_t(sizeOf(dtype_)));
    return uint32_t(common);
  }

  bool chooseWith(cublasLtEpilogue_t epilogue, const KernelArgs& args) {
    operation_.set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    // Looked at for its alignment only.
    if (fusesBias_ || sums_)
      operation_.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, reinterpret_cast<const void*>(kArenaAlignment));
    cublas::Handle& blas = device_.blas();
    const std::string problem = describe(epilogue);
    if (const auto known = blas.chosen(problem)) {
      algorithm_ = *known;
      return true;
    }
    cublas::Preference preference;
    preference.set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(device_.capability() >= 90 ? 32 : 4) << 20);
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(loopB_, matrixB()));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(loopA_, matrixA()));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment(loopY_, matrixY()));
    preference.set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment(loopY_, matrixY()));
    // The other schemes add up parts in the type of the result, or in an order of their own.
    preference.set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    const int candidates = autotunes(device_) ? 8 : 1;
    const auto found = blas.algorithms(operation_, b_, a_, y_, preference, candidates);
    if (found.empty()) return false;
    algorithm_ = candidates > 1 ? fastest(found, args) : found[0];
    blas.remember(problem, algorithm_);
    return true;
  }

  /// Runs all on memory of its own. The first one is taken where there is not enough.
  cublas::Algorithm fastest(const std::vector<cublas::Algorithm>& candidates, const KernelArgs& args) try {
    std::vector<Temporary> memory;
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const TensorSpec& spec : args.inputs) in.push_back(memory.emplace_back(device_, spec.bytes()).get());
    for (const TensorSpec& spec : args.outputs) out.push_back(memory.emplace_back(device_, spec.bytes()).get());
    std::optional<float> bestTime;
    cublas::Algorithm best = candidates[0];
    for (const cublas::Algorithm& candidate : candidates) {
      algorithm_ = candidate;
      const std::optional<float> time = timeWith(in, out);
      if (!time || (bestTime && *time >= *bestTime)) continue;
      best = candidate;
      bestTime = time;
    }
    return best;
  } catch (const Error&) {
    return candidates[0];
  }

  /// The time of a run; none where there is no memory left, or the algorithm does not run after all.
  std::optional<float> timeWith(std::span<const void* const> in, std::span<void* const> out) try {
    const Temporary workspace(device_, algorithm_.workspaceSize);
    return timeOf(device_, [&] { run(in, out, workspace.get()); });
  } catch (const Error&) {
    return std::nullopt;
  }

  /// All that the choice of an algorithm depends on.
  std::string describe(cublasLtEpilogue_t epilogue) const {
    std::string text = dtypeName(dtype_);
    for (const int64_t number :
         {shape_.M, shape_.N, shape_.K, int64_t(shape_.transposeA), int64_t(shape_.transposeB), batchCount_, strideA_,
          strideB_, strideY_, int64_t(alignment(loopA_, matrixA())), int64_t(alignment(loopB_, matrixB())),
          int64_t(alignment(loopY_, matrixY())), int64_t(epilogue), int64_t(computeType(device_, dtype_))}) {
      text += ' ' + std::to_string(number);
    }
    return text;
  }

  bool finish(const KernelArgs& args, Activation rest) {
    if ((hasBias_ && !fusesBias_) || rest != Activation::linear) epilogue_ = Epilogue(device_, args.outputs[0], rest);
    return true;
  }

  void multiply(std::span<const void* const> in, std::span<void* const> out, int64_t a, int64_t b, int64_t y,
                void* scratch) {
    static constexpr float one = 1, zero = 0;
    static constexpr double one64 = 1, zero64 = 0;
    const bool isDouble = dtype_ == DType::float64;
    const void* alpha = isDouble ? static_cast<const void*>(&one64) : &one;
    const void* beta = isDouble ? static_cast<const void*>(&zero64) : &zero;
    const auto matrix = [this](const void* base, int64_t offset) {
      return static_cast<const std::byte*>(base) + size_t(offset) * sizeOf(dtype_);
    };
    void* result = static_cast<std::byte*>(out[0]) + size_t(y * matrixY()) * sizeOf(dtype_);
    cublas::check(cublas::functions().cublasLtMatmul(
                      device_.blas().get(), operation_.get(), alpha, matrix(in[1], b * matrixB()), b_.get(),
                      matrix(in[0], a * matrixA()), a_.get(), beta, result, y_.get(), result, y_.get(),
                      &algorithm_.algo, scratch, algorithm_.workspaceSize, device_.stream()),
                  "matmul");
  }

  Device& device_;
  MatmulShape shape_;
  DType dtype_;
  bool hasBias_, sums_, fusesBias_ = false;
  Activation activation_;
  cublas::Operation operation_;
  cublas::Layout a_, b_, y_;
  int64_t batchCount_ = 1, strideA_ = 0, strideB_ = 0, strideY_ = 0;
  Dims loop_, loopA_, loopB_, loopY_;
  cublas::Algorithm algorithm_{};
  Epilogue epilogue_;
};

/// The type that sums: unsigned for integers, as wide as any operand needs.
const char* sumType(const KernelArgs& args) {
  const DType dtype = args.inputs[0].dtype;
  if (isFloat(dtype)) return deviceComputeType(dtype);
  return std::max(sizeOf(dtype), sizeOf(args.outputs[0].dtype)) > 4 ? "uint64_t" : "uint32_t";
}

class TiledMatmul : public Kernel {
 public:
  TiledMatmul(const KernelArgs& args, const MatmulShape& s) {
    if (args.outputs[0].numel() == 0) return;
    const TensorSpec& bias = args.inputs.size() > 2 ? args.inputs[2] : args.inputs[0];
    kernel_ = DeviceKernel(
        *args.device, "matmul.cu",
        instantiate("matmulTiled", {deviceType(args.inputs[0].dtype), deviceType(args.inputs[1].dtype),
                                    deviceType(bias.dtype), deviceType(args.outputs[0].dtype), sumType(args)}));
    args_.M = s.M;
    args_.N = s.N;
    args_.K = s.K;
    args_.stepAM = s.transposeA ? 1 : s.K;
    args_.stepAK = s.transposeA ? s.M : 1;
    args_.stepBK = s.transposeB ? 1 : s.N;
    args_.stepBN = s.transposeB ? s.K : 1;
    args_.products = s.products();
    args_.activation = parseActivation(args.attrs.string("activation", "linear"));
    if (s.batch.size() > size_t(TiledMatmulArgs::kMaxBatchRank)) {
      throw Error(args.op, "more than 8 batch dimensions that are repeated in turn");
    }
    args_.batchRank = int(s.batch.size());
    std::copy(s.batch.begin(), s.batch.end(), args_.batch);
    std::copy(s.strideA.begin(), s.strideA.end(), args_.batchA);
    std::copy(s.strideB.begin(), s.strideB.end(), args_.batchB);
    const auto tiles = [](int64_t length) { return (length + kMatmulTile - 1) / kMatmulTile; };
    blocks_ = unsigned(std::min<int64_t>(args_.products * tiles(s.M) * tiles(s.N), INT_MAX));
  }

  std::string implementation() const override { return "matmulTiled"; }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    args_.a = in[0];
    args_.b = in[1];
    args_.bias = in.size() > 2 ? in[2] : nullptr;
    args_.y = out[0];
    kernel_.launch({blocks_}, args_);
  }

 private:
  DeviceKernel kernel_;
  TiledMatmulArgs args_{};
  unsigned blocks_ = 0;
};

/// Whether the library may be asked for the product, and for the sums that come with it.
bool fitsLibrary(const KernelArgs& args, const MatmulShape& shape) {
  const DType dtype = args.inputs[0].dtype;
  const auto isAlike = [dtype](const TensorSpec& spec) { return spec.dtype == dtype; };
  if (!isFloat(dtype) || !std::ranges::all_of(args.inputs, isAlike) || !std::ranges::all_of(args.outputs, isAlike)) {
    return false;
  }
  if (args.outputs.size() > 1 && args.inputs[1].bytes() > kSumsOnTheWay) return false;
  return shape.K > 0 && args.outputs[0].numel() > 0;
}

std::unique_ptr<Kernel> makeMatmul(const KernelArgs& args) {
  const MatmulShape shape(args);
  if (fitsLibrary(args, shape)) {
    auto kernel = std::make_unique<LibraryMatmul>(args, shape);
    if (kernel->choose(args)) return kernel;
  }
  if (args.outputs.size() > 1) return std::make_unique<SummingMatmul>(args, makeMatmul);
  return std::make_unique<TiledMatmul>(args, shape);
}

REGISTER_KERNEL("matmul", makeMatmul);

}  // namespace
}  // namespace hornet

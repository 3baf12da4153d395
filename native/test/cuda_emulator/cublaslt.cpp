// cuBLASLt of emulated devices: its descriptors, strictly checked, and a plain matrix product behind them.
#include <cublasLt.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "driver_call.h"
#include "memory.h"
#include "values.h"

namespace emulated {
namespace {

struct Handle {
  int device;
};

struct Operation {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  int32_t pointerMode = CUBLASLT_POINTER_MODE_HOST;
  int32_t transA = CUBLAS_OP_N, transB = CUBLAS_OP_N, transC = CUBLAS_OP_N;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
  int64_t biasBatchStride = 0;
  int32_t biasType = -1;
};

struct Layout {
  uint32_t type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t order = CUBLASLT_ORDER_COL, batch = 1;
  int64_t batchStride = 0;
};

struct Preference {
  uint64_t workspace = 0;
  uint32_t alignment[4] = {256, 256, 256, 256};
  uint32_t reductionSchemes = CUBLASLT_REDUCTION_SCHEME_MASK;
};

/// What an algorithm was found for, within the library's opaque words.
struct Algorithm {
  uint32_t magic, id;
  uint64_t problem, workspace;
  uint32_t alignment[4];
};
static_assert(sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t));
constexpr uint32_t kMagic = 0x1eaf1eaf;

Type typeOf(uint32_t type) {
  switch (type) {
    case CUDA_R_16F:
      return Type::half;
    case CUDA_R_16BF:
      return Type::bfloat16;
    case CUDA_R_32F:
      return Type::float32;
    case CUDA_R_64F:
      return Type::float64;
    default:
      return Type::unknown;
  }
}

cublasStatus_t refuse(cublasStatus_t status, const std::string& why) {
  report("cuBLASLt: " + why);
  return status;
}

template <class T, class Handle>
T& as(Handle handle) {
  return *reinterpret_cast<T*>(handle);
}

template <class T, class Stored>
cublasStatus_t assign(Stored& place, const void* value, size_t bytes) {
  if (!value || bytes != sizeof(T)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of a wrong size is set");
  T typed;
  std::memcpy(&typed, value, sizeof typed);
  place = Stored(typed);
  return CUBLAS_STATUS_SUCCESS;
}

struct Problem {
  const Operation& operation;
  const Layout &a, &b, &c, &d;

  uint64_t m() const { return operation.transA == CUBLAS_OP_N ? a.rows : a.columns; }
  uint64_t k() const { return operation.transA == CUBLAS_OP_N ? a.columns : a.rows; }
  uint64_t n() const { return operation.transB == CUBLAS_OP_N ? b.columns : b.rows; }
  bool hasBias() const {
    return operation.epilogue == CUBLASLT_EPILOGUE_BIAS || operation.epilogue == CUBLASLT_EPILOGUE_RELU_BIAS ||
           operation.epilogue == CUBLASLT_EPILOGUE_GELU_BIAS;
  }
  /// The values of the vector that belongs to the epilogue: the bias, or the sums of A or B along k; 0 if there is
  /// none.
  uint64_t vectorLength() const {
    if (hasBias() || operation.epilogue == CUBLASLT_EPILOGUE_BGRADA) return m();
    return operation.epilogue == CUBLASLT_EPILOGUE_BGRADB ? n() : 0;
  }
  bool usesTf32() const { return operation.compute == CUBLAS_COMPUTE_32F_FAST_TF32; }

  /// What an algorithm was chosen for; addresses are no part of it.
  uint64_t hash() const {
    uint64_t hash = 0xcbf29ce484222325u;
    const auto mix = [&](uint64_t value) { hash = (hash ^ value) * 0x100000001b3u, hash ^= hash >> 29; };
    for (const uint64_t value : {uint64_t(operation.compute), uint64_t(operation.scale), uint64_t(operation.transA),
                                 uint64_t(operation.transB), uint64_t(operation.epilogue)})
      mix(value);
    for (const Layout* layout : {&a, &b, &c, &d})
      for (const uint64_t value : {uint64_t(layout->type), layout->rows, layout->columns, uint64_t(layout->leading),
                                   uint64_t(layout->order), uint64_t(layout->batch), uint64_t(layout->batchStride)})
        mix(value);
    return hash;
  }
};

bool isSupported(const Problem& problem) {
  const Operation& o = problem.operation;
  const auto types = [&](uint32_t ab, uint32_t cd) {
    return problem.a.type == ab && problem.b.type == ab && problem.c.type == cd && problem.d.type == cd;
  };
  switch (o.compute) {
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
      return o.scale == CUDA_R_32F &&
             (types(CUDA_R_32F, CUDA_R_32F) || types(CUDA_R_16F, CUDA_R_16F) || types(CUDA_R_16F, CUDA_R_32F) ||
              types(CUDA_R_16BF, CUDA_R_16BF) || types(CUDA_R_16BF, CUDA_R_32F));
    case CUBLAS_COMPUTE_32F_FAST_TF32:
      return o.scale == CUDA_R_32F && types(CUDA_R_32F, CUDA_R_32F);
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC:
      return o.scale == CUDA_R_64F && types(CUDA_R_64F, CUDA_R_64F) && o.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
    default:
      return false;
  }
}

cublasStatus_t checkLayout(const Layout& layout, const char* name) {
  const std::string which = std::string("matrix ") + name;
  if (typeOf(layout.type) == Type::unknown) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, which + " has another type");
  if (layout.order != CUBLASLT_ORDER_COL && layout.order != CUBLASLT_ORDER_ROW)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, which + " has another order");
  if (layout.rows == 0 || layout.columns == 0) return refuse(CUBLAS_STATUS_INVALID_VALUE, which + " is empty");
  const uint64_t line = layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.columns;
  if (layout.leading < int64_t(line))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, which + " has too small a leading dimension");
  if (layout.batch < 1) return refuse(CUBLAS_STATUS_INVALID_VALUE, which + " has no batch");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check(const Problem& problem) {
  const Operation& o = problem.operation;
  const struct {
    const Layout& layout;
    const char* name;
  } all[] = {{problem.a, "A"}, {problem.b, "B"}, {problem.c, "C"}, {problem.d, "D"}};
  for (const auto& [layout, name] : all) {
    if (const cublasStatus_t status = checkLayout(layout, name)) return status;
    if (layout.batch != problem.d.batch) return refuse(CUBLAS_STATUS_INVALID_VALUE, "batch counts differ");
  }
  if (o.transC != CUBLAS_OP_N) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "C is transposed");
  const uint64_t kOfB = o.transB == CUBLAS_OP_N ? problem.b.rows : problem.b.columns;
  if (problem.k() != kOfB || problem.d.rows != problem.m() || problem.d.columns != problem.n() ||
      problem.c.rows != problem.d.rows || problem.c.columns != problem.d.columns)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "the shapes of the matrices do not fit");
  if (problem.d.batch > 1 && problem.d.batchStride == 0)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "all products of a batch would be written to one place");
  const bool rows = problem.d.order == CUBLASLT_ORDER_ROW;
  if (rows && o.epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "an epilogue with D in row order");
  switch (o.epilogue) {
    case CUBLASLT_EPILOGUE_DEFAULT:
    case CUBLASLT_EPILOGUE_RELU:
    case CUBLASLT_EPILOGUE_BIAS:
    case CUBLASLT_EPILOGUE_RELU_BIAS:
    case CUBLASLT_EPILOGUE_GELU:
    case CUBLASLT_EPILOGUE_GELU_BIAS:
      break;
    case CUBLASLT_EPILOGUE_BGRADA:
    case CUBLASLT_EPILOGUE_BGRADB:
      if (problem.d.batch > 1) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "sums of a batch are not emulated");
      break;
    default:
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "epilogue " + std::to_string(o.epilogue) + " is not emulated");
  }
  if (problem.vectorLength() > 0 && o.biasType >= 0 && uint32_t(o.biasType) != problem.d.type)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "the bias has another type than D");
  return isSupported(problem) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

/// The bytes from the first to behind the last element.
size_t extent(const Layout& layout) {
  const uint64_t lines = layout.order == CUBLASLT_ORDER_COL ? layout.columns : layout.rows;
  const uint64_t line = layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.columns;
  const uint64_t elements =
      (lines - 1) * uint64_t(layout.leading) + line + uint64_t(layout.batch - 1) * uint64_t(layout.batchStride);
  return elements * sizeOf(typeOf(layout.type));
}

int64_t placeOf(const Layout& layout, int64_t row, int64_t column, int64_t batch) {
  const int64_t inMatrix =
      layout.order == CUBLASLT_ORDER_COL ? column * layout.leading + row : row * layout.leading + column;
  return batch * layout.batchStride + inMatrix;
}

/// An operand as [rows][columns] of S after its transposition.
template <class S>
std::vector<S> gather(const Layout& layout, const void* memory, int64_t batch, bool transposed, bool tf32) {
  const Type type = typeOf(layout.type);
  const int64_t rows = int64_t(transposed ? layout.columns : layout.rows);
  const int64_t columns = int64_t(transposed ? layout.rows : layout.columns);
  std::vector<S> values(size_t(rows * columns));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t at = transposed ? placeOf(layout, j, i, batch) : placeOf(layout, i, j, batch);
      const S value = S(load(type, memory, at));
      values[size_t(i * columns + j)] = tf32 ? S(toTf32(float(value))) : value;
    }
  return values;
}

template <class S>
struct Multiplication {
  Operation operation;
  Layout a, b, c, d;
  S alpha, beta;
  const void *aMemory, *bMemory, *cMemory;
  void* dMemory;

  void run() const {
    const Problem problem{operation, a, b, c, d};
    const int64_t m = int64_t(problem.m()), n = int64_t(problem.n()), k = int64_t(problem.k());
    std::vector<S> row(static_cast<size_t>(n));
    for (int64_t batch = 0; batch < d.batch; ++batch) {
      const auto left = gather<S>(a, aMemory, batch, operation.transA != CUBLAS_OP_N, problem.usesTf32());
      const auto right = gather<S>(b, bMemory, batch, operation.transB != CUBLAS_OP_N, problem.usesTf32());
      for (int64_t i = 0; i < m; ++i) {
        std::fill(row.begin(), row.end(), S(0));
        for (int64_t p = 0; p < k; ++p) {
          const S factor = left[size_t(i * k + p)];
          const S* line = &right[size_t(p * n)];
          for (int64_t j = 0; j < n; ++j) row[size_t(j)] += factor * line[j];
        }
        for (int64_t j = 0; j < n; ++j) finish(problem, i, j, batch, row[size_t(j)]);
      }
      if (operation.epilogue == CUBLASLT_EPILOGUE_BGRADA) storeSums(left, m, k, k, 1);
      if (operation.epilogue == CUBLASLT_EPILOGUE_BGRADB) storeSums(right, n, k, 1, n);
    }
  }

 private:
  void storeSums(const std::vector<S>& values, int64_t count, int64_t length, int64_t stride, int64_t step) const {
    for (int64_t i = 0; i < count; ++i) {
      S sum = 0;
      for (int64_t p = 0; p < length; ++p) sum += values[size_t(i * stride + p * step)];
      store(typeOf(d.type), const_cast<void*>(operation.bias), i, double(sum));
    }
  }

  void finish(const Problem& problem, int64_t i, int64_t j, int64_t batch, S sum) const {
    S value = alpha * sum;
    if (beta != S(0)) value += beta * S(load(typeOf(c.type), cMemory, placeOf(c, i, j, batch)));
    if (problem.hasBias()) value += S(load(typeOf(d.type), operation.bias, batch * operation.biasBatchStride + i));
    const uint32_t epilogue = operation.epilogue;
    if (epilogue == CUBLASLT_EPILOGUE_RELU || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS)
      value = value > S(0) ? value : value != value ? value : S(0);
    if (epilogue == CUBLASLT_EPILOGUE_GELU || epilogue == CUBLASLT_EPILOGUE_GELU_BIAS)
      value =
          S(0.5) * value * (S(1) + std::tanh(S(0.7978845608028654) * (value + S(0.044715) * value * value * value)));
    store(typeOf(d.type), dMemory, placeOf(d, i, j, batch), double(value));
  }
};

cublasStatus_t checkMemory(const void* memory, size_t bytes, uint32_t alignment, const char* name) {
  if (!findDevice(memory, bytes))
    return refuse(CUBLAS_STATUS_INVALID_VALUE,
                  std::string(name) + " of " + std::to_string(bytes) + " bytes at " + describeAddress(memory));
  if (reinterpret_cast<uintptr_t>(memory) % alignment != 0)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, std::string(name) + " is less aligned than the heuristic was told");
  return CUBLAS_STATUS_SUCCESS;
}

#define TRY_BLAS(call) \
  if (const cublasStatus_t status = (call); status != CUBLAS_STATUS_SUCCESS) return status

template <class S>
cublasStatus_t multiply(Stream* stream, const Problem& problem, const void* alpha, const void* beta, const void* a,
                        const void* b, const void* c, void* d, void* workspace, uint64_t workspaceBytes) {
  Multiplication<S> work{problem.operation, problem.a, problem.b, problem.c, problem.d, S(0), S(0), a, b, c, d};
  std::memcpy(&work.alpha, alpha, sizeof(S));
  std::memcpy(&work.beta, beta, sizeof(S));
  const CUresult error = stream->enqueue([work, workspace, workspaceBytes] {
    const DeviceAccess access;
    // What lies in the workspace is lost.
    if (workspaceBytes > 0) std::memset(workspace, 0xff, workspaceBytes);
    work.run();
    return CUDA_SUCCESS;
  });
  return error ? CUBLAS_STATUS_EXECUTION_FAILED : CUBLAS_STATUS_SUCCESS;
}

}  // namespace
}  // namespace emulated

using namespace emulated;

#define EMULATED_BLAS_CALL                                                    \
  const std::lock_guard<std::recursive_mutex> lock(::emulated::globalLock()); \
  if (::emulated::enter(true) != CUDA_SUCCESS) return CUBLAS_STATUS_NOT_INITIALIZED

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  EMULATED_BLAS_CALL;
  *handle = reinterpret_cast<cublasLtHandle_t>(new Handle{currentDevice()});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete &as<Handle>(handle);
  return CUBLAS_STATUS_SUCCESS;
}

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }

const char* cublasLtGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
      return "another CUBLAS_STATUS";
  }
}

const char* cublasLtGetStatusString(cublasStatus_t status) { return cublasLtGetStatusName(status); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute, cudaDataType_t scale) {
  *desc = reinterpret_cast<cublasLtMatmulDesc_t>(new Operation{compute, scale});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete &as<Operation>(desc);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  Operation& operation = as<Operation>(desc);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign<int32_t>(operation.transA, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign<int32_t>(operation.transB, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSC:
      return assign<int32_t>(operation.transC, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign<uint32_t>(operation.epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign<const void*>(operation.bias, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
      return assign<int64_t>(operation.biasBatchStride, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return assign<int32_t>(operation.biasType, value, bytes);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return assign<int32_t>(operation.pointerMode, value, bytes);
    default:
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED,
                    "operation attribute " + std::to_string(attribute) + " is not emulated");
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  *layout = reinterpret_cast<cublasLtMatrixLayout_t>(new Layout{uint32_t(type), rows, columns, leading});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete &as<Layout>(layout);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                size_t bytes) {
  Layout& layout = as<Layout>(handle);
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return assign<uint32_t>(layout.type, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return assign<int32_t>(layout.order, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return assign<uint64_t>(layout.rows, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return assign<uint64_t>(layout.columns, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return assign<int64_t>(layout.leading, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return assign<int32_t>(layout.batch, value, bytes);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return assign<int64_t>(layout.batchStride, value, bytes);
    default:
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "layout attribute " + std::to_string(attribute) + " is not emulated");
  }
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete &as<Preference>(preference);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    size_t bytes) {
  Preference& preference = as<Preference>(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return assign<uint64_t>(preference.workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return assign<uint32_t>(preference.reductionSchemes, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return assign<uint32_t>(preference.alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
                              bytes);
    default:
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "preference " + std::to_string(attribute) + " is not emulated");
  }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preferenceHandle, int requested,
                                              cublasLtMatmulHeuristicResult_t* results, int* returned) {
  *returned = 0;
  if (requested < 1) return CUBLAS_STATUS_INVALID_VALUE;
  const Problem problem{as<Operation>(operation), as<Layout>(a), as<Layout>(b), as<Layout>(c), as<Layout>(d)};
  TRY_BLAS(check(problem));
  if (problem.vectorLength() > 0 && !problem.operation.bias)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an epilogue with a vector has no address to look at");
  const Preference& preference = as<Preference>(preferenceHandle);
  // One that needs a workspace, where it may, and one that needs none.
  for (const uint64_t workspace : {uint64_t(12345), uint64_t(0)}) {
    if (workspace > preference.workspace || *returned == requested) continue;
    Algorithm algorithm{kMagic, workspace > 0 ? 21u : 20u, problem.hash(), workspace, {}};
    std::copy_n(preference.alignment, 4, algorithm.alignment);
    cublasLtMatmulHeuristicResult_t& result = results[(*returned)++];
    result = {};
    std::memcpy(&result.algo, &algorithm, sizeof algorithm);
    result.workspaceSize = workspace;
    result.state = CUBLAS_STATUS_SUCCESS;
    result.wavesCount = 1;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* handle,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute, void* value,
                                                    size_t bytes, size_t* written) {
  Algorithm algorithm;
  std::memcpy(&algorithm, handle, sizeof algorithm);
  if (attribute != CUBLASLT_ALGO_CONFIG_ID || bytes < sizeof(int32_t) || algorithm.magic != kMagic)
    return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(value, &algorithm.id, sizeof(int32_t));
  if (written) *written = sizeof(int32_t);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void* alpha,
                              const void* aMemory, cublasLtMatrixLayout_t a, const void* bMemory,
                              cublasLtMatrixLayout_t b, const void* beta, const void* cMemory, cublasLtMatrixLayout_t c,
                              void* dMemory, cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t* algorithmHandle,
                              void* workspace, size_t workspaceBytes, cudaStream_t streamHandle) {
  EMULATED_BLAS_CALL;
  if (!handle || as<Handle>(handle).device != currentDevice())
    return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "the handle is of another device");
  Stream* stream = nullptr;
  if (streamOf(reinterpret_cast<CUstream>(streamHandle), stream, "cublasLtMatmul") || countWork())
    return CUBLAS_STATUS_EXECUTION_FAILED;
  const Problem problem{as<Operation>(operation), as<Layout>(a), as<Layout>(b), as<Layout>(c), as<Layout>(d)};
  TRY_BLAS(check(problem));
  if (problem.operation.pointerMode != CUBLASLT_POINTER_MODE_HOST || !alpha || !beta)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "alpha and beta not on the host");
  if (!algorithmHandle) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "no algorithm is given");
  Algorithm algorithm;
  std::memcpy(&algorithm, algorithmHandle, sizeof algorithm);
  if (algorithm.magic != kMagic || algorithm.problem != problem.hash())
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "the algorithm was chosen for another problem");
  if (algorithm.workspace > workspaceBytes)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "the workspace is smaller than the algorithm needs");
  if (algorithm.workspace > 0) TRY_BLAS(checkMemory(workspace, workspaceBytes, 256, "the workspace"));
  TRY_BLAS(checkMemory(aMemory, extent(problem.a), algorithm.alignment[0], "A"));
  TRY_BLAS(checkMemory(bMemory, extent(problem.b), algorithm.alignment[1], "B"));
  TRY_BLAS(checkMemory(dMemory, extent(problem.d), algorithm.alignment[3], "D"));
  if (problem.vectorLength() > 0) {
    const size_t bytes = problem.vectorLength() * sizeOf(typeOf(problem.d.type));
    TRY_BLAS(checkMemory(problem.operation.bias, bytes, uint32_t(sizeOf(typeOf(problem.d.type))), "the bias"));
  }
  double betaValue = 0;
  if (problem.operation.scale == CUDA_R_64F) std::memcpy(&betaValue, beta, sizeof(double));
  if (problem.operation.scale == CUDA_R_32F) betaValue = double(loadAs<float>(beta, 0));
  if (betaValue != 0) TRY_BLAS(checkMemory(cMemory, extent(problem.c), algorithm.alignment[2], "C"));
  return problem.operation.scale == CUDA_R_64F ? multiply<double>(stream, problem, alpha, beta, aMemory, bMemory,
                                                                  cMemory, dMemory, workspace, algorithm.workspace)
                                               : multiply<float>(stream, problem, alpha, beta, aMemory, bMemory,
                                                                 cMemory, dMemory, workspace, algorithm.workspace);
}

}  // extern "C"

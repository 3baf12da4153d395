// cuBLASLt: opening the library, and its descriptors.
#include "cublas.h"

#include <cstring>

#include "device.h"
#include "libraries.h"
#include "timing.h"

namespace hornet::cublas {
namespace {

Functions load() {
  Functions table;
#define HORNET_LOAD(name) \
  table.name = reinterpret_cast<decltype(&::name)>(cuda::symbolOf(cuda::Library::cublasLt, #name));
  HORNET_CUBLASLT_FUNCTIONS(HORNET_LOAD)
#undef HORNET_LOAD
  return table;
}

cublasLtMatmulDesc_t makeOperation(cublasComputeType_t compute, cudaDataType_t scale) {
  cublasLtMatmulDesc_t handle = nullptr;
  check(functions().cublasLtMatmulDescCreate(&handle, compute, scale), "matmul");
  return handle;
}

cublasLtMatrixLayout_t makeLayout(cudaDataType_t type, int64_t rows, int64_t columns, int64_t leading) {
  cublasLtMatrixLayout_t handle = nullptr;
  check(functions().cublasLtMatrixLayoutCreate(&handle, type, uint64_t(rows), uint64_t(columns), leading), "matmul");
  return handle;
}

cublasLtMatmulPreference_t makePreference() {
  cublasLtMatmulPreference_t handle = nullptr;
  check(functions().cublasLtMatmulPreferenceCreate(&handle), "matmul");
  return handle;
}

cublasLtHandle_t makeHandle(const Device& device) {
  device.activate();
  cublasLtHandle_t handle = nullptr;
  check(functions().cublasLtCreate(&handle), "cublas");
  return handle;
}

}  // namespace

const Functions& functions() {
  static const Functions table = load();
  return table;
}

void check(cublasStatus_t status, const char* op) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(op, std::string("cuBLASLt failed: ") + functions().cublasLtGetStatusString(status));
}

Operation::Operation(cublasComputeType_t compute, cudaDataType_t scale) : Descriptor(makeOperation(compute, scale)) {}

Layout::Layout(cudaDataType_t type, int64_t rows, int64_t columns, int64_t leading)
    : Descriptor(makeLayout(type, rows, columns, leading)) {}

void Layout::setBatch(int32_t count, int64_t stride) {
  set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count);
  set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
}

Preference::Preference() : Descriptor(makePreference()) {}

int algorithmId(const Algorithm& algorithm) {
  int32_t id = -1;
  size_t written = 0;
  check(functions().cublasLtMatmulAlgoConfigGetAttribute(&algorithm.algo, CUBLASLT_ALGO_CONFIG_ID, &id, sizeof(id),
                                                         &written),
        "matmul");
  return id;
}

Handle::Handle(Device& device)
    : handle_(makeHandle(device)),
      isTimed_(autotunes(device)),
      identity_(device.name() + " " + std::to_string(device.capability()) + " cublasLt " +
                cuda::versionOf(cuda::Library::cublasLt) + " "),
      choices_("plans") {}

std::vector<Algorithm> Handle::algorithms(const Operation& operation, const Layout& a, const Layout& b, const Layout& d,
                                          const Preference& preference, int count) const {
  std::vector<Algorithm> found(size_t(count), Algorithm{});
  int returned = 0;
  const cublasStatus_t status = functions().cublasLtMatmulAlgoGetHeuristic(
      get(), operation.get(), a.get(), b.get(), d.get(), d.get(), preference.get(), count, found.data(), &returned);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return {};
  check(status, "matmul");
  found.resize(size_t(returned));
  std::erase_if(found, [](const Algorithm& algorithm) { return algorithm.state != CUBLAS_STATUS_SUCCESS; });
  return found;
}

std::optional<Algorithm> Handle::chosen(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (const auto found = chosen_.find(problem); found != chosen_.end()) return found->second;
  if (!isTimed_) return std::nullopt;
  // The file holds the problem, too: two may have one hash.
  const std::string text = identity_ + problem;
  const auto file = choices_.find(cuda::hashOf(text));
  if (!file || file->size() != text.size() + sizeof(Algorithm) || !file->starts_with(text)) return std::nullopt;
  Algorithm algorithm;
  std::memcpy(&algorithm, file->data() + text.size(), sizeof(algorithm));
  return chosen_.emplace(problem, algorithm).first->second;
}

void Handle::remember(const std::string& problem, const Algorithm& algorithm) {
  const std::lock_guard lock(mutex_);
  chosen_.emplace(problem, algorithm);
  if (!isTimed_) return;
  const std::string text = identity_ + problem;
  choices_.store(cuda::hashOf(text), text + std::string(reinterpret_cast<const char*>(&algorithm), sizeof(algorithm)));
}

}  // namespace hornet::cublas

namespace hornet {

cublas::Handle& Device::blas() {
  if (!blas_) blas_ = std::make_shared<cublas::Handle>(*this);
  return *blas_;
}

}  // namespace hornet

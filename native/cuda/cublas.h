// cuBLASLt: its functions, opened at run time, owners of its descriptors, and the handle of one device. What to
// multiply and how is in matmul.cpp.
#pragma once

#include <cublasLt.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "disk_cache.h"

namespace hornet {

class Device;

namespace cublas {

// clang-format off
#define HORNET_CUBLASLT_FUNCTIONS(FN)                                                               \
  FN(cublasLtCreate) FN(cublasLtDestroy) FN(cublasLtGetStatusString) FN(cublasLtMatmul)             \
  FN(cublasLtMatmulDescCreate) FN(cublasLtMatmulDescDestroy) FN(cublasLtMatmulDescSetAttribute)     \
  FN(cublasLtMatrixLayoutCreate) FN(cublasLtMatrixLayoutDestroy)                                    \
  FN(cublasLtMatrixLayoutSetAttribute) FN(cublasLtMatmulPreferenceCreate)                           \
  FN(cublasLtMatmulPreferenceDestroy) FN(cublasLtMatmulPreferenceSetAttribute)                      \
  FN(cublasLtMatmulAlgoGetHeuristic) FN(cublasLtMatmulAlgoConfigGetAttribute)
// clang-format on

struct Functions {
#define HORNET_DECLARE(name) decltype(&::name) name;
  HORNET_CUBLASLT_FUNCTIONS(HORNET_DECLARE)
#undef HORNET_DECLARE
};

/// The functions of the library, which is opened at the first call. Throws an Error when there is none.
const Functions& functions();

/// Throws an Error of this op that tells why it failed.
void check(cublasStatus_t status, const char* op);

template <class Handle, auto Destroy>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle handle) const noexcept { (functions().*Destroy)(handle); }
};
template <class Handle, auto Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroyer<Handle, Destroy>>;

/// A descriptor with attributes.
template <class Handle, class Attribute, auto Destroy, auto SetAttribute>
class Descriptor {
 public:
  Handle get() const { return handle_.get(); }

  template <class Value>
  void set(Attribute attribute, const Value& value) {
    check((functions().*SetAttribute)(get(), attribute, &value, sizeof(value)), "matmul");
  }

 protected:
  explicit Descriptor(Handle handle) : handle_(handle) {}

 private:
  Owned<Handle, Destroy> handle_;
};

/// What is computed: in which type, with which operands transposed, with which epilogue.
class Operation : public Descriptor<cublasLtMatmulDesc_t, cublasLtMatmulDescAttributes_t,
                                    &Functions::cublasLtMatmulDescDestroy, &Functions::cublasLtMatmulDescSetAttribute> {
 public:
  Operation(cublasComputeType_t compute, cudaDataType_t scale);
};

/// A matrix, or a batch of them, whose columns are `leading` elements apart.
class Layout
    : public Descriptor<cublasLtMatrixLayout_t, cublasLtMatrixLayoutAttribute_t,
                        &Functions::cublasLtMatrixLayoutDestroy, &Functions::cublasLtMatrixLayoutSetAttribute> {
 public:
  Layout(cudaDataType_t type, int64_t rows, int64_t columns, int64_t leading);
  void setBatch(int32_t count, int64_t stride);
};

/// What an algorithm may need.
class Preference
    : public Descriptor<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t,
                        &Functions::cublasLtMatmulPreferenceDestroy, &Functions::cublasLtMatmulPreferenceSetAttribute> {
 public:
  Preference();
};

using Algorithm = cublasLtMatmulHeuristicResult_t;

/// The library's number of an algorithm.
int algorithmId(const Algorithm& algorithm);

class Handle {
 public:
  explicit Handle(Device& device);

  cublasLtHandle_t get() const { return handle_.get(); }

  /// At most `count` algorithms, the one that promises most first; none where the library has no code.
  std::vector<Algorithm> algorithms(const Operation& operation, const Layout& a, const Layout& b, const Layout& d,
                                    const Preference& preference, int count) const;

  /// Algorithms chosen before, by what they were chosen for. Programs that multiply alike choose once; what was timed
  /// is kept on disk.
  std::optional<Algorithm> chosen(const std::string& problem);
  void remember(const std::string& problem, const Algorithm& algorithm);

 private:
  Owned<cublasLtHandle_t, &Functions::cublasLtDestroy> handle_;
  bool isTimed_;
  /// The GPU and the version of the library: algorithms mean something to the same ones only.
  std::string identity_;
  cuda::DiskCache choices_;
  std::mutex mutex_;
  std::map<std::string, Algorithm> chosen_;
};

}  // namespace cublas
}  // namespace hornet

// cuDNN's functions, opened at run time, and an owner of its backend descriptors.
#pragma once

#include <cudnn.h>

#include <bit>
#include <string>
#include <type_traits>
#include <vector>

#include "../error.h"
#include "../tensor.h"

namespace hornet::cudnn {

// clang-format off
#define HORNET_CUDNN_FUNCTIONS(FN)                                                                   \
  FN(cudnnGetVersion) FN(cudnnGetErrorString) FN(cudnnGetLastErrorString) FN(cudnnCreate)            \
  FN(cudnnDestroy) FN(cudnnSetStream) FN(cudnnBackendCreateDescriptor)                               \
  FN(cudnnBackendDestroyDescriptor) FN(cudnnBackendSetAttribute) FN(cudnnBackendGetAttribute)        \
  FN(cudnnBackendFinalize) FN(cudnnBackendExecute)

// Recurrent layers have no graph form: these are their calls that are not deprecated.
#define HORNET_CUDNN_RNN_FUNCTIONS(FN)                                                               \
  FN(cudnnCreateRNNDescriptor) FN(cudnnDestroyRNNDescriptor) FN(cudnnSetRNNDescriptor_v8)            \
  FN(cudnnCreateRNNDataDescriptor) FN(cudnnDestroyRNNDataDescriptor) FN(cudnnSetRNNDataDescriptor)   \
  FN(cudnnCreateTensorDescriptor) FN(cudnnDestroyTensorDescriptor) FN(cudnnSetTensorNdDescriptor)    \
  FN(cudnnGetTensorNdDescriptor) FN(cudnnCreateDropoutDescriptor) FN(cudnnDestroyDropoutDescriptor)  \
  FN(cudnnSetDropoutDescriptor) FN(cudnnGetRNNTempSpaceSizes) FN(cudnnGetRNNWeightSpaceSize)         \
  FN(cudnnGetRNNWeightParams) FN(cudnnRNNForward) FN(cudnnRNNBackwardData_v8)                        \
  FN(cudnnRNNBackwardWeights_v8)
// clang-format on

#define HORNET_DECLARE(name) decltype(&::name) name;
struct Functions {
  HORNET_CUDNN_FUNCTIONS(HORNET_DECLARE)
};
struct RnnFunctions {
  HORNET_CUDNN_RNN_FUNCTIONS(HORNET_DECLARE)
};
#undef HORNET_DECLARE

/// The library's functions; it is opened at the first call. Throws an Error when it is missing.
const Functions& functions();
const RnnFunctions& rnnFunctions();

/// A status of cuDNN other than success.
class StatusError : public Error {
 public:
  StatusError(cudnnStatus_t status, const std::string& what);
};

inline void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) throw StatusError(status, what);
}

/// Throws an Error for a dtype that the library does not know.
cudnnDataType_t dataType(DType dtype);

/// The tag under which a value of type T travels in attributes.
template <class T>
constexpr cudnnBackendAttributeType_t attributeType() = delete;
#define HORNET_ATTRIBUTE_TYPE(T, tag)                        \
  template <>                                                \
  constexpr cudnnBackendAttributeType_t attributeType<T>() { \
    return tag;                                              \
  }
HORNET_ATTRIBUTE_TYPE(bool, CUDNN_TYPE_BOOLEAN)
HORNET_ATTRIBUTE_TYPE(int64_t, CUDNN_TYPE_INT64)
HORNET_ATTRIBUTE_TYPE(float, CUDNN_TYPE_FLOAT)
HORNET_ATTRIBUTE_TYPE(double, CUDNN_TYPE_DOUBLE)
HORNET_ATTRIBUTE_TYPE(cudnnDataType_t, CUDNN_TYPE_DATA_TYPE)
HORNET_ATTRIBUTE_TYPE(cudnnConvolutionMode_t, CUDNN_TYPE_CONVOLUTION_MODE)
HORNET_ATTRIBUTE_TYPE(cudnnPointwiseMode_t, CUDNN_TYPE_POINTWISE_MODE)
HORNET_ATTRIBUTE_TYPE(cudnnNanPropagation_t, CUDNN_TYPE_NAN_PROPOGATION)
HORNET_ATTRIBUTE_TYPE(cudnnReduceTensorOp_t, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE)
HORNET_ATTRIBUTE_TYPE(cudnnBackendNormMode_t, CUDNN_TYPE_NORM_MODE)
HORNET_ATTRIBUTE_TYPE(cudnnBackendNormFwdPhase_t, CUDNN_TYPE_NORM_FWD_PHASE)
HORNET_ATTRIBUTE_TYPE(cudnnRngDistribution_t, CUDNN_TYPE_RNG_DISTRIBUTION)
HORNET_ATTRIBUTE_TYPE(cudnnBackendHeurMode_t, CUDNN_TYPE_HEUR_MODE)
HORNET_ATTRIBUTE_TYPE(cudnnBackendKnobType_t, CUDNN_TYPE_KNOB_TYPE)
HORNET_ATTRIBUTE_TYPE(cudnnBackendNumericalNote_t, CUDNN_TYPE_NUMERICAL_NOTE)
#undef HORNET_ATTRIBUTE_TYPE

/// A backend descriptor. What is set is also gathered as text, by which equal operation graphs are known again.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, T value) {
    if constexpr (std::is_floating_point_v<T>) {
      note(name, std::to_string(std::bit_cast<std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>(value)));
    } else {
      note(name, std::to_string(value));
    }
    return setRaw(name, attributeType<T>(), 1, &value);
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value);
  Descriptor& set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values);
  Descriptor& set(cudnnBackendAttributeName_t name, const std::string& text);
  /// Sets what is no part of the text: addresses and handles.
  Descriptor& setRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                     const void* values);
  Descriptor&& finalize() &&;
  Descriptor& finalize() &;

  /// The one value of an attribute.
  template <class T>
  T get(cudnnBackendAttributeName_t name) const {
    T value{};
    getRaw(name, attributeType<T>(), 1, &value);
    return value;
  }
  /// At most `limit` values of an attribute.
  template <class T>
  std::vector<T> list(cudnnBackendAttributeName_t name, int64_t limit) const {
    std::vector<T> values{size_t(limit)};
    values.resize(size_t(getRaw(name, attributeType<T>(), limit, values.data())));
    return values;
  }
  /// At most `limit` descriptors of a type, which an attribute holds; all of them without a limit.
  std::vector<Descriptor> list(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                               int64_t limit = -1) const;

  cudnnBackendDescriptor_t get() const { return descriptor_; }
  std::string text() const { return text_ + "}"; }

 private:
  void note(cudnnBackendAttributeName_t name, const std::string& value);
  int64_t getRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t limit, void* values) const;

  cudnnBackendDescriptorType_t type_;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
  std::string text_;
};

}  // namespace hornet::cudnn

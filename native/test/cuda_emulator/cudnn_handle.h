// What the calls of the emulated cuDNN share: its handle, its data types, how each begins.
#pragma once

#include <cudnn.h>

#include "driver_call.h"
#include "values.h"

namespace emulated::dnn {

struct Handle {
  int device;
  CUstream stream = nullptr;
};

inline Type typeOf(cudnnDataType_t type) {
  switch (type) {
    case CUDNN_DATA_FLOAT:
      return Type::float32;
    case CUDNN_DATA_DOUBLE:
      return Type::float64;
    case CUDNN_DATA_HALF:
      return Type::half;
    case CUDNN_DATA_BFLOAT16:
      return Type::bfloat16;
    case CUDNN_DATA_INT8:
      return Type::int8;
    case CUDNN_DATA_UINT8:
      return Type::uint8;
    case CUDNN_DATA_INT32:
      return Type::int32;
    case CUDNN_DATA_INT64:
      return Type::int64;
    case CUDNN_DATA_BOOLEAN:
      return Type::boolean;
    default:
      return Type::unknown;
  }
}

}  // namespace emulated::dnn

#define EMULATED_DNN_CALL                                                     \
  const std::lock_guard<std::recursive_mutex> lock(::emulated::globalLock()); \
  if (::emulated::enter(true) != CUDA_SUCCESS) return CUDNN_STATUS_NOT_INITIALIZED

#define DNN_TRY(call) \
  if (const cudnnStatus_t status = (call); status != CUDNN_STATUS_SUCCESS) return status

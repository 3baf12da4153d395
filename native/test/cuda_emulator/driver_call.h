// What every call into the emulated driver, and into the libraries on top of it, begins with.
#pragma once

#include <cuda.h>

#include <mutex>

#include "stream.h"

namespace emulated {

/// The error of a call that cannot be made now: no cuInit, a failed device, no context.
CUresult enter(bool needsContext);
int currentDevice();
/// Counts launches and copies until the device is to vanish.
CUresult countWork();
/// The stream of a handle; the default stream is refused, for Hornet must never use it.
CUresult streamOf(CUstream handle, Stream*& stream, const char* call);

}  // namespace emulated

#define EMULATED_TRY(call) \
  if (const CUresult error = (call); error != CUDA_SUCCESS) return error

#define EMULATED_CALL(needsContext)                                           \
  const std::lock_guard<std::recursive_mutex> lock(::emulated::globalLock()); \
  EMULATED_TRY(::emulated::enter(needsContext))

// The driver API: its functions, opened at run time, and owners of its objects.
#pragma once

#include <cuda.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace hornet::cuda {

// Versioned names, as the driver exports them: the plain ones are macros of cuda.h that change with its version.
// clang-format off
#define HORNET_DRIVER_FUNCTIONS(FN) \
  FN(cuInit) FN(cuDriverGetVersion) FN(cuGetErrorName) FN(cuGetErrorString) FN(cuDeviceGetCount) \
  FN(cuDeviceGet) FN(cuDeviceGetName) FN(cuDeviceGetAttribute) FN(cuDeviceTotalMem_v2) \
  FN(cuDevicePrimaryCtxRetain) FN(cuDevicePrimaryCtxRelease_v2) FN(cuCtxSetCurrent) FN(cuCtxSynchronize) \
  FN(cuMemGetInfo_v2) FN(cuMemPoolCreate) FN(cuMemPoolDestroy) FN(cuMemPoolSetAttribute) FN(cuMemPoolTrimTo) \
  FN(cuMemAllocFromPoolAsync) FN(cuMemFreeAsync) FN(cuMemAllocHost_v2) FN(cuMemFreeHost) \
  FN(cuMemcpyHtoDAsync_v2) FN(cuMemcpyDtoHAsync_v2) FN(cuMemcpyDtoDAsync_v2) FN(cuMemsetD8Async) \
  FN(cuStreamCreate) FN(cuStreamDestroy_v2) FN(cuStreamSynchronize) FN(cuStreamWaitEvent) \
  FN(cuStreamBeginCapture_v2) FN(cuStreamEndCapture) FN(cuEventCreate) FN(cuEventDestroy_v2) FN(cuEventRecord) \
  FN(cuEventQuery) FN(cuEventSynchronize) FN(cuEventElapsedTime) FN(cuModuleLoadData) FN(cuModuleUnload) \
  FN(cuModuleGetFunction) FN(cuFuncSetAttribute) FN(cuLaunchKernel) FN(cuGraphInstantiateWithFlags) \
  FN(cuGraphDestroy) FN(cuGraphExecDestroy) FN(cuGraphLaunch) FN(cuOccupancyMaxActiveBlocksPerMultiprocessor)
// clang-format on

struct Driver {
#define HORNET_DECLARE(name) decltype(&::name) name;
  HORNET_DRIVER_FUNCTIONS(HORNET_DECLARE)
#undef HORNET_DECLARE
};

/// The functions of the driver, which is opened at the first call. Throws an Error when there is none.
const Driver& driver();

/// Throws an Error that tells what failed and why.
void check(CUresult result, const char* what);

/// Owners: `Owned<CUstream, &Driver::cuStreamDestroy_v2>` destroys what it holds.
template <class Handle, auto Destroy>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle handle) const noexcept { (driver().*Destroy)(handle); }
};
template <class Handle, auto Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroyer<Handle, Destroy>>;

using Stream = Owned<CUstream, &Driver::cuStreamDestroy_v2>;
using Event = Owned<CUevent, &Driver::cuEventDestroy_v2>;
using Module = Owned<CUmodule, &Driver::cuModuleUnload>;
using Graph = Owned<CUgraph, &Driver::cuGraphDestroy>;
using GraphExec = Owned<CUgraphExec, &Driver::cuGraphExecDestroy>;

/// The context of a device that all libraries of a process share.
class PrimaryContext {
 public:
  PrimaryContext() = default;
  ~PrimaryContext();
  PrimaryContext(const PrimaryContext&) = delete;
  PrimaryContext& operator=(const PrimaryContext&) = delete;

  void retain(CUdevice device);
  /// Makes it the calling thread's.
  CUresult makeCurrent() const { return driver().cuCtxSetCurrent(context_); }

 private:
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
};

Stream makeStream();
Event makeEvent();

}  // namespace hornet::cuda

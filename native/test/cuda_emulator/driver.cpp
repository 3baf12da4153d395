// The driver API of emulated devices: devices, contexts, memory pools, copies, modules and launches.
#include <cuda.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "driver_call.h"
#include "fibers.h"
#include "memory.h"
#include "module.h"
#include "settings.h"

namespace emulated {
namespace {

struct Context {
  int device;
  int retained = 0;
};

struct Pool {
  int device;
  uint64_t releaseThreshold = 0;
};

struct Function {
  const LoadedModule* module;
  const KernelEntry* kernel;
};

struct ModuleHandle {
  LoadedModule loaded;
  int device;
  std::vector<std::unique_ptr<Function>> functions;
};

bool initialized = false;
thread_local Context* currentContext = nullptr;

int deviceCount() { return int(numberSetting("DEVICES", 1)); }
size_t totalMemory() { return size_t(numberSetting("MEMORY", int64_t(4) << 30)); }

Context& primaryContext(int device) {
  static std::vector<std::unique_ptr<Context>> contexts;
  while (int(contexts.size()) <= device) contexts.push_back(std::make_unique<Context>(Context{int(contexts.size())}));
  return *contexts[size_t(device)];
}

template <class T>
std::vector<std::unique_ptr<T>>& all() {
  static auto& list = *new std::vector<std::unique_ptr<T>>();  // Never destroyed: programs end in any order.
  return list;
}

template <class T, class Handle>
T* find(Handle handle) {
  for (const auto& object : all<T>())
    if (object.get() == reinterpret_cast<T*>(handle)) return object.get();
  return nullptr;
}

template <class T>
void erase(T* object) {
  std::erase_if(all<T>(), [&](const auto& candidate) { return candidate.get() == object; });
}

size_t usedMemory(int device) {
  size_t bytes = 0;
  for (const auto& [address, allocation] : allocations())
    if (allocation.device == device) bytes += (allocation.bytes + 511) / 512 * 512;
  return bytes;
}

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

CUresult badPointer(const char* call, const void* address, size_t bytes) {
  report(std::string(call) + " of " + std::to_string(bytes) + " bytes at " + describeAddress(address));
  return CUDA_ERROR_INVALID_VALUE;
}

/// Whether what runs now may use these bytes; a copy that was fine when enqueued may find its memory freed.
CUresult checkDevice(const char* call, const void* address, size_t bytes) {
  if (findDevice(address, bytes)) return CUDA_SUCCESS;
  report(std::string(call) + " of " + std::to_string(bytes) + " bytes at " + describeAddress(address));
  return CUDA_ERROR_ILLEGAL_ADDRESS;
}

CUresult runKernel(const Function& function, Index3 grid, Index3 block, std::vector<std::byte>& bytes) {
  std::vector<void*> parameters(function.kernel->count);
  std::byte* at = bytes.data();
  for (unsigned i = 0; i < function.kernel->count; ++i) {
    parameters[i] = at;
    at += (function.kernel->sizes[i] + 15) / 16 * 16;
  }
  const std::string problem = runGrid({function.module->description, function.kernel, grid, block, parameters.data()});
  if (problem.empty()) return CUDA_SUCCESS;
  const bool address = problem.find("access") != std::string::npos;
  return fail(address ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_ERROR_LAUNCH_FAILED, "kernel failed: " + problem);
}

}  // namespace

CUresult enter(bool needsContext) {
  if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
  static const std::string file = setting("FAIL_FILE");
  struct stat status;
  if (!file.empty() && stickyError() == CUDA_SUCCESS && stat(file.c_str(), &status) == 0)
    return fail(CUDA_ERROR_ECC_UNCORRECTABLE, "the device vanishes");
  if (stickyError() != CUDA_SUCCESS) return stickyError();
  return needsContext && !currentContext ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

int currentDevice() { return currentContext ? currentContext->device : -1; }

CUresult countWork() {
  static int64_t left = numberSetting("FAIL_AFTER", -1);
  if (left < 0 || left-- > 0) return CUDA_SUCCESS;
  return fail(CUDA_ERROR_ECC_UNCORRECTABLE, "the device vanishes");
}

CUresult streamOf(CUstream handle, Stream*& stream, const char* call) {
  if (!handle) {
    report(std::string(call) + " on the default stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  stream = findStream(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  return stream->device() == currentDevice() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

}  // namespace emulated

using namespace emulated;

extern "C" {

CUresult cuInit(unsigned flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (deviceCount() <= 0) return CUDA_ERROR_NO_DEVICE;
  initialized = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int* version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

// clang-format off
#define EMULATED_ERRORS(FN) \
  FN(CUDA_SUCCESS, "no error") \
  FN(CUDA_ERROR_INVALID_VALUE, "invalid argument") \
  FN(CUDA_ERROR_OUT_OF_MEMORY, "out of memory") \
  FN(CUDA_ERROR_NOT_INITIALIZED, "initialization error") \
  FN(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected") \
  FN(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal") \
  FN(CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA-capable device(s) is/are busy or unavailable") \
  FN(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid") \
  FN(CUDA_ERROR_INVALID_CONTEXT, "invalid device context") \
  FN(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device") \
  FN(CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrectable ECC error encountered") \
  FN(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle") \
  FN(CUDA_ERROR_ILLEGAL_STATE, "the operation cannot be performed in the present state") \
  FN(CUDA_ERROR_NOT_FOUND, "named symbol not found") \
  FN(CUDA_ERROR_NOT_READY, "device not ready") \
  FN(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered") \
  FN(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address") \
  FN(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure") \
  FN(CUDA_ERROR_OPERATING_SYSTEM, "OS call failed or operation not supported on this OS") \
  FN(CUDA_ERROR_NOT_SUPPORTED, "operation not supported") \
  FN(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing") \
  FN(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture") \
  FN(CUDA_ERROR_STREAM_CAPTURE_MERGE, "operation would result in a merge of separate capture sequences") \
  FN(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "capture was not ended in the same stream as it began") \
  FN(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "capturing stream has unjoined work") \
  FN(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "dependency created on uncaptured work in another stream") \
  FN(CUDA_ERROR_CAPTURED_EVENT, "operation not permitted on an event last recorded in a capturing stream") \
  FN(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "attempt to terminate a thread-local capture sequence from another thread")
// clang-format on

CUresult cuGetErrorName(CUresult error, const char** text) {
#define EMULATED_NAME(code, string) \
  if (error == code) return *text = #code, CUDA_SUCCESS;
  EMULATED_ERRORS(EMULATED_NAME)
#undef EMULATED_NAME
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
#define EMULATED_TEXT(code, string) \
  if (error == code) return *text = string, CUDA_SUCCESS;
  EMULATED_ERRORS(EMULATED_TEXT)
#undef EMULATED_TEXT
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

// --- Devices and contexts.

CUresult cuDeviceGetCount(int* count) {
  EMULATED_CALL(false);
  *count = deviceCount();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  EMULATED_CALL(false);
  if (ordinal < 0 || ordinal >= deviceCount()) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  EMULATED_CALL(false);
  const std::string text = "Emulated GPU " + std::to_string(device) + " (no GPU)";
  if (length <= 0) return CUDA_ERROR_INVALID_VALUE;
  std::strncpy(name, text.c_str(), size_t(length));
  name[length - 1] = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) {
  EMULATED_CALL(false);
  std::memset(uuid, 0, sizeof *uuid);
  uuid->bytes[15] = char(device + 1);
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  EMULATED_CALL(false);
  if (device < 0 || device >= deviceCount()) return CUDA_ERROR_INVALID_DEVICE;
  *bytes = totalMemory();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  EMULATED_CALL(false);
  if (device < 0 || device >= deviceCount()) return CUDA_ERROR_INVALID_DEVICE;
  const int capability = int(numberSetting("CAPABILITY", 90));
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      return *value = capability / 10, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      return *value = capability % 10, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      return *value = int(numberSetting("MULTIPROCESSORS", 6)), CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      return *value = 1024, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
      return *value = 2048, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
      return *value = 32, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
      return *value = 32, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
      return *value = 48 << 10, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
      return *value = 96 << 10, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
      return *value = 2147483647, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
      return *value = 65535, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      return *value = 50 << 20, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      return *value = 1000000, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
      return *value = 1000000, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
      return *value = 4096, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
      return *value = 1, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
    case CU_DEVICE_ATTRIBUTE_INTEGRATED:
      return *value = 0, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
      return *value = 1 + device, CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID:
    case CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID:
      return *value = 0, CUDA_SUCCESS;
    default:
      report("the emulated device has no attribute " + std::to_string(attribute));
      return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  EMULATED_CALL(false);
  if (device < 0 || device >= deviceCount()) return CUDA_ERROR_INVALID_DEVICE;
  ++primaryContext(device).retained;
  *context = reinterpret_cast<CUcontext>(&primaryContext(device));
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  EMULATED_CALL(false);
  if (device < 0 || device >= deviceCount()) return CUDA_ERROR_INVALID_DEVICE;
  if (primaryContext(device).retained == 0) return CUDA_ERROR_INVALID_CONTEXT;
  --primaryContext(device).retained;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  EMULATED_CALL(false);
  currentContext = reinterpret_cast<Context*>(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  EMULATED_CALL(false);
  *context = reinterpret_cast<CUcontext>(currentContext);
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize() {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuCtxSynchronize"));
  return drainAll(currentDevice());
}

// --- Memory.

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  EMULATED_CALL(true);
  *total = totalMemory();
  const size_t used = usedMemory(currentDevice());
  *free = used < *total ? *total - used : 0;
  return CUDA_SUCCESS;
}

CUresult cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* properties) {
  EMULATED_CALL(true);
  if (properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
      properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return CUDA_ERROR_INVALID_VALUE;
  if (properties->location.id < 0 || properties->location.id >= deviceCount()) return CUDA_ERROR_INVALID_VALUE;
  all<Pool>().push_back(std::make_unique<Pool>(Pool{properties->location.id}));
  *pool = reinterpret_cast<CUmemoryPool>(all<Pool>().back().get());
  return CUDA_SUCCESS;
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  EMULATED_CALL(false);
  Pool* pool = find<Pool>(handle);
  if (!pool) return CUDA_ERROR_INVALID_HANDLE;
  erase(pool);
  return CUDA_SUCCESS;
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void* value) {
  EMULATED_CALL(false);
  Pool* pool = find<Pool>(handle);
  if (!pool) return CUDA_ERROR_INVALID_HANDLE;
  if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) std::memcpy(&pool->releaseThreshold, value, sizeof(uint64_t));
  return CUDA_SUCCESS;
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void* value) {
  EMULATED_CALL(false);
  Pool* pool = find<Pool>(handle);
  if (!pool) return CUDA_ERROR_INVALID_HANDLE;
  uint64_t bytes = 0;
  for (const auto& [address, allocation] : allocations())
    if (allocation.pool == pool) bytes += allocation.bytes;
  if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) bytes = pool->releaseThreshold;
  std::memcpy(value, &bytes, sizeof bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  EMULATED_CALL(false);
  return find<Pool>(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t bytes, CUmemoryPool handle, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemAllocFromPoolAsync"));
  const Pool* pool = find<Pool>(handle);
  if (!pool || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (stream->isCapturing()) {
    report("cuMemAllocFromPoolAsync while its stream captures");
    stream->invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  const auto fits = [&] { return bytes <= totalMemory() && usedMemory(pool->device) + bytes <= totalMemory(); };
  if (!fits()) EMULATED_TRY(drainAll(pool->device));  // Frees what was to be freed.
  if (!fits()) return CUDA_ERROR_OUT_OF_MEMORY;
  void* memory = allocateDevice(bytes, pool->device, pool);
  if (!memory) return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(memory);
  return CUDA_SUCCESS;
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemFreeAsync"));
  if (stream->isCapturing()) {
    report("cuMemFreeAsync while its stream captures");
    stream->invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  if (!allocations().count(address)) return badPointer("cuMemFreeAsync", pointer(address), 0);
  return stream->enqueue([address] {
    const std::string problem = releaseDevice(pointer(address));
    if (problem.empty()) return CUDA_SUCCESS;
    return fail(CUDA_ERROR_ILLEGAL_ADDRESS, problem);
  });
}

CUresult cuMemAllocHost_v2(void** memory, size_t bytes) {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuMemAllocHost"));
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  *memory = allocatePinned(bytes);
  return *memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFreeHost(void* memory) {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuMemFreeHost"));
  EMULATED_TRY(drainAll(currentDevice()));
  return releasePinned(memory) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemcpyHtoDAsync"));
  EMULATED_TRY(countWork());
  if (bytes == 0) return CUDA_SUCCESS;
  if (!findDevice(pointer(to), bytes)) return badPointer("cuMemcpyHtoDAsync", pointer(to), bytes);
  if (isDeviceAddress(from)) return badPointer("cuMemcpyHtoDAsync", from, bytes);
  const auto copy = [to, bytes](const void* source) {
    EMULATED_TRY(checkDevice("cuMemcpyHtoDAsync", pointer(to), bytes));
    const DeviceAccess access;
    std::memcpy(pointer(to), source, bytes);
    return CUDA_SUCCESS;
  };
  if (isPinned(from, bytes)) return stream->enqueue([copy, from] { return copy(from); });
  if (stream->isCapturing()) {
    report("a copy from memory that is not pinned while its stream captures");
    stream->invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  const char* source = static_cast<const char*>(from);
  return stream->enqueue([copy, staged = std::vector<char>(source, source + bytes)] { return copy(staged.data()); });
}

CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemcpyDtoHAsync"));
  EMULATED_TRY(countWork());
  if (bytes == 0) return CUDA_SUCCESS;
  if (!findDevice(pointer(from), bytes)) return badPointer("cuMemcpyDtoHAsync", pointer(from), bytes);
  if (isDeviceAddress(to)) return badPointer("cuMemcpyDtoHAsync", to, bytes);
  const bool pinned = isPinned(to, bytes);
  if (!pinned && stream->isCapturing()) {
    report("a copy to memory that is not pinned while its stream captures");
    stream->invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  const CUresult error = stream->enqueue([to, from, bytes] {
    EMULATED_TRY(checkDevice("cuMemcpyDtoHAsync", pointer(from), bytes));
    const DeviceAccess access;
    std::memcpy(to, pointer(from), bytes);
    return CUDA_SUCCESS;
  });
  return error || pinned ? error : stream->drain();
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemcpyDtoDAsync"));
  EMULATED_TRY(countWork());
  if (bytes == 0) return CUDA_SUCCESS;
  for (const CUdeviceptr address : {to, from})
    if (!findDevice(pointer(address), bytes)) return badPointer("cuMemcpyDtoDAsync", pointer(address), bytes);
  return stream->enqueue([to, from, bytes] {
    for (const CUdeviceptr address : {to, from})
      EMULATED_TRY(checkDevice("cuMemcpyDtoDAsync", pointer(address), bytes));
    const DeviceAccess access;
    std::memmove(pointer(to), pointer(from), bytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuMemsetD8Async"));
  EMULATED_TRY(countWork());
  if (bytes == 0) return CUDA_SUCCESS;
  if (!findDevice(pointer(to), bytes)) return badPointer("cuMemsetD8Async", pointer(to), bytes);
  return stream->enqueue([to, value, bytes] {
    EMULATED_TRY(checkDevice("cuMemsetD8Async", pointer(to), bytes));
    const DeviceAccess access;
    std::memset(pointer(to), value, bytes);
    return CUDA_SUCCESS;
  });
}

// --- Modules and launches.

CUresult cuModuleLoadData(CUmodule* handle, const void* image) {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuModuleLoadData"));
  auto module = std::make_unique<ModuleHandle>();
  EMULATED_TRY(loadModule(module->loaded, image));
  module->device = currentDevice();
  all<ModuleHandle>().push_back(std::move(module));
  *handle = reinterpret_cast<CUmodule>(all<ModuleHandle>().back().get());
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule handle) {
  EMULATED_CALL(true);
  ModuleHandle* module = find<ModuleHandle>(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  EMULATED_TRY(drainAll(module->device));
  unloadModule(module->loaded);
  erase(module);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule handle, const char* name) {
  EMULATED_CALL(true);
  ModuleHandle* module = find<ModuleHandle>(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  const Module& description = *module->loaded.description;
  for (unsigned i = 0; i < description.kernelCount; ++i) {
    if (std::strcmp(description.kernels[i].name, name) != 0) continue;
    module->functions.push_back(std::make_unique<Function>(Function{&module->loaded, &description.kernels[i]}));
    *function = reinterpret_cast<CUfunction>(module->functions.back().get());
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_NOT_FOUND;
}

CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute, int) {
  EMULATED_CALL(true);
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction handle) {
  EMULATED_CALL(true);
  const Function& function = *reinterpret_cast<Function*>(handle);
  const Module& module = *function.module->description;
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      return *value = int(function.kernel->maxThreads), CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      return *value = int(module.sharedEnd - module.sharedBegin), CUDA_SUCCESS;
    default:
      return *value = 0, CUDA_SUCCESS;
  }
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int threads, size_t) {
  EMULATED_CALL(true);
  if (threads <= 0) return CUDA_ERROR_INVALID_VALUE;
  *blocks = std::min(32, 2048 / threads);
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream streamHandle,
                        void** parameters, void** extra) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuLaunchKernel"));
  EMULATED_TRY(countWork());
  const Function& function = *reinterpret_cast<Function*>(handle);
  const Module& module = *function.module->description;
  const auto refuse = [&](const std::string& why) {
    report(std::string("launch of ") + function.kernel->name + " with " + why);
    return CUDA_ERROR_INVALID_VALUE;
  };
  if (gridX == 0 || gridY == 0 || gridZ == 0) return refuse("an empty grid");
  if (gridX > 2147483647u || gridY > 65535 || gridZ > 65535) return refuse("too large a grid");
  const uint64_t threads = uint64_t(blockX) * blockY * blockZ;
  if (threads == 0 || threads > 1024 || blockZ > 64) return refuse(std::to_string(threads) + " threads per block");
  if (threads > function.kernel->maxThreads) return refuse("more threads per block than its launch bounds allow");
  if (module.sharedEnd - module.sharedBegin + sharedBytes > 48 << 10) return refuse("more than 48 KB of shared memory");
  if (extra) return refuse("extra options, which are not emulated");
  // The arguments are read when the kernel is launched or recorded, not when it runs.
  size_t bytes = 0;
  for (unsigned i = 0; i < function.kernel->count; ++i) bytes += (function.kernel->sizes[i] + 15) / 16 * 16;
  if (bytes > 4096) return refuse("more than 4096 bytes of arguments");
  std::vector<std::byte> copies(bytes);
  std::byte* at = copies.data();
  for (unsigned i = 0; i < function.kernel->count; ++i) {
    std::memcpy(at, parameters[i], function.kernel->sizes[i]);
    at += (function.kernel->sizes[i] + 15) / 16 * 16;
  }
  return stream->enqueue([&function, grid = Index3{gridX, gridY, gridZ}, block = Index3{blockX, blockY, blockZ},
                          copies]() mutable { return runKernel(function, grid, block, copies); });
}

}  // extern "C"

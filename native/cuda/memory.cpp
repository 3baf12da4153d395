// The device's memory pool and the workspace of its programs.
#include "memory.h"

#include <string>
#include <utility>

#include "../error.h"

namespace hornet::cuda {

MemoryPool::MemoryPool(CUdevice device, size_t limit) : limit_(limit) {
  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {};
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device;
  check(driver().cuMemPoolCreate(&pool_, &properties), "creating the memory pool");
  // What was given back stays for the next program; it returns to the driver when memory gets short.
  cuuint64_t keep = ~cuuint64_t(0);
  check(driver().cuMemPoolSetAttribute(pool_, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep), "setting up the memory pool");
}

MemoryPool::~MemoryPool() { driver().cuMemPoolDestroy(pool_); }

void* MemoryPool::allocate(size_t bytes, CUstream stream) {
  if (bytes == 0) return nullptr;
  if (limit_ > 0 && use_.current() + bytes > limit_) fail(bytes, "the limit is " + std::to_string(limit_));
  CUdeviceptr memory = 0;
  CUresult result = driver().cuMemAllocFromPoolAsync(&memory, bytes, pool_, stream);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    // Freed blocks of other sizes may be in the way.
    check(driver().cuStreamSynchronize(stream), "waiting for memory");
    check(driver().cuMemPoolTrimTo(pool_, 0), "trimming the memory pool");
    result = driver().cuMemAllocFromPoolAsync(&memory, bytes, pool_, stream);
  }
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    size_t free = 0, total = 0;
    check(driver().cuMemGetInfo_v2(&free, &total), "asking for free memory");
    fail(bytes, std::to_string(free) + " of the device's " + std::to_string(total) + " bytes are free");
  }
  check(result, "allocating device memory");
  use_.add(bytes);
  return reinterpret_cast<void*>(memory);
}

void MemoryPool::release(void* memory, size_t bytes, CUstream stream) noexcept {
  if (!memory) return;
  driver().cuMemFreeAsync(reinterpret_cast<CUdeviceptr>(memory), stream);
  use_.remove(bytes);
}

void MemoryPool::fail(size_t bytes, const std::string& reason) const {
  throw Error("memory", "cannot allocate " + std::to_string(bytes) +
                            " bytes on the GPU: " + std::to_string(use_.current()) + " bytes are in use, " + reason +
                            "; use smaller batches, or dispose of tensors that are not needed");
}

std::byte* Workspace::reserve(size_t bytes) {
  if (bytes > bytes_) {
    // Freed first, so that the old and the new one need not fit together.
    pool_.release(std::exchange(memory_, nullptr), std::exchange(bytes_, 0), stream_);
    memory_ = pool_.allocate(bytes, stream_);
    bytes_ = bytes;
  }
  return static_cast<std::byte*>(memory_);
}

}  // namespace hornet::cuda

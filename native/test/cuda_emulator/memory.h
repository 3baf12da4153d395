// The memory of emulated devices: host memory that only device work may touch. Each allocation ends at a page that
// cannot be accessed, freed addresses are not used again, and what a device would leave undefined holds NaN.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace emulated {

struct Allocation {
  size_t bytes = 0;
  int device = 0;
  const void* pool = nullptr;
  char *pages = nullptr, *pagesEnd = nullptr;
};

/// Opens device memory to the calling thread while it does a device's work.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;

 private:
  bool outer_;
};

/// Null when the address space is used up.
void* allocateDevice(size_t bytes, int device, const void* pool);
/// Says what was written beyond the allocation; empty when nothing was.
std::string releaseDevice(void* memory);
/// The allocation that holds these bytes, or null.
const Allocation* findDevice(const void* address, size_t bytes);
/// Whether an address lies in the range of device memory, allocated or not.
bool isDeviceAddress(const void* address);
/// What is near an address: for reports.
std::string describeAddress(const void* address);
const std::map<uintptr_t, Allocation>& allocations();

void* allocatePinned(size_t bytes);
bool releasePinned(void* memory);
bool isPinned(const void* address, size_t bytes);

}  // namespace emulated

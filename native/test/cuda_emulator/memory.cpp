// Device memory in a reserved range of addresses, closed to host code by a protection key where the CPU has them.
#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace emulated {
namespace {

constexpr size_t kPage = 4096, kRange = size_t(1) << 43;
constexpr size_t kAlignment = 256;
constexpr unsigned char kUndefined = 0xff, kCanary = 0xa5;

char* const range = [] {
  void* memory = mmap(nullptr, kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}();
char* next = range ? range + kPage : nullptr;

int protectionKey() {
  static const int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  return key;
}

thread_local bool isOpen = false;

void setOpen(bool open) {
  isOpen = open;
  if (protectionKey() > 0) pkey_set(protectionKey(), open ? 0 : PKEY_DISABLE_ACCESS);
}

std::map<uintptr_t, Allocation>& table() {
  static auto& allocations = *new std::map<uintptr_t, Allocation>();  // Never destroyed: programs end in any order.
  return allocations;
}

std::map<uintptr_t, size_t>& pinned() {
  static auto& ranges = *new std::map<uintptr_t, size_t>();  // Never destroyed: programs end in any order.
  return ranges;
}

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

template <class Map>
auto findIn(Map& map, const void* address) {
  auto found = map.upper_bound(reinterpret_cast<uintptr_t>(address));
  return found == map.begin() ? map.end() : --found;
}

}  // namespace

DeviceAccess::DeviceAccess() : outer_(isOpen) { setOpen(true); }
DeviceAccess::~DeviceAccess() { setOpen(outer_); }

void* allocateDevice(size_t bytes, int device, const void* pool) {
  const size_t place = roundUp(bytes, kAlignment), size = roundUp(place, kPage);
  if (!range || next + size + kPage > range + kRange) return nullptr;
  char* pages = next;
  const int failed = protectionKey() > 0 ? pkey_mprotect(pages, size, PROT_READ | PROT_WRITE, protectionKey())
                                         : mprotect(pages, size, PROT_READ | PROT_WRITE);
  if (failed) return nullptr;
  next += size + kPage;
  char* memory = pages + (size - place);
  const DeviceAccess access;
  std::memset(pages, kCanary, size_t(memory - pages));
  std::memset(memory, kUndefined, bytes);
  std::memset(memory + bytes, kCanary, place - bytes);
  table()[reinterpret_cast<uintptr_t>(memory)] = {bytes, device, pool, pages, pages + size};
  return memory;
}

std::string releaseDevice(void* memory) {
  const auto found = table().find(reinterpret_cast<uintptr_t>(memory));
  if (found == table().end()) return "not an allocation";
  const Allocation allocation = found->second;
  char* begin = static_cast<char*>(memory);
  std::string report;
  {
    const DeviceAccess access;
    for (const char* at = allocation.pages; at < allocation.pagesEnd && report.empty(); ++at) {
      if (at == begin) at += allocation.bytes;
      if (at < allocation.pagesEnd && static_cast<unsigned char>(*at) != kCanary)
        report = "a byte was written at " + std::to_string(at - begin) + " of an allocation of " +
                 std::to_string(allocation.bytes) + " bytes";
    }
  }
  table().erase(found);
  const size_t size = size_t(allocation.pagesEnd - allocation.pages);
  mmap(allocation.pages, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return report;
}

const Allocation* findDevice(const void* address, size_t bytes) {
  const auto found = findIn(table(), address);
  if (found == table().end()) return nullptr;
  const uintptr_t at = reinterpret_cast<uintptr_t>(address) - found->first;
  return at + bytes <= found->second.bytes ? &found->second : nullptr;
}

bool isDeviceAddress(const void* address) {
  const char* at = static_cast<const char*>(address);
  return range && at >= range && at < range + kRange;
}

std::string describeAddress(const void* address) {
  char text[160];
  if (!isDeviceAddress(address)) {
    std::snprintf(text, sizeof text, "address %p, which is no device memory", address);
    return text;
  }
  const auto found = findIn(table(), address);
  if (found == table().end()) {
    std::snprintf(text, sizeof text, "device address %p, before the first allocation", address);
    return text;
  }
  const size_t at = reinterpret_cast<uintptr_t>(address) - found->first;
  std::snprintf(text, sizeof text, "device address %p, byte %zu of an allocation of %zu bytes", address, at,
                found->second.bytes);
  return at > found->second.bytes + 2 * kPage ? "freed or foreign " + std::string(text) : text;
}

const std::map<uintptr_t, Allocation>& allocations() { return table(); }

void* allocatePinned(size_t bytes) {
  void* memory = std::aligned_alloc(kPage, roundUp(bytes, kPage));
  if (!memory) return nullptr;
  std::memset(memory, kUndefined, bytes);
  pinned()[reinterpret_cast<uintptr_t>(memory)] = bytes;
  return memory;
}

bool releasePinned(void* memory) {
  if (pinned().erase(reinterpret_cast<uintptr_t>(memory)) == 0) return false;
  std::free(memory);
  return true;
}

bool isPinned(const void* address, size_t bytes) {
  const auto found = findIn(pinned(), address);
  return found != pinned().end() && reinterpret_cast<uintptr_t>(address) + bytes <= found->first + found->second;
}

}  // namespace emulated

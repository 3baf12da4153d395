// Allocating host memory.
#include "host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "../error.h"
#include "machine.h"

namespace hornet {
namespace {

constexpr size_t kHugePage = size_t(2) << 20;
constexpr size_t kLarge = size_t(256) << 20;
constexpr size_t kMost = size_t(1) << 47;

std::string megabytes(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f MB", double(bytes) / 1e6);
  return text;
}

size_t roundUp(size_t bytes, size_t to) { return (std::max<size_t>(bytes, 1) + to - 1) / to * to; }

}  // namespace

HostMemory allocateHost(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const size_t alignment = huge ? kHugePage : kHostAlignment;
  void* memory = nullptr;
  if (bytes <= kMost && (bytes < kLarge || bytes <= freeMemory())) {
    memory = std::aligned_alloc(alignment, roundUp(bytes, alignment));
  }
  if (!memory) {
    throw Error("memory", "cannot allocate " + megabytes(bytes) + ": " + megabytes(freeMemory()) + " are free");
  }
  if (huge) madvise(memory, roundUp(bytes, alignment), MADV_HUGEPAGE);
  return HostMemory(static_cast<std::byte*>(memory));
}

HostMemory HostPool::allocate(size_t bytes) {
  const size_t used = use_.current();
  if (limit_ > 0 && used + bytes > limit_) {
    throw Error("memory", "cannot allocate " + megabytes(bytes) + ": " + megabytes(used) + " of the limit of " +
                              megabytes(limit_) + " are in use");
  }
  HostMemory memory = allocateHost(bytes);
  use_.add(bytes);
  return memory;
}

void HostPool::release(HostMemory memory, size_t bytes) {
  memory.reset();
  use_.remove(bytes);
}

}  // namespace hornet

// Aligned host memory. What it holds is not initialized.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "../backend.h"

namespace hornet {

/// Enough for the widest vectors and the constants of programs.
inline constexpr size_t kHostAlignment = 64;

struct FreeHostMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using HostMemory = std::unique_ptr<std::byte, FreeHostMemory>;

/// Throws an Error when there is not that much memory left: the kernel would grant it and later kill the process.
HostMemory allocateHost(size_t bytes);

/// The memory of one device, counted and perhaps limited.
class HostPool {
 public:
  /// @param limit - The most bytes; 0: what the machine has.
  explicit HostPool(size_t limit) : limit_(limit) {}

  const MemoryUse& use() const { return use_; }
  /// Throws an Error when the limit or the machine does not allow it.
  HostMemory allocate(size_t bytes);
  void release(HostMemory memory, size_t bytes);

 private:
  size_t limit_;
  MemoryUse use_;
};

}  // namespace hornet

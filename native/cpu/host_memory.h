// Aligned host memory. What it holds is not initialized.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace hornet {

/// Enough for the widest vectors and the constants of programs.
inline constexpr size_t kHostAlignment = 64;

struct FreeHostMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using HostMemory = std::unique_ptr<std::byte, FreeHostMemory>;

/// Throws an Error when there is not that much memory left: the kernel would grant it and later kill the process.
HostMemory allocateHost(size_t bytes);

}  // namespace hornet

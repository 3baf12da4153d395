// What the process may use of this machine, containers' limits included.
#pragma once

#include <cstddef>

namespace hornet {

/// Physical cores that the process may run on, within a container's quota.
int usableCores();

/// Bytes of memory in the machine, and those that can still be had without swapping.
size_t totalMemory();
size_t freeMemory();

}  // namespace hornet

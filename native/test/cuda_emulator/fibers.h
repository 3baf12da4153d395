// The threads of a block: fibers that take turns, and wait for each other at barriers and in exchanges within a warp.
#pragma once

#include <string>

#include "kernel_abi.h"

namespace emulated {

struct Launch {
  const Module* module;
  const KernelEntry* kernel;
  Index3 grid, block;
  void** parameters;
};

/// Runs all blocks. Says what went wrong: threads that never met, an address outside of memory, a misaligned access.
std::string runGrid(const Launch& launch);

}  // namespace emulated

// Modules of emulated devices: shared libraries that the emulated NVRTC has compiled, and their launch.
#pragma once

#include <cuda.h>

#include <string>

#include "kernel_abi.h"

namespace emulated {

/// What stands before the library in an emulated cubin.
struct ImageHeader {
  char magic[8];
  uint64_t bytes;
};
inline constexpr char kImageMagic[8] = {'H', 'O', 'R', 'N', 'E', 'M', 'U', '1'};

struct LoadedModule {
  void* library = nullptr;
  const Module* description = nullptr;
};

CUresult loadModule(LoadedModule& module, const void* image);
void unloadModule(LoadedModule& module);

}  // namespace emulated

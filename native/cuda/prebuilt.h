// Kernels that nvcc compiled with this library, for all usual architectures; prebuilt.cmake writes the definition.
#pragma once

#include <span>

namespace hornet::cuda {

struct PrebuiltKernel {
  const char* key;     // source, instance and threads as one text
  const char* symbol;  // in the image
  const void* image;   // a fat binary
};

std::span<const PrebuiltKernel> prebuiltKernels();

}  // namespace hornet::cuda

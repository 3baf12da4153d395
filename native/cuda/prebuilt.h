// Kernels that nvcc compiled with this library, for all usual architectures; CMake writes the definitions.
#pragma once

#include <span>

namespace hornet::cuda {

struct PrebuiltKernel {
  const char* key;     // source, instance and threads as one text
  const char* symbol;  // in the image
};

std::span<const PrebuiltKernel> prebuiltKernels();
/// A fat binary; null where nothing was prebuilt.
const void* prebuiltImage();

}  // namespace hornet::cuda

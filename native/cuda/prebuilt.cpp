// No kernels are compiled ahead yet.
#include "prebuilt.h"

namespace hornet::cuda {

std::span<const PrebuiltKernel> prebuiltKernels() { return {}; }

const void* prebuiltImage() { return nullptr; }

}  // namespace hornet::cuda

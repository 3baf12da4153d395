// Without nvcc no kernels are compiled ahead: NVRTC makes them all at run time.
#include "prebuilt.h"

namespace hornet::cuda {

std::span<const PrebuiltKernel> prebuiltKernels() { return {}; }

}  // namespace hornet::cuda

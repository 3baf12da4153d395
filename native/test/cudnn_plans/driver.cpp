// As much of a driver as cuDNN wants to make plans: it has no GPU, but kernels that are loaded seem to be there.
// Without cuda.h, whose prototypes would bind those functions that only have to exist.

using Status = int;
constexpr Status kSuccess = 0, kNoDevice = 100;

extern "C" {

Status cuInit(unsigned) { return kNoDevice; }

Status cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}

Status cuDeviceGetCount(int* count) {
  *count = 0;
  return kSuccess;
}

Status cuGetErrorString(Status, const char** text) {
  *text = "the GPU is only described";
  return kSuccess;
}

Status cuLibraryLoadData(void** library) {
  *library = library;
  return kSuccess;
}

Status cuLibraryGetKernel(void** kernel) {
  *kernel = kernel;
  return kSuccess;
}

Status cuKernelGetFunction(void** function) {
  *function = function;
  return kSuccess;
}

Status cuLibraryUnload(void*) { return kSuccess; }

// Looked up, but not called before something runs.
#define UNUSED(name) \
  Status name() { return kNoDevice; }
UNUSED(cuCtxGetCurrent)
UNUSED(cuCtxGetLimit)
UNUSED(cuCtxPopCurrent)
UNUSED(cuCtxPushCurrent)
UNUSED(cuDeviceGet)
UNUSED(cuGetErrorName)
UNUSED(cuKernelGetAttribute)
UNUSED(cuKernelSetAttribute)
UNUSED(cuLaunchCooperativeKernel)
UNUSED(cuLaunchKernel)
UNUSED(cuLaunchKernelEx)
UNUSED(cuLibraryLoadFromFile)
UNUSED(cuLinkAddData)
UNUSED(cuLinkComplete)
UNUSED(cuLinkCreate)
UNUSED(cuLinkDestroy)
UNUSED(cuOccupancyMaxPotentialClusterSize)
UNUSED(cuStreamGetCtx)
}

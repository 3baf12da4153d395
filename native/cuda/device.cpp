// Opening a GPU, and launching kernels on it.
#include "device.h"

#include "../dispatch.h"
#include "kernel_cache.h"

namespace hornet {
namespace {

using cuda::check;
using cuda::driver;

int attributeOf(CUdevice device, CUdevice_attribute attribute) {
  int value = 0;
  check(driver().cuDeviceGetAttribute(&value, attribute, device), "asking for a device attribute");
  return value;
}

}  // namespace

Device::Device(int index, const BackendOptions& options)
    : index_(index), allowsTf32_(options.allowTf32), isDeterministic_(options.deterministic) {
  check(driver().cuInit(0), "starting the driver");
  int count = 0;
  check(driver().cuDeviceGetCount(&count), "counting the GPUs");
  if (index < 0 || index >= count) {
    throw Error("device", "cuda:" + std::to_string(index) + " is not there: this machine has " + std::to_string(count) +
                              (count == 1 ? " GPU" : " GPUs"));
  }
  check(driver().cuDeviceGet(&device_, index), "opening the GPU");
  char name[256] = {};
  check(driver().cuDeviceGetName(name, int(sizeof(name)), device_), "asking for the GPU's name");
  name_ = name;
  check(driver().cuDeviceTotalMem_v2(&memoryBytes_, device_), "asking for the GPU's memory");
  capability_ = 10 * attributeOf(device_, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                attributeOf(device_, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  multiprocessors_ = attributeOf(device_, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  constexpr int kLeast = 75;
  if (capability_ < kLeast) {
    throw Error("device", name_ + " has compute capability " + std::to_string(capability_ / 10) + "." +
                              std::to_string(capability_ % 10) + "; Hornet needs 7.5 (Turing) or newer");
  }
  context_.retain(device_);
  activate();
  memory_ = std::make_unique<cuda::MemoryPool>(device_, options.memoryLimit);
  compute_ = cuda::makeStream();
  copy_ = cuda::makeStream();
  capture_ = cuda::makeStream();
  enqueueing_ = compute_.get();
  faults_ = std::make_unique<Faults>(memory_->handle(), compute_.get());
  kernels_ = std::make_unique<cuda::KernelCache>(capability_);
}

Device::~Device() {
  // Whoever destroys the backend need not be the thread that used it.
  if (tryActivate()) driver().cuCtxSynchronize();
}

void Device::activate() const { check(context_.makeCurrent(), "choosing the GPU"); }

CUfunction Device::kernel(const std::string& source, const std::string& instance, int threads) {
  return kernels_->get(source, instance, threads);
}

void DeviceKernel::launchBytes(Grid grid, const void* args) const {
  void* parameters[] = {const_cast<void*>(args)};
  check(driver().cuLaunchKernel(function_, grid.x, grid.y, grid.z, unsigned(threads_), 1, 1, 0, device_->stream(),
                                parameters, nullptr),
        name_.c_str());
}

const char* deviceType(DType dtype) {
  constexpr const char* names[kDTypeCount] = {"Bool8",   "uint8_t", "uint16_t", "uint32_t", "int8_t", "int16_t",
                                              "int32_t", "int64_t", "Float16",  "BFloat16", "float",  "double"};
  return names[int(dtype)];
}

const char* deviceComputeType(DType dtype) {
  switch (domainOf(dtype)) {
    case Domain::float32:
      return "float";
    case Domain::float64:
      return "double";
    case Domain::integer:
      return "int64_t";
    default:
      return "int32_t";
  }
}

std::string instantiate(const std::string& name, const std::vector<std::string>& arguments) {
  std::string text = name + "<";
  for (size_t i = 0; i < arguments.size(); ++i) text += (i > 0 ? ", " : "") + arguments[i];
  return text + ">";
}

}  // namespace hornet

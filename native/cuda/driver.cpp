// Opening the driver, and what its status codes mean to a user.
#include "driver.h"

#include "../error.h"
#include "libraries.h"

namespace hornet::cuda {
namespace {

Driver open() {
  Driver functions{};
#define HORNET_LOOK_UP(name) \
  functions.name = reinterpret_cast<decltype(functions.name)>(symbolOf(Library::driver, #name));
  HORNET_DRIVER_FUNCTIONS(HORNET_LOOK_UP)
#undef HORNET_LOOK_UP
  return functions;
}

const char* advice(CUresult result) {
  switch (result) {
    case CUDA_ERROR_NO_DEVICE:
      return "; the driver sees no GPU: look at `nvidia-smi`, and at CUDA_VISIBLE_DEVICES";
    case CUDA_ERROR_STUB_LIBRARY:
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return "; the driver is older than the libraries: update it, or see `npx hornet doctor`";
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_ASSERT:
      return "; the GPU's context is lost: restart the process";
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
      return "; the GPU has failed or vanished: look at `nvidia-smi` and `dmesg`";
    default:
      return "";
  }
}

}  // namespace

const Driver& driver() {
  static const Driver functions = open();
  return functions;
}

void check(CUresult result, const char* what) {
  if (result == CUDA_SUCCESS) return;
  const char *name = nullptr, *text = nullptr;
  driver().cuGetErrorName(result, &name);
  driver().cuGetErrorString(result, &text);
  throw Error("cuda", std::string(what) + " failed: " + (text ? text : "unknown error") + " (" +
                          (name ? name : std::to_string(int(result))) + ")" + advice(result));
}

PrimaryContext::~PrimaryContext() {
  if (context_) driver().cuDevicePrimaryCtxRelease_v2(device_);
}

void PrimaryContext::retain(CUdevice device) {
  check(driver().cuDevicePrimaryCtxRetain(&context_, device), "opening the GPU's context");
  device_ = device;
}

Stream makeStream() {
  CUstream stream = nullptr;
  check(driver().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "creating a stream");
  return Stream(stream);
}

Event makeEvent() {
  CUevent event = nullptr;
  check(driver().cuEventCreate(&event, CU_EVENT_DISABLE_TIMING | CU_EVENT_BLOCKING_SYNC), "creating an event");
  return Event(event);
}

}  // namespace hornet::cuda

// Loops and branches on a GPU. A scan enqueues its body once for each step, so that it is recorded like other work; the
// others wait for a number of the device and cannot be recorded.
#include "../control_flow.h"

#include "device.h"

namespace hornet {
namespace {

using cuda::check;
using cuda::driver;

class DeviceControl : public ControlMemory {
 public:
  explicit DeviceControl(Device& device) : device_(device) {}

  void copy(void* to, const void* from, size_t bytes) override {
    check(driver().cuMemcpyDtoDAsync_v2(address(to), address(from), bytes, device_.stream()), "copying on the GPU");
  }

  int32_t readNumber(const void* from, DType dtype) override {
    int32_t number = 0;
    FaultRecord fault{};
    check(driver().cuMemcpyDtoHAsync_v2(&number, address(from), sizeOf(dtype), device_.stream()), "reading a number");
    check(driver().cuMemcpyDtoHAsync_v2(&fault, address(device_.faults().record()), sizeof(fault), device_.stream()),
          "reading the fault record");
    check(driver().cuStreamSynchronize(device_.stream()), "waiting for a number");
    // What follows from a fault may be anything, also a loop without end.
    if (const std::exception_ptr error = device_.faults().errorOf(fault)) std::rethrow_exception(error);
    return number;
  }

  /// As in the arena: cuBLASLt's algorithms are chosen for it.
  size_t alignment() const override { return 64; }

 private:
  static CUdeviceptr address(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

  Device& device_;
};

template <auto make>
std::unique_ptr<Kernel> onGpu(const KernelArgs& args) {
  return make(args, {"cuda", args.device, std::make_shared<DeviceControl>(*args.device)});
}

REGISTER_KERNEL("scan", onGpu<makeScan>);
REGISTER_KERNEL("while", onGpu<makeWhile>);
REGISTER_KERNEL("branch", onGpu<makeBranch>);

}  // namespace
}  // namespace hornet

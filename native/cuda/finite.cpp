// all_finite: whether any number of float tensors hold finite numbers only.
#include "finite.h"

#include <algorithm>

#include "../exponent_bits.h"
#include "device.h"

namespace hornet {

namespace {

/// Blocks per tensor: a grid has as many for a small one, which leave at once.
constexpr int64_t kBlocks = 64;

class AllFinite : public Kernel {
 public:
  explicit AllFinite(const KernelArgs& args) : device_(*args.device) {
    for (const DType dtype : {DType::float16, DType::bfloat16, DType::float32, DType::float64})
      addLaunches(args, dtype);
    const auto isInteger = [](const TensorSpec& input) { return !isFloat(input.dtype); };
    const auto other = std::find_if(args.inputs.begin(), args.inputs.end(), isInteger);
    if (other != args.inputs.end())
      throw Error(args.op, std::string("expected floats, received ") + dtypeName(other->dtype));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    cuda::check(cuda::driver().cuMemsetD8Async(CUdeviceptr(out[0]), 1, 1, device_.stream()), "clearing a flag");
    for (const Launch& launch : launches_) {
      FiniteArgs args{};
      for (size_t i = 0; i < launch.inputs.size(); i++) {
        args.tensors[i] = in[launch.inputs[i]];
        args.counts[i] = launch.counts[i];
      }
      args.exponent = launch.exponent;
      args.finite = static_cast<uint8_t*>(out[0]);
      launch.kernel.launch({launch.blocks, unsigned(launch.inputs.size())}, args);
    }
  }

 private:
  struct Launch {
    DeviceKernel kernel;
    uint64_t exponent;
    unsigned blocks = 1;
    std::vector<size_t> inputs;
    std::vector<int64_t> counts;
  };

  void addLaunches(const KernelArgs& args, DType dtype) {
    const std::string bits = "uint" + std::to_string(8 * sizeOf(dtype)) + "_t";
    bool isOpen = false;
    for (size_t i = 0; i < args.inputs.size(); i++) {
      const int64_t count = args.inputs[i].numel();
      if (args.inputs[i].dtype != dtype || count == 0) continue;
      if (!isOpen || launches_.back().inputs.size() == kFiniteTensors) {
        launches_.push_back(
            {DeviceKernel(device_, "finite.cu", instantiate("findNotFinite", {bits})), exponentBits(dtype), 1, {}, {}});
        isOpen = true;
      }
      Launch& launch = launches_.back();
      launch.inputs.push_back(i);
      launch.counts.push_back(count);
      const int64_t loads = count * int64_t(sizeOf(dtype)) / 16;
      launch.blocks = std::max(launch.blocks, blocksFor(loads, launch.kernel.threads(), kBlocks));
    }
  }

  Device& device_;
  std::vector<Launch> launches_;
};

std::unique_ptr<Kernel> makeAllFinite(const KernelArgs& args) { return std::make_unique<AllFinite>(args); }

}  // namespace

REGISTER_KERNEL("all_finite", makeAllFinite);

}  // namespace hornet

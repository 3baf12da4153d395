// random_bits, random_uniform, random_normal: the numbers of the CPU, normal ones up to rounding.
#include "random.h"

#include <memory>

#include "strided_copy.h"

namespace hornet {

namespace {

class Random : public Kernel {
 public:
  Random(const KernelArgs& args, const char* kind, DType natural)
      : guard_(guardOf(args)), count_(args.outputs[0].numel()) {
    const DType dtype = args.outputs[0].dtype;
    if (dtype != natural && !(isFloat(natural) && isFloat(dtype)))
      throw Error(args.op, std::string("the cuda backend has no kernel for ") + dtypeName(dtype));
    if (count_ > 0)
      kernel_ = DeviceKernel(*args.device, "random.cu", instantiate("fillRandom", {kind, deviceType(dtype)}));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (count_ == 0) return;
    kernel_.launch({blocksFor((count_ + 3) / 4)},
                   RandomArgs{static_cast<const uint32_t*>(in[0]), out[0], guard_, count_});
  }

 private:
  DeviceKernel kernel_;
  const FaultRecord* guard_;
  int64_t count_;
};

std::unique_ptr<Kernel> makeBits(const KernelArgs& args) {
  return std::make_unique<Random>(args, "Bits", DType::uint32);
}

std::unique_ptr<Kernel> makeUniform(const KernelArgs& args) {
  return std::make_unique<Random>(args, "Uniform", DType::float32);
}

std::unique_ptr<Kernel> makeNormal(const KernelArgs& args) {
  return std::make_unique<Random>(args, "Normal", DType::float32);
}

}  // namespace

REGISTER_KERNEL("random_bits", makeBits);
REGISTER_KERNEL("random_uniform", makeUniform);
REGISTER_KERNEL("random_normal", makeNormal);

}  // namespace hornet

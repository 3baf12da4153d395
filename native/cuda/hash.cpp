// hash: of the decimal digits of integers.
#include <memory>

#include "../hash_key.h"
#include "device.h"
#include "hash_args.h"
#include "strided_copy.h"

namespace hornet {

namespace {

class Hash : public Kernel {
 public:
  explicit Hash(const KernelArgs& args) {
    hash::requireInt64(args);
    const int64_t count = args.inputs[0].numel();
    args_ = {nullptr, nullptr, guardOf(args), count, hash::keyOf(args)};
    if (count == 0) return;
    blocks_ = blocksFor(count);
    kernel_ = DeviceKernel(*args.device, "hash.cu", "hashDecimals");
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    args_.values = static_cast<const int64_t*>(in[0]);
    args_.hashes = static_cast<uint64_t*>(out[0]);
    kernel_.launch({blocks_}, args_);
  }

 private:
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  HashArgs args_;
};

std::unique_ptr<Kernel> makeHash(const KernelArgs& args) { return std::make_unique<Hash>(args); }

}  // namespace

REGISTER_KERNEL("hash", makeHash);

}  // namespace hornet

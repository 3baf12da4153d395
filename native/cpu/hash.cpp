// hash: of the decimal digits of integers.
#include <memory>

#include "../hash_key.h"
#include "parallel.h"

namespace hornet {

namespace {

class Hash : public Kernel {
 public:
  explicit Hash(const KernelArgs& args) : key_(hash::keyOf(args)), count_(args.inputs[0].numel()) {
    hash::requireInt64(args);
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const auto* values = static_cast<const int64_t*>(in[0]);
    auto* hashes = static_cast<uint64_t*>(out[0]);
    parallelFor(count_, 1024, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) hashes[i] = hash::ofDecimal(values[i], key_);
    });
  }

 private:
  hash::Key key_;
  int64_t count_;
};

std::unique_ptr<Kernel> makeHash(const KernelArgs& args) { return std::make_unique<Hash>(args); }

}  // namespace

REGISTER_KERNEL("hash", makeHash);

}  // namespace hornet

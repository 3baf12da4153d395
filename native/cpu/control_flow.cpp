// Loops and branches on the CPU: memory is at hand.
#include "../control_flow.h"

#include <cstring>

namespace hornet {
namespace {

class HostControl : public ControlMemory {
 public:
  void copy(void* to, const void* from, size_t bytes) override { std::memmove(to, from, bytes); }
  int32_t readNumber(const void* from, DType dtype) override {
    if (dtype == DType::boolean) return *static_cast<const uint8_t*>(from);
    return *static_cast<const int32_t*>(from);
  }
  size_t alignment() const override { return 1; }
};

template <auto make>
std::unique_ptr<Kernel> onCpu(const KernelArgs& args) {
  static const auto memory = std::make_shared<HostControl>();
  return make(args, {"cpu", nullptr, memory});
}

REGISTER_KERNEL("scan", onCpu<makeScan>);
REGISTER_KERNEL("while", onCpu<makeWhile>);
REGISTER_KERNEL("branch", onCpu<makeBranch>);

}  // namespace
}  // namespace hornet

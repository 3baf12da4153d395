// iota: 0, 1, 2, … along one axis.
#include "iota.h"

#include <memory>
#include <variant>

#include "strided_copy.h"

namespace hornet {

namespace {

class Iota : public Kernel {
 public:
  explicit Iota(const KernelArgs& args) {
    const int64_t count = args.outputs[0].numel();
    if (count == 0) return;
    const AxisView view(args.outputs[0].shape, args.attrs.integer("axis"));
    blocks_ = blocksFor(count);
    withIndex(count, [&](auto index, const char* type) {
      using Index = decltype(index);
      args_ = IotaArgs<Index>{nullptr, guardOf(args), Index(count), radixOf<Index>(view.inner),
                              radixOf<Index>(view.length)};
      kernel_ =
          DeviceKernel(*args.device, "iota.cu", instantiate("fillIota", {deviceType(args.outputs[0].dtype), type}));
    });
  }

  void run(std::span<const void* const>, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    std::visit(
        [&](auto args) {
          args.to = out[0];
          kernel_.launch({blocks_}, args);
        },
        args_);
  }

 private:
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::variant<IotaArgs<uint32_t>, IotaArgs<uint64_t>> args_;
};

std::unique_ptr<Kernel> makeIota(const KernelArgs& args) { return std::make_unique<Iota>(args); }

}  // namespace

REGISTER_KERNEL("iota", makeIota);

}  // namespace hornet

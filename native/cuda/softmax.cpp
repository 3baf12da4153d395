// softmax and log_softmax along one axis: rows where the axis is the last, columns side by side where it is not.
#include "softmax.h"

#include "../kernel.h"
#include "../strides.h"
#include "rows.h"

namespace hornet {
namespace {

class Softmax : public Kernel {
 public:
  Softmax(const KernelArgs& args, bool isLog) {
    const TensorSpec& x = args.inputs[0];
    const AxisView view(x.shape, args.attrs.integer("axis"));
    args_ = {nullptr, nullptr, view.outer, view.length, view.inner};
    if (x.numel() == 0) return;
    Device& device = *args.device;
    std::vector<std::string> types{deviceType(x.dtype), deviceComputeType(x.dtype), isLog ? "true" : "false"};
    const auto make = [&](const char* name, int threads = kThreads) {
      kernel_ = DeviceKernel(device, "softmax.cu", instantiate(name, types), threads);
    };
    const RowPlan rows(sizeOf(x.dtype), view.length);
    if (view.inner > 1) {
      // More threads per column where there are few columns.
      const int64_t columns = view.outer * view.inner, wanted = int64_t(device.multiprocessors()) * 1024;
      int lanes = 1;
      while (lanes < 32 && columns * lanes < wanted && lanes * 8 <= view.length) lanes *= 2;
      types.insert(types.end(), {std::to_string(lanes), std::to_string(kThreads)});
      make("softmaxColumns");
      blocks_ = blocksFor(columns, kThreads / lanes, 1 << 20);
    } else if (rows.holds(view.length)) {
      rows.appendTo(types);
      make("softmaxRows");
      blocks_ = rows.blocks(view.outer);
    } else {
      types.push_back(std::to_string(rows.pack));
      make("softmaxLong", kSoftmaxLongThreads);
      blocks_ = blocksFor(view.outer, 1, 1 << 20);
    }
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    args_.x = in[0];
    args_.y = out[0];
    kernel_.launch({blocks_}, args_);
  }

 private:
  DeviceKernel kernel_;
  SoftmaxArgs args_{};
  unsigned blocks_ = 0;
};

template <bool isLog>
std::unique_ptr<Kernel> makeSoftmax(const KernelArgs& args) {
  requireFloat(args);
  return std::make_unique<Softmax>(args, isLog);
}

REGISTER_KERNEL("softmax", makeSoftmax<false>);
REGISTER_KERNEL("log_softmax", makeSoftmax<true>);

}  // namespace
}  // namespace hornet

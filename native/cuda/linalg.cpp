// qr, by a kernel of our own.
#include "linalg.h"

#include <algorithm>

#include "../kernel.h"
#include "../strides.h"
#include "device.h"

namespace hornet {
namespace {

class Qr : public Kernel {
 public:
  explicit Qr(const KernelArgs& args) {
    requireFloat(args);
    const TensorSpec& x = args.inputs[0];
    const size_t rank = x.shape.size();
    args_.m = x.shape.at(rank - 2);
    args_.n = x.shape.at(rank - 1);
    args_.k = std::min(args_.m, args_.n);
    args_.batch = product(x.shape, 0, rank - 2);
    if (x.numel() == 0) return;
    kernel_ = DeviceKernel(*args.device, "linalg.cu", instantiate("qrBlock", {deviceType(x.dtype)}));
    blocks_ = unsigned(std::min<int64_t>(args_.batch, 4 * args.device->multiprocessors()));
  }

  size_t scratchBytes() const override {
    return size_t(blocks_ * qrScratchValues(args_.m, args_.n, args_.k)) * sizeof(double);
  }
  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (!kernel_) return;
    args_.x = in[0];
    args_.q = out[0];
    args_.r = out[1];
    args_.scratch = static_cast<double*>(scratch);
    kernel_.launch({blocks_}, args_);
  }

 private:
  QrArgs args_{};
  DeviceKernel kernel_;
  unsigned blocks_ = 0;
};

std::unique_ptr<Kernel> makeQr(const KernelArgs& args) { return std::make_unique<Qr>(args); }

REGISTER_KERNEL("qr", makeQr);

}  // namespace
}  // namespace hornet

// max_pool, avg_pool and their gradients: own kernels, which are bound by memory as any would be, and keep the CPU's
// meaning: the first maximum takes the gradient, NaN is one, averages count padding or not.
#include <optional>

#include "../kernel.h"
#include "../window_args.h"
#include "device.h"
#include "pack.h"
#include "pool.h"

namespace hornet {
namespace {

/// Places are counted in Index.
template <class Index>
class Pool : public Kernel {
 public:
  Pool(const KernelArgs& args, const char* function, const char* index, const PoolShape& s,
       const Window::Sizes& resultSizes)
      : isMax_(args.op.starts_with("max_pool")), isGradient_(args.op.ends_with("_grad")) {
    const TensorSpec& result = args.outputs[0];
    // Bool counts as uint8_t, as on the CPU.
    const DType dtype = result.dtype == DType::boolean ? DType::uint8 : result.dtype;
    const int pack = packFor(sizeOf(dtype), s.channels);
    kernel_ = DeviceKernel(
        *args.device, "pool.cu",
        instantiate(function, {deviceType(dtype), isFloat(dtype) ? deviceComputeType(dtype) : deviceType(dtype),
                               std::to_string(pack), index}));
    args_.count = Index(result.numel() / pack);
    args_.channels = Index(s.channels);
    args_.places = slidingPlaces<Index>(resultSizes, s.channels / pack);
    args_.window = slidingArgs<Index>(s.window);
    args_.countPadding = s.countPadding;
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!isGradient_) {
      args_.x = in[0];
    } else if (isMax_) {
      args_.x = in[0];
      args_.y = in[1];
      args_.dy = in[2];
    } else {
      args_.dy = in[0];
    }
    args_.result = out[0];
    kernel_.launch({blocksFor(int64_t(args_.count))}, args_);
  }

 private:
  bool isMax_, isGradient_;
  DeviceKernel kernel_;
  PoolArgs<Index> args_{};
};

/// An empty result: nothing to do.
class Nothing : public Kernel {
 public:
  void run(std::span<const void* const>, std::span<void* const>, void*) override {}
};

std::unique_ptr<Kernel> makePool(const KernelArgs& args, const char* function, const PoolShape& s,
                                 const Window::Sizes& resultSizes) {
  if (args.outputs[0].numel() == 0) return std::make_unique<Nothing>();
  return withIndex(slidingLimit(s.window, s.batch, s.channels, s.channels),
                   [&]<class Index>(Index, const char* index) -> std::unique_ptr<Kernel> {
                     return std::make_unique<Pool<Index>>(args, function, index, s, resultSizes);
                   });
}

std::unique_ptr<Kernel> makeMaxPool(const KernelArgs& args) {
  const PoolShape s = parsePoolShape(args, args.inputs[0], args.outputs[0]);
  return makePool(args, "maxPool", s, s.window.out);
}

std::unique_ptr<Kernel> makeMaxPoolGrad(const KernelArgs& args) {
  requireFloat(args);
  const PoolShape s = parsePoolShape(args, args.inputs[0], args.inputs[1]);
  return makePool(args, "maxPoolGrad", s, s.window.in);
}

std::unique_ptr<Kernel> makeAvgPool(const KernelArgs& args) {
  requireFloat(args);
  const PoolShape s = parsePoolShape(args, args.inputs[0], args.outputs[0]);
  return makePool(args, "avgPool", s, s.window.out);
}

std::unique_ptr<Kernel> makeAvgPoolGrad(const KernelArgs& args) {
  requireFloat(args);
  const PoolShape s = parsePoolShape(args, args.outputs[0], args.inputs[0]);
  return makePool(args, "avgPoolGrad", s, s.window.in);
}

REGISTER_KERNEL("max_pool", makeMaxPool);
REGISTER_KERNEL("max_pool_grad", makeMaxPoolGrad);
REGISTER_KERNEL("avg_pool", makeAvgPool);
REGISTER_KERNEL("avg_pool_grad", makeAvgPoolGrad);

}  // namespace
}  // namespace hornet

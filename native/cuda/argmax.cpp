// argmax and argmin along one axis: the first of equals wins, the first NaN wins over all.
#include "../dispatch.h"
#include "reduce.h"

namespace hornet {

namespace {

class ArgBest : public Kernel {
 public:
  ArgBest(const KernelArgs& args, const char* op)
      : reduction_(*args.device, ReducePlan(args.inputs[0].shape, {axis(args)}), int64_t(sizeOf(args.inputs[0].dtype)),
                   fold(args, op), isWide(args.inputs[0].dtype) ? 16 : 8, "FoldPartials<" + fold(args, op) + ">") {}

  size_t scratchBytes() const override { return reduction_.scratchBytes(); }
  std::string implementation() const override { return reduction_.implementation(); }
  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    reduction_.run(in[0], out[0], scratch);
  }

 private:
  static int64_t axis(const KernelArgs& args) {
    const int64_t axis = args.attrs.integer("axis");
    if (args.inputs[0].shape.at(size_t(axis)) == 0 && args.outputs[0].numel() > 0)
      throw Error(args.op, "the axis has size 0");
    return axis;
  }
  static std::string fold(const KernelArgs& args, const char* op) {
    return instantiate("FoldPlaces", {deviceType(args.inputs[0].dtype), op});
  }
  /// Whether a value is computed in eight bytes, a value with its place held in sixteen.
  static bool isWide(DType dtype) { return computeBytes(domainOf(dtype)) == 8; }

  Reduction reduction_;
};

std::unique_ptr<Kernel> makeArgmax(const KernelArgs& args) { return std::make_unique<ArgBest>(args, "Maximum"); }
std::unique_ptr<Kernel> makeArgmin(const KernelArgs& args) { return std::make_unique<ArgBest>(args, "Minimum"); }

}  // namespace

REGISTER_KERNEL("argmax", makeArgmax);
REGISTER_KERNEL("argmin", makeArgmin);

}  // namespace hornet

// Kernels that move whole tensors: copy, transpose, broadcast.
#include <memory>

#include "../kernel.h"
#include "strided_copy.h"

namespace hornet {

namespace {

class WholeCopy : public Kernel {
 public:
  WholeCopy(const KernelArgs& args, const Dims& from)
      : copy_(*args.device, sizeOf(args.outputs[0].dtype), args.outputs[0].shape, from,
              rowMajorStrides(args.outputs[0].shape), 0, 0, guardOf(args)) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (in[0] != out[0]) copy_.run(in[0], out[0]);
  }

 private:
  StridedCopy copy_;
};

std::unique_ptr<Kernel> makeCopy(const KernelArgs& args) {
  return std::make_unique<WholeCopy>(args, rowMajorStrides(args.outputs[0].shape));
}

std::unique_ptr<Kernel> makeTranspose(const KernelArgs& args) {
  const Dims own = rowMajorStrides(args.inputs[0].shape);
  Dims from;
  for (const int64_t axis : args.attrs.integers("perm")) from.push_back(own.at(size_t(axis)));
  return std::make_unique<WholeCopy>(args, from);
}

std::unique_ptr<Kernel> makeBroadcast(const KernelArgs& args) {
  return std::make_unique<WholeCopy>(args, broadcastStrides(args.inputs[0].shape, args.outputs[0].shape));
}

}  // namespace

REGISTER_KERNEL("copy", makeCopy);
REGISTER_KERNEL("transpose", makeTranspose);
REGISTER_KERNEL("broadcast", makeBroadcast);

}  // namespace hornet

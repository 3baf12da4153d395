// matmul with a second output, the sum over the rows of b, where no library sums on its way: one kernel after the
// other.
#pragma once

#include <algorithm>

#include "kernel.h"

namespace hornet {

class SummingMatmul : public Kernel {
 public:
  /// `makeProduct` makes the kernel of the first output.
  SummingMatmul(const KernelArgs& args, KernelFactory makeProduct) {
    KernelArgs product = args;
    product.outputs.resize(1);
    product_ = makeProduct(product);
    const std::string op = "reduce_sum";
    Attrs attrs;
    attrs.set("axes", std::vector<double>{0});
    sum_ = findKernel(op)({op, {args.inputs[1]}, {args.outputs[1]}, attrs, args.device, args.writesState});
  }

  size_t scratchBytes() const override { return std::max(product_->scratchBytes(), sum_->scratchBytes()); }
  std::string implementation() const override { return product_->implementation(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    product_->run(in, out.first(1), scratch);
    sum_->run(in.subspan(1, 1), out.subspan(1, 1), scratch);
  }

 private:
  std::unique_ptr<Kernel> product_, sum_;
};

}  // namespace hornet

// Runs a kernel whose float type has no code of its own in another float type: inputs are converted into scratch memory
// before it, results back after it. Not the `cast` of the element-wise kernels.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "../convert.h"
#include "../kernel.h"
#include "../scratch.h"
#include "parallel.h"

namespace hornet {

using ConvertFn = void (*)(const void*, void*, int64_t);

template <class From, class To>
void convertElements(const void* from, void* to, int64_t count) {
  const From* source = static_cast<const From*>(from);
  To* target = static_cast<To*>(to);
  parallelFor(count, 65536, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) target[i] = convert<To>(source[i]);
  });
}

template <class From>
ConvertFn converter(DType to) {
  switch (to) {
    case DType::float16:
      return convertElements<From, Float16>;
    case DType::bfloat16:
      return convertElements<From, BFloat16>;
    case DType::float32:
      return convertElements<From, float>;
    default:
      return convertElements<From, double>;
  }
}

inline ConvertFn converter(DType from, DType to) {
  switch (from) {
    case DType::float16:
      return converter<Float16>(to);
    case DType::bfloat16:
      return converter<BFloat16>(to);
    case DType::float32:
      return converter<float>(to);
    default:
      return converter<double>(to);
  }
}

class Converted : public Kernel {
 public:
  /// Makes the kernel for `inner`, which differs from `args` in dtypes only.
  Converted(const KernelArgs& args, const KernelArgs& inner, KernelFactory factory) : kernel_(factory(inner)) {
    for (size_t i = 0; i < args.inputs.size(); ++i) add(before_, i, args.inputs[i], inner.inputs[i], inner.inputs[i]);
    for (size_t i = 0; i < args.outputs.size(); ++i)
      add(after_, i, inner.outputs[i], args.outputs[i], inner.outputs[i]);
    innerScratch_ = plan_.reserve(kernel_->scratchBytes());
    in_.resize(args.inputs.size());
    out_.resize(args.outputs.size());
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return kernel_->implementation(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    std::copy(in.begin(), in.end(), in_.begin());
    std::copy(out.begin(), out.end(), out_.begin());
    for (const Conversion& c : before_) {
      in_[c.index] = scratchAt(scratch, c.offset);
      c.convert(in[c.index], scratchAt(scratch, c.offset), c.count);
    }
    for (const Conversion& c : after_) out_[c.index] = scratchAt(scratch, c.offset);
    kernel_->run(in_, out_, scratchAt(scratch, innerScratch_));
    for (const Conversion& c : after_) c.convert(scratchAt(scratch, c.offset), out[c.index], c.count);
  }

 private:
  struct Conversion {
    size_t index, offset;
    int64_t count;
    ConvertFn convert;
  };

  void add(std::vector<Conversion>& list, size_t index, const TensorSpec& from, const TensorSpec& to,
           const TensorSpec& inner) {
    if (from.dtype == to.dtype) return;
    list.push_back({index, plan_.reserve(inner.bytes()), inner.numel(), converter(from.dtype, to.dtype)});
  }

  std::unique_ptr<Kernel> kernel_;
  ScratchPlan plan_;
  size_t innerScratch_ = 0;
  std::vector<Conversion> before_, after_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
};

}  // namespace hornet

// conv, conv_input_grad and conv_kernel_grad: oneDNN for float32 and fast bfloat16, plain loops for what it does not
// take.
#include <algorithm>
#include <optional>

#include "../kernel.h"
#include "../scratch.h"
#include "../window_args.h"
#include "conv_direct.h"
#include "epilogue.h"
#include "make.h"
#include "onednn.h"

namespace hornet {
namespace {

using dnnl::memory;

/// The descriptions oneDNN wants: logical N, C, spatial order over channels-last memory.
struct Descs {
  memory::dims strides, dilates, lo, hi;
  memory::desc x, y, kernel, anyKernel, bias;

  Descs(const ConvShape& s, DType dtype) {
    using tag = memory::format_tag;
    constexpr tag dataTags[] = {tag::nwc, tag::nhwc, tag::ndhwc}, kernelTags[] = {tag::wio, tag::hwio, tag::dhwio},
                  groupTags[] = {tag::wigo, tag::hwigo, tag::dhwigo};
    memory::dims in{s.batch, s.inputs}, out{s.batch, s.outputs}, taps{s.groupOutputs(), s.groupInputs()};
    if (s.groups > 1) taps.insert(taps.begin(), s.groups);
    const Window& w = s.window;
    for (int axis = 3 - w.rank; axis < 3; ++axis) {
      in.push_back(w.in[axis]);
      out.push_back(w.out[axis]);
      taps.push_back(w.size[axis]);
      strides.push_back(w.stride[axis]);
      dilates.push_back(w.dilation[axis] - 1);
      lo.push_back(w.lo[axis]);
      hi.push_back(std::max<int64_t>(0, w.hi(axis)));
    }
    const auto type = onednn::dataType(dtype);
    x = memory::desc(in, type, dataTags[w.rank - 1]);
    y = memory::desc(out, type, dataTags[w.rank - 1]);
    kernel = memory::desc(taps, type, (s.groups > 1 ? groupTags : kernelTags)[w.rank - 1]);
    anyKernel = memory::desc(taps, type, tag::any);
    bias = memory::desc({s.outputs}, type, tag::x);
  }
};

auto describeForward(const Descs& d, bool withBias, const dnnl::primitive_attr& attr) {
  return onednn::describe<dnnl::convolution_forward>(
      attr, dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, d.x, d.anyKernel,
      withBias ? d.bias : memory::desc(), d.y, d.strides, d.dilates, d.lo, d.hi);
}

template <class Primitive>
auto describeGradient(const Descs& d, const memory::desc& first, const memory::desc& second,
                      const memory::desc& third) {
  return onednn::describeGradient<Primitive>(onednn::attributes(), describeForward(d, false, onednn::attributes()),
                                             dnnl::algorithm::convolution_direct, first, second, third, d.strides,
                                             d.dilates, d.lo, d.hi);
}

/// A convolution in oneDNN: the data operands are used in place, the kernel changes between Keras's layout and the
/// library's own in scratch memory.
class LibraryConv : public Kernel {
 public:
  LibraryConv(const KernelArgs& args, const ConvShape& s, ConvDirection direction)
      : direction_(direction), threads_(onednn::threadsFor(s.flops())) {
    const onednn::ThreadLimit limit(threads_);
    const Descs d(s, args.inputs[0].dtype);
    switch (direction) {
      case ConvDirection::forward: {
        const bool withBias = args.inputs.size() > 2;
        const auto activation = onednn::attributes(args.attrs.string("activation", "linear"));
        const auto desc = describeForward(d, withBias, activation);
        make<dnnl::convolution_forward>(args.op, desc, d.kernel, desc.weights_desc());
        call_->bind(DNNL_ARG_SRC, d.x).bind(DNNL_ARG_WEIGHTS, desc.weights_desc()).bind(DNNL_ARG_DST, d.y);
        if (withBias) call_->bind(DNNL_ARG_BIAS, d.bias);
        break;
      }
      case ConvDirection::inputGrad: {
        const auto desc = describeGradient<dnnl::convolution_backward_data>(d, d.x, d.anyKernel, d.y);
        make<dnnl::convolution_backward_data>(args.op, desc, d.kernel, desc.weights_desc());
        call_->bind(DNNL_ARG_DIFF_DST, d.y).bind(DNNL_ARG_WEIGHTS, desc.weights_desc()).bind(DNNL_ARG_DIFF_SRC, d.x);
        break;
      }
      case ConvDirection::kernelGrad: {
        const auto desc = describeGradient<dnnl::convolution_backward_weights>(d, d.x, d.anyKernel, d.y);
        make<dnnl::convolution_backward_weights>(args.op, desc, desc.diff_weights_desc(), d.kernel);
        call_->bind(DNNL_ARG_SRC, d.x)
            .bind(DNNL_ARG_DIFF_DST, d.y)
            .bind(DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc());
        break;
      }
    }
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return call_->implementation(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const onednn::ThreadLimit limit(threads_);
    void* const packed = scratchAt(scratch, packed_);
    void* const callScratch = scratchAt(scratch, callScratch_);
    if (direction_ == ConvDirection::kernelGrad) {
      call_->point(DNNL_ARG_SRC, in[0]).point(DNNL_ARG_DIFF_DST, in[1]);
      call_->point(DNNL_ARG_DIFF_WEIGHTS, reorder_ ? packed : out[0]).run(callScratch);
      if (reorder_) reorder_->point(DNNL_ARG_FROM, packed).point(DNNL_ARG_TO, out[0]).run(callScratch);
      return;
    }
    if (reorder_) reorder_->point(DNNL_ARG_FROM, in[1]).point(DNNL_ARG_TO, packed).run(callScratch);
    call_->point(DNNL_ARG_WEIGHTS, reorder_ ? packed : in[1]);
    if (direction_ == ConvDirection::forward) {
      call_->point(DNNL_ARG_SRC, in[0]).point(DNNL_ARG_DST, out[0]);
      if (in.size() > 2) call_->point(DNNL_ARG_BIAS, in[2]);
    } else {
      call_->point(DNNL_ARG_DIFF_DST, in[0]).point(DNNL_ARG_DIFF_SRC, out[0]);
    }
    call_->run(callScratch);
  }

 private:
  template <class Primitive>
  void make(const std::string& op, const typename Primitive::primitive_desc& desc, const memory::desc& kernelFrom,
            const memory::desc& kernelTo) {
    call_.emplace(op, desc, Primitive(desc));
    size_t callScratch = call_->scratchBytes();
    if (kernelFrom != kernelTo) {
      reorder_.emplace(onednn::reorder(op, kernelFrom, kernelTo));
      packed_ = plan_.reserve(std::max(kernelFrom.get_size(), kernelTo.get_size()));
      callScratch = std::max(callScratch, reorder_->scratchBytes());
    }
    callScratch_ = plan_.reserve(callScratch);
  }

  ConvDirection direction_;
  int threads_;
  std::optional<onednn::Call> call_, reorder_;
  ScratchPlan plan_;
  size_t packed_ = 0, callScratch_ = 0;
};

/// Bias and activation after the input gradient, which oneDNN does not fuse there.
class LibraryTransposedConv : public LibraryConv {
 public:
  LibraryTransposedConv(const KernelArgs& args, const ConvShape& s)
      : LibraryConv(args, s, ConvDirection::inputGrad),
        rows_(s.batch * s.window.inputPositions()),
        width_(s.inputs),
        activation_(parseActivation(args.attrs.string("activation", "linear"))) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    LibraryConv::run(in, out, scratch);
    const float* bias = in.size() > 2 ? static_cast<const float*>(in[2]) : nullptr;
    applyEpilogue(static_cast<float*>(out[0]), rows_, width_, bias, activation_);
  }

 private:
  int64_t rows_, width_;
  Activation activation_;
};

template <class T>
class DirectConv : public Kernel {
 public:
  DirectConv(const KernelArgs& args, const ConvShape& s, ConvDirection direction)
      : shape_(s), direction_(direction), activation_(parseActivation(args.attrs.string("activation", "linear"))) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const T* a = static_cast<const T*>(in[0]);
    const T* b = static_cast<const T*>(in[1]);
    T* to = static_cast<T*>(out[0]);
    if (direction_ == ConvDirection::kernelGrad) return convKernelGradDirect(shape_, a, b, to);
    const bool isForward = direction_ == ConvDirection::forward;
    isForward ? convDirect(shape_, a, b, to) : convInputGradDirect(shape_, a, b, to);
    const T* bias = in.size() > 2 ? static_cast<const T*>(in[2]) : nullptr;
    const Window& w = shape_.window;
    applyEpilogue(to, shape_.batch * (isForward ? w.outputPositions() : w.inputPositions()),
                  isForward ? shape_.outputs : shape_.inputs, bias, activation_);
  }

 private:
  ConvShape shape_;
  ConvDirection direction_;
  Activation activation_;
};

bool hasEpilogue(const KernelArgs& args) {
  return args.inputs.size() > 2 || args.attrs.string("activation", "linear") != "linear";
}

template <ConvDirection direction>
std::unique_ptr<Kernel> makeConv(const KernelArgs& args) {
  const ConvShape shape = parseConvShape(args, direction);
  constexpr bool isInputGrad = direction == ConvDirection::inputGrad;
  const DType dtype = args.inputs[0].dtype;
  if (onednn::isFast(dtype) && shape.isRegular()) {
    if (!isInputGrad || !hasEpilogue(args)) return std::make_unique<LibraryConv>(args, shape, direction);
    if (dtype == DType::float32) return std::make_unique<LibraryTransposedConv>(args, shape);
  }
  return makeNumeric(args, makeConv<direction>,
                     [&]<class T>() { return std::make_unique<DirectConv<T>>(args, shape, direction); });
}

REGISTER_KERNEL("conv", makeConv<ConvDirection::forward>);
REGISTER_KERNEL("conv_input_grad", makeConv<ConvDirection::inputGrad>);
REGISTER_KERNEL("conv_kernel_grad", makeConv<ConvDirection::kernelGrad>);

}  // namespace
}  // namespace hornet

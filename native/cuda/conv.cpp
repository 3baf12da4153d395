// conv, conv_input_grad and conv_kernel_grad: cuDNN for floats; kernels of our own for depthwise convolutions and for
// what the library does not take.
#include <algorithm>
#include <optional>

#include "../kernel.h"
#include "../scratch.h"
#include "../window_args.h"
#include "conv.h"
#include "conv_graph.h"
#include "cudnn.h"
#include "epilogue.h"
#include "pack.h"
#include "strided_copy.h"

namespace hornet {
namespace {

/// Bool counts as uint8_t, as on the CPU.
DType storedDType(DType dtype) { return dtype == DType::boolean ? DType::uint8 : dtype; }

/// The type of sums: unsigned for integers, where overflow is defined.
const char* sumType(DType dtype) {
  if (isFloat(dtype)) return deviceComputeType(dtype);
  return sizeOf(dtype) == 8 ? "uint64_t" : "uint32_t";
}

Activation activationOf(const KernelArgs& args) { return parseActivation(args.attrs.string("activation", "linear")); }

bool hasBias(const KernelArgs& args) { return args.inputs.size() > 2; }

/// A convolution by cuDNN. The kernel changes between Keras's layout and the library's in scratch memory. What the
/// library does not fuse, a kernel of ours does in a second pass.
class LibraryConv : public Kernel {
 public:
  LibraryConv(const KernelArgs& args, const ConvShape& s, ConvDirection direction)
      : device_(*args.device),
        direction_(direction),
        hasBias_(direction != ConvDirection::kernelGrad && hasBias(args)) {
    const DType dtype = args.inputs[0].dtype;
    const Activation activation = activationOf(args);
    // Only the forward direction with a bias has engines that are compiled already: a ReLU without one adds zeros.
    if (direction == ConvDirection::forward && (hasBias_ || activation == Activation::relu)) {
      call(args, s, dtype, {true, activation == Activation::relu});
      fusesBias_ = bool(call_);
    }
    if (!call_) call(args, s, dtype, {});
    if (!call_) return;

    const Activation rest = fusesBias_ && activation == Activation::relu ? Activation::linear : activation;
    if ((hasBias_ && !fusesBias_) || rest != Activation::linear) epilogue_ = Epilogue(device_, args.outputs[0], rest);
    if (fusesBias_ && !hasBias_) {
      zeroBytes_ = size_t(s.outputs) * sizeOf(dtype);
      zeros_ = plan_.reserve(zeroBytes_);
    }
    const int64_t rows = s.window.taps() * s.groupInputs();
    if (rows > 1 && s.outputs > 1) {
      const bool isResult = direction == ConvDirection::kernelGrad;
      packed_ = plan_.reserve(size_t(rows * s.outputs) * sizeOf(dtype));
      const Dims ours{1, s.outputs}, theirs{rows, 1};
      transposition_.emplace(device_, sizeOf(dtype), Dims{s.outputs, rows}, isResult ? theirs : ours,
                             isResult ? ours : theirs);
    }
    workspace_ = plan_.reserve(call_.scratchBytes());
  }

  /// Whether cuDNN has an engine.
  explicit operator bool() const { return bool(call_); }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return call_.implementation() + (epilogue_ ? ", epilogue" : ""); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    void* const packed = scratchAt(scratch, packed_);
    void* const workspace = scratchAt(scratch, workspace_);
    const void* b = in[1];
    void* result = out[0];
    if (transposition_ && direction_ == ConvDirection::kernelGrad) {
      result = packed;
    } else if (transposition_) {
      transposition_->run(in[1], packed);
      b = packed;
    }
    if (fusesBias_) {
      call_.run({{a_, in[0]}, {b_, b}, {bias_, hasBias_ ? in[2] : zeros(scratch)}, {result_, result}}, workspace);
    } else {
      call_.run({{a_, in[0]}, {b_, b}, {result_, result}}, workspace);
    }
    if (result != out[0]) transposition_->run(packed, out[0]);
    if (epilogue_) epilogue_.run(out[0], hasBias_ && !fusesBias_ ? in[2] : nullptr);
  }

 private:
  void call(const KernelArgs& args, const ConvShape& s, DType dtype, ConvGraph::Epilogue epilogue) {
    const ConvGraph graph(s, direction_, dtype, epilogue);
    call_ = cudnn::Call(device_, args.op, graph.graph);
    a_ = graph.a, b_ = graph.b, bias_ = graph.bias, result_ = graph.result;
  }

  const void* zeros(void* scratch) const {
    void* const memory = scratchAt(scratch, zeros_);
    cuda::check(cuda::driver().cuMemsetD8Async(CUdeviceptr(memory), 0, zeroBytes_, device_.stream()),
                "clearing a bias");
    return memory;
  }

  Device& device_;
  ConvDirection direction_;
  bool hasBias_, fusesBias_ = false;
  cudnn::Call call_;
  cudnn::Tensor a_ = 0, b_ = 0, bias_ = 0, result_ = 0;
  std::optional<StridedCopy> transposition_;
  Epilogue epilogue_;
  ScratchPlan plan_;
  size_t packed_ = 0, workspace_ = 0, zeros_ = 0, zeroBytes_ = 0;
};

class DirectConv : public Kernel {
 public:
  DirectConv(const KernelArgs& args, const ConvShape& s, ConvDirection direction)
      : args_{nullptr, nullptr, nullptr, nullptr, args.outputs[0].numel(), s, activationOf(args)} {
    constexpr const char* functions[] = {"convDirect", "convInputGradDirect", "convKernelGradDirect"};
    const DType dtype = storedDType(args.inputs[0].dtype);
    kernel_ = DeviceKernel(*args.device, "conv.cu",
                           instantiate(functions[int(direction)], {deviceType(dtype), sumType(dtype)}));
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (args_.count == 0) return;
    args_.a = in[0];
    args_.b = in[1];
    args_.bias = in.size() > 2 ? in[2] : nullptr;
    args_.result = out[0];
    kernel_.launch({blocksFor(args_.count)}, args_);
  }

 private:
  DirectConvArgs args_;
  DeviceKernel kernel_;
};

/// A depthwise convolution, or its gradient in the input.
template <class Index>
class DepthwiseConv : public Kernel {
 public:
  DepthwiseConv(const KernelArgs& args, const ConvShape& s, ConvDirection direction, const char* index) {
    const DType dtype = args.inputs[0].dtype;
    const bool isForward = direction == ConvDirection::forward;
    const Window::Sizes& sizes = isForward ? s.window.out : s.window.in;
    const int64_t channels = isForward ? s.outputs : s.inputs;
    const int64_t columns = (sizes[2] + kDepthwiseColumns - 1) / kDepthwiseColumns;
    const int pack = packFor(sizeOf(dtype), channels);
    kernel_ = DeviceKernel(*args.device, "conv.cu",
                           instantiate(isForward ? "convDepthwise" : "convDepthwiseInputGrad",
                                       {s.inputs == s.outputs ? "true" : "false", deviceType(dtype),
                                        deviceComputeType(dtype), std::to_string(pack), index}));
    args_.count = Index(s.batch * sizes[0] * sizes[1] * columns * (channels / pack));
    args_.places = slidingPlaces<Index>({sizes[0], sizes[1], columns}, channels / pack);
    args_.window = slidingArgs<Index>(s.window);
    args_.inputs = Index(s.inputs);
    args_.outputs = Index(s.outputs);
    args_.multiplier = radixOf<Index>(s.groupOutputs());
    args_.activation = activationOf(args);
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    args_.from = in[0];
    args_.kernel = in[1];
    args_.bias = in.size() > 2 ? in[2] : nullptr;
    args_.result = out[0];
    kernel_.launch({blocksFor(int64_t(args_.count))}, args_);
  }

 private:
  DeviceKernel kernel_;
  DepthwiseArgs<Index> args_{};
};

/// The gradient of a depthwise convolution in its kernel: parts of the positions are summed side by side, then added.
template <class Index>
class DepthwiseKernelGrad : public Kernel {
 public:
  DepthwiseKernelGrad(const KernelArgs& args, const ConvShape& s, const char* index) {
    const DType dtype = args.inputs[0].dtype;
    const int pack = sizeOf(dtype) == 2 && s.outputs % 2 == 0 ? 2 : 1;
    const int64_t positions = s.batch * s.window.outputPositions(), taps = s.window.taps(), packs = s.outputs / pack;
    int lanes = 1;
    while (lanes < 32 && lanes < packs) lanes *= 2;
    grid_.x = unsigned((packs + lanes - 1) / lanes);
    grid_.y = unsigned((taps + kDepthwiseTaps - 1) / kDepthwiseTaps);
    grid_.z = unsigned(partsFor(*args.device, positions, kThreads / lanes));
    const int64_t perPart = (positions + grid_.z - 1) / grid_.z;
    grid_.z = unsigned((positions + perPart - 1) / perPart);

    const std::string type = deviceType(dtype), sum = deviceComputeType(dtype);
    kernel_ = DeviceKernel(*args.device, "conv.cu",
                           instantiate("convDepthwiseKernelGrad", {s.inputs == s.outputs ? "true" : "false", type, sum,
                                                                   std::to_string(pack), index}));
    adding_ = DeviceKernel(*args.device, "conv.cu", instantiate("addDepthwiseParts", {type, sum}));
    args_.positions = Index(positions);
    args_.perPart = Index(perPart);
    args_.inputs = Index(s.inputs);
    args_.outputs = Index(s.outputs);
    args_.taps = Index(taps);
    args_.lanes = lanes;
    args_.places = slidingPlaces<Index>(s.window.out, 1);
    args_.window = slidingArgs<Index>(s.window);
    args_.multiplier = radixOf<Index>(s.groupOutputs());
    parts_.count = taps * s.outputs;
    parts_.parts = grid_.z;
    sumBytes_ = sizeOf(dtype) == 8 ? 8 : 4;
  }

  size_t scratchBytes() const override { return size_t(parts_.count * parts_.parts) * sumBytes_; }
  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    args_.x = in[0];
    args_.dy = in[1];
    args_.sums = scratch;
    kernel_.launch(grid_, args_);
    parts_.sums = scratch;
    parts_.result = out[0];
    adding_.launch({blocksFor(parts_.count)}, parts_);
  }

  static constexpr int64_t kMostParts = 4096;

 private:
  /// So many that the device is busy, but each long enough to be worth its row of sums.
  int64_t partsFor(const Device& device, int64_t positions, int lines) const {
    const int64_t wanted = 8 * int64_t(device.multiprocessors()) / (int64_t(grid_.x) * grid_.y) + 1;
    return std::clamp<int64_t>(std::min(wanted, positions / (16 * lines)), 1, kMostParts);
  }

  Grid grid_;
  DeviceKernel kernel_, adding_;
  DepthwiseKernelGradArgs<Index> args_{};
  DepthwisePartsArgs parts_{};
  size_t sumBytes_;
};

std::unique_ptr<Kernel> makeDepthwise(const KernelArgs& args, const ConvShape& s, ConvDirection direction) {
  int64_t limit = slidingLimit(s.window, s.batch, s.inputs, s.outputs);
  if (direction == ConvDirection::kernelGrad) {
    limit = std::max(limit, DepthwiseKernelGrad<uint64_t>::kMostParts * s.window.taps() * s.outputs);
  }
  return withIndex(limit, [&]<class Index>(Index, const char* index) -> std::unique_ptr<Kernel> {
    if (direction == ConvDirection::kernelGrad) return std::make_unique<DepthwiseKernelGrad<Index>>(args, s, index);
    return std::make_unique<DepthwiseConv<Index>>(args, s, direction, index);
  });
}

template <ConvDirection direction>
std::unique_ptr<Kernel> makeConv(const KernelArgs& args) {
  const ConvShape s = parseConvShape(args, direction);
  if (isFloat(args.inputs[0].dtype) && s.isRegular()) {
    // cuDNN's engines for depthwise convolutions over channels-last tensors are slow, or missing for a type.
    if (s.groups > 1 && s.groups == s.inputs) return makeDepthwise(args, s, direction);
    auto library = std::make_unique<LibraryConv>(args, s, direction);
    if (*library) return library;
  }
  return std::make_unique<DirectConv>(args, s, direction);
}

REGISTER_KERNEL("conv", makeConv<ConvDirection::forward>);
REGISTER_KERNEL("conv_input_grad", makeConv<ConvDirection::inputGrad>);
REGISTER_KERNEL("conv_kernel_grad", makeConv<ConvDirection::kernelGrad>);

}  // namespace
}  // namespace hornet

// rnn and rnn_grad: by cuDNN where it takes them, step by step otherwise. Lengths of sequences would have to be known
// to the host when cuDNN is called, so what a mask hides is the business of rnn_steps.cpp.
#include "rnn.h"

#include <array>
#include <climits>
#include <optional>

#include "../scratch.h"
#include "cudnn_rnn.h"
#include "device.h"
#include "rnn_steps.h"

namespace hornet {
namespace {

/// The library's plan; nothing where it does not take the recurrence. The forward op and its gradient must agree.
std::unique_ptr<cudnn::RnnPlan> makePlan(const KernelArgs& args, const RnnShape& shape) {
  // With several streams inside, the library does not promise equal sums.
  if (shape.hasMask || shape.batch == 0 || args.device->isDeterministic()) return nullptr;
  const int64_t most = std::max({shape.batch * shape.units, shape.steps, shape.features, shape.width()});
  if (most > INT_MAX) return nullptr;
  try {
    return std::make_unique<cudnn::RnnPlan>(*args.device, shape, args.inputs[0].dtype);
  } catch (const cudnn::StatusError&) {
    return nullptr;
  }
}

/// What the reserve is aligned to.
constexpr uintptr_t kReserveAlignment = 256;

/// What both directions share: the library's weights and lengths, and sequences turned around.
class LibraryRnn : public Kernel {
 public:
  LibraryRnn(const KernelArgs& args, const RnnShape& shape, std::unique_ptr<cudnn::RnnPlan> plan)
      : device_(*args.device), shape_(shape), dtype_(args.inputs[0].dtype), plan_(std::move(plan)) {
    const std::string type = deviceType(dtype_);
    pack_ = DeviceKernel(device_, "rnn.cu", instantiate("rnnWeights", {type, "true"}));
    fillLengths_ = DeviceKernel(device_, "rnn.cu", "rnnLengths");
    if (shape_.reverse) reverse_ = DeviceKernel(device_, "rnn.cu", instantiate("rnnReverse", {type}));
    for (size_t i = 0; i < shape_.states(); ++i) hasState_[i] = !args.inputs[RnnShape::kState + i].shape.empty();
    weights_ = scratch_.reserve(plan_->weightBytes());
    lengths_ = scratch_.reserve(size_t(shape_.batch) * sizeof(int32_t));
  }

  size_t scratchBytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return plan_->name(); }

 protected:
  size_t bytes(int64_t count) const { return size_t(count) * sizeOf(dtype_); }
  int64_t rows() const { return shape_.batch * shape_.steps; }
  size_t reserveSequence(int64_t width) { return scratch_.reserve(bytes(rows() * width)); }

  /// The library's weights and lengths, and the states before the first step.
  cudnn::RnnTensors begin(std::span<const void* const> in, void* scratch) {
    cudnn::RnnTensors t{};
    void* weights = scratchAt(scratch, weights_);
    const auto writable = [&](size_t i) { return const_cast<void*>(in[i]); };
    launchWeights(pack_, plan_->weights(weights, writable(RnnShape::kKernel), writable(RnnShape::kRecurrent),
                                        shape_.hasBias ? writable(RnnShape::kBias) : nullptr));
    fillLengths_.launch({blocksFor(shape_.batch)},
                        RnnLengthsArgs{scratchAt<int32_t>(scratch, lengths_), shape_.batch, int32_t(shape_.steps)});
    t.weights = weights;
    t.lengths = scratchAt(scratch, lengths_);
    t.hx = hasState_[0] ? in[RnnShape::kState] : nullptr;
    t.cx = hasState_[1] ? in[RnnShape::kState + 1] : nullptr;
    return t;
  }

  void launchWeights(const DeviceKernel& kernel, const RnnWeightsArgs& args) const {
    const int64_t most = std::max(shape_.features, shape_.units);
    const auto tiles = [](int64_t length) { return (length + kRnnTile - 1) / kRnnTile; };
    const auto blocks = unsigned(std::min<int64_t>(tiles(most) * tiles(shape_.units), 1 << 16));
    kernel.launch({blocks, unsigned(2 * shape_.gates())}, args);
  }

  /// The sequences in the order in which time runs: themselves, or a copy at `place`.
  const void* inOrder(const void* from, int64_t width, void* scratch, size_t place) const {
    if (!shape_.reverse) return from;
    turn(from, scratchAt(scratch, place), width);
    return scratchAt(scratch, place);
  }

  void turn(const void* from, void* to, int64_t width) const {
    const int64_t count = rows() * width;
    reverse_.launch({blocksFor(count, kThreads, 1 << 20)}, RnnReverseArgs{from, to, shape_.batch, shape_.steps, width});
  }

  void clear(void* memory, size_t size) const {
    cuda::check(cuda::driver().cuMemsetD8Async(CUdeviceptr(memory), 0, size, device_.stream()), "clearing memory");
  }

  /// Whether what is saved has room for the library's reserve, and where it begins there.
  bool hasRoom(size_t savedBytes) const { return plan_->reserveBytes() + kReserveAlignment <= savedBytes; }
  static void* reserveIn(const void* saved) {
    const auto address = (reinterpret_cast<uintptr_t>(saved) + kReserveAlignment - 1) / kReserveAlignment;
    return reinterpret_cast<void*>(address * kReserveAlignment);
  }

  Device& device_;
  RnnShape shape_;
  DType dtype_;
  std::unique_ptr<cudnn::RnnPlan> plan_;
  ScratchPlan scratch_;
  DeviceKernel pack_, fillLengths_, reverse_;
  std::array<bool, 2> hasState_ = {};
  size_t weights_, lengths_;
};

class Rnn : public LibraryRnn {
 public:
  Rnn(const KernelArgs& args, const RnnShape& shape, std::unique_ptr<cudnn::RnnPlan> plan)
      : LibraryRnn(args, shape, std::move(plan)),
        keepsReserve_(shape_.saves() && hasRoom(args.outputs.back().bytes())) {
    work_ = scratch_.reserve(plan_->workBytes(keepsReserve_));
    if (!shape_.reverse) return;
    x_ = reserveSequence(shape_.features);
    y_ = reserveSequence(shape_.units);
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    cudnn::RnnTensors t = begin(in, scratch);
    t.x = inOrder(in[RnnShape::kX], shape_.features, scratch, x_);
    t.hy = out[1];
    t.cy = shape_.states() > 1 ? out[2] : nullptr;
    t.work = scratchAt(scratch, work_);
    if (keepsReserve_) t.reserve = reserveIn(out.back());
    void* y = shape_.reverse ? scratchAt(scratch, y_) : out[0];
    plan_->forward(keepsReserve_, t, y);
    if (shape_.reverse) turn(y, out[0], shape_.units);
  }

 private:
  bool keepsReserve_;
  size_t work_, x_ = 0, y_ = 0;
};

class RnnGrad : public LibraryRnn {
 public:
  RnnGrad(const KernelArgs& args, const RnnShape& shape, std::unique_ptr<cudnn::RnnPlan> plan)
      : LibraryRnn(args, shape, std::move(plan)),
        wantsDx_(args.attrs.flag("dx")),
        hasReserve_(shape_.saves() && hasRoom(args.inputs[shape_.saved()].bytes())) {
    const auto given = [&](size_t input) { return !args.inputs[input].shape.empty(); };
    hasDy_ = given(shape_.dy());
    for (size_t i = 0; i < shape_.states(); ++i) hasDState_[i] = given(shape_.dState(i));
    unpack_ = DeviceKernel(device_, "rnn.cu", instantiate("rnnWeights", {deviceType(dtype_), "false"}));
    work_ = scratch_.reserve(plan_->workBytes(true));
    reserve_ = scratch_.reserve(plan_->reserveBytes());
    dWeights_ = scratch_.reserve(plan_->weightBytes());
    y_ = reserveSequence(shape_.units);
    if (shape_.reverse || !hasDy_) dy_ = reserveSequence(shape_.units);
    if (shape_.reverse) x_ = reserveSequence(shape_.features);
    if (shape_.reverse || !wantsDx_) dx_ = reserveSequence(shape_.features);
  }

  void run(std::span<const void* const> in, std::span<void* const> all, void* scratch) override {
    const auto out = all.subspan(size_t(wantsDx_));
    cudnn::RnnTensors t = begin(in, scratch);
    t.x = inOrder(in[RnnShape::kX], shape_.features, scratch, x_);
    t.work = scratchAt(scratch, work_);
    t.reserve = scratchAt(scratch, reserve_);
    t.y = restore(t, in, scratch);
    t.dy = gradientOfY(in, scratch);
    t.dhy = hasDState_[0] ? in[shape_.dState(0)] : nullptr;
    t.dcy = hasDState_[1] ? in[shape_.dState(1)] : nullptr;
    t.dx = shape_.reverse || !wantsDx_ ? scratchAt(scratch, dx_) : all[0];
    t.dhx = out[3];
    t.dcx = shape_.states() > 1 ? out[4] : nullptr;
    t.dweights = scratchAt(scratch, dWeights_);
    plan_->backwardData(t);
    clear(t.dweights, plan_->weightBytes());
    plan_->backwardWeights(t);
    if (shape_.reverse && wantsDx_) turn(t.dx, all[0], shape_.features);
    launchWeights(unpack_, plan_->weights(t.dweights, out[0], out[1], out[2]));
  }

 private:
  /// Brings back the reserve, which the gradients change, and gives the outputs in their order: from what was saved, or
  /// by running the recurrence again.
  const void* restore(const cudnn::RnnTensors& tensors, std::span<const void* const> in, void* scratch) const {
    if (hasReserve_) {
      const auto to = CUdeviceptr(tensors.reserve), from = CUdeviceptr(reserveIn(in[shape_.saved()]));
      cuda::check(cuda::driver().cuMemcpyDtoDAsync_v2(to, from, plan_->reserveBytes(), device_.stream()),
                  "copying memory");
      return inOrder(in[shape_.y()], shape_.units, scratch, y_);
    }
    plan_->forward(true, tensors, scratchAt(scratch, y_));
    return scratchAt(scratch, y_);
  }

  const void* gradientOfY(std::span<const void* const> in, void* scratch) const {
    if (hasDy_) return inOrder(in[shape_.dy()], shape_.units, scratch, dy_);
    clear(scratchAt(scratch, dy_), bytes(rows() * shape_.units));
    return scratchAt(scratch, dy_);
  }

  bool wantsDx_, hasReserve_, hasDy_ = false;
  std::array<bool, 2> hasDState_ = {};
  DeviceKernel unpack_;
  size_t work_, reserve_, dWeights_, y_, x_ = 0, dy_ = 0, dx_ = 0;
};

template <class Library, std::unique_ptr<Kernel> (*makeStepped)(const KernelArgs&)>
std::unique_ptr<Kernel> makeRnn(const KernelArgs& args) {
  requireFloat(args);
  const RnnShape shape(args);
  if (auto plan = makePlan(args, shape)) return std::make_unique<Library>(args, shape, std::move(plan));
  return makeStepped(args);
}

REGISTER_KERNEL("rnn", (makeRnn<Rnn, makeSteppedRnn>));
REGISTER_KERNEL("rnn_grad", (makeRnn<RnnGrad, makeSteppedRnnGrad>));

}  // namespace
}  // namespace hornet

// rnn and rnn_grad step by step: a matmul and a kernel of our own per step, the input's part and the kernels' gradients
// as one matmul over all steps. Knows masks, and gives the same at every run; cudnn_rnn.cpp is for the rest.
#include "rnn_steps.h"

#include <array>
#include <memory>
#include <utility>

#include "../rnn_shape.h"
#include "../scratch.h"
#include "../strides.h"
#include "device.h"
#include "rnn.h"

namespace hornet {
namespace {

const char* cellName(RnnCell cell) {
  switch (cell) {
    case RnnCell::lstm:
      return "RnnCell::lstm";
    case RnnCell::gru:
      return "RnnCell::gru";
    case RnnCell::tanh:
      return "RnnCell::tanh";
    default:
      return "RnnCell::relu";
  }
}

/// Another kernel of this backend, on operands of one dtype, with scratch memory of its own.
class Inner {
 public:
  Inner() = default;
  Inner(Device& device, ScratchPlan& plan, const std::string& op, DType dtype, const std::vector<Dims>& inputs,
        Dims output, const Attrs& attrs) {
    KernelArgs args{op, {}, {{dtype, std::move(output)}}, attrs, &device};
    for (const Dims& shape : inputs) args.inputs.push_back({dtype, shape});
    kernel_ = findKernel(op)(args);
    scratch_ = plan.reserve(kernel_->scratchBytes());
  }

  explicit operator bool() const { return kernel_ != nullptr; }

  void run(std::initializer_list<const void*> in, void* out, void* scratch) const {
    kernel_->run({in.begin(), in.size()}, {&out, 1}, scratchAt(scratch, scratch_));
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  size_t scratch_ = 0;
};

Attrs transposed(bool a, bool b) {
  Attrs attrs;
  attrs.set("transposeA", double(a));
  attrs.set("transposeB", double(b));
  return attrs;
}

/// Values of one dtype, or the sums of two, as another.
class Conversion {
 public:
  Conversion() = default;
  Conversion(Device& device, DType from, DType to)
      : kernel_(device, "rnn.cu", instantiate("rnnConvert", {deviceType(from), deviceType(to)})) {}

  explicit operator bool() const { return bool(kernel_); }

  /// Null stands for zeros.
  void run(const void* from, const void* plus, void* to, int64_t count) const {
    if (count > 0) kernel_.launch({blocksFor(count, kThreads, 1 << 20)}, RnnConvertArgs{from, plus, to, count});
  }

 private:
  DeviceKernel kernel_;
};

/// An input in the type of computation: itself where it has that type, else a copy.
class WideInput {
 public:
  WideInput() = default;
  WideInput(Device& device, ScratchPlan& plan, const TensorSpec& tensor, DType wide) : count_(tensor.numel()) {
    if (tensor.dtype == wide) return;
    convert_ = Conversion(device, tensor.dtype, wide);
    offset_ = plan.reserve(size_t(count_) * sizeOf(wide));
  }

  const void* get(const void* tensor, void* scratch) const {
    if (!convert_) return tensor;
    convert_.run(tensor, nullptr, scratchAt(scratch, offset_), count_);
    return scratchAt(scratch, offset_);
  }

 private:
  Conversion convert_;
  size_t offset_ = 0;
  int64_t count_ = 0;
};

/// The result of an inner kernel in the type of computation, brought into a tensor of perhaps another type.
class WideOutput {
 public:
  WideOutput() = default;
  WideOutput(Device& device, ScratchPlan& plan, int64_t count, DType wide, DType dtype) : count_(count) {
    if (dtype == wide) return;
    convert_ = Conversion(device, wide, dtype);
    offset_ = plan.reserve(size_t(count) * sizeOf(wide));
  }

  void run(const Inner& inner, std::initializer_list<const void*> in, void* tensor, void* scratch) const {
    void* wide = convert_ ? scratchAt(scratch, offset_) : tensor;
    inner.run(in, wide, scratch);
    if (convert_) convert_.run(wide, nullptr, tensor, count_);
  }

 private:
  Conversion convert_;
  size_t offset_ = 0;
  int64_t count_ = 0;
};

/// What both directions share.
class Steps {
 public:
  explicit Steps(const KernelArgs& args)
      : shape_(args),
        dtype_(args.inputs[0].dtype),
        wide_(dtype_ == DType::float64 ? DType::float64 : DType::float32),
        device_(*args.device) {
    for (size_t i = 0; i < shape_.states(); ++i) hasState_[i] = !args.inputs[RnnShape::kState + i].shape.empty();
  }

 protected:
  DeviceKernel kernel(const char* name, std::vector<std::string> more = {}) const {
    std::vector<std::string> types = {deviceType(dtype_), deviceType(wide_)};
    types.insert(types.end(), more.begin(), more.end());
    return DeviceKernel(device_, "rnn.cu", instantiate(name, types));
  }

  WideInput input(const KernelArgs& args, size_t i) { return WideInput(device_, plan_, args.inputs[i], wide_); }
  Inner product(Dims a, Dims b, Dims y, bool transposeA, bool transposeB, bool bias = false) {
    std::vector<Dims> inputs = {std::move(a), std::move(b)};
    if (bias) inputs.push_back({y[1]});
    return Inner(device_, plan_, "matmul", wide_, inputs, std::move(y), transposed(transposeA, transposeB));
  }
  size_t reserve(int64_t count) { return plan_.reserve(size_t(count) * sizeOf(wide_)); }

  int64_t rows() const { return shape_.batch * shape_.steps; }
  int64_t stateCount() const { return shape_.batch * shape_.units; }
  unsigned unitBlocks() const { return blocksFor(stateCount(), kThreads, 1 << 20); }

  RnnStep stepAt(int64_t i, std::span<const void* const> in) const {
    const int64_t before = i == 0 ? -1 : shape_.step(i - 1);
    const void* mask = shape_.hasMask ? in.back() : nullptr;
    return {shape_.batch, shape_.units, shape_.steps, shape_.step(i), before, mask, shape_.zeroOutput};
  }

  RnnShape shape_;
  DType dtype_, wide_;
  Device& device_;
  ScratchPlan plan_;
  std::array<bool, 2> hasState_ = {};
};

class SteppedRnn : public Kernel, Steps {
 public:
  explicit SteppedRnn(const KernelArgs& args) : Steps(args) {
    if (shape_.batch == 0) return;
    const int64_t width = shape_.width(), units = shape_.units, batch = shape_.batch;
    step_ = kernel("rnnForward", {cellName(shape_.cell)});
    widen_ = Conversion(device_, dtype_, wide_);
    narrow_ = Conversion(device_, wide_, dtype_);
    x_ = input(args, RnnShape::kX);
    kernel_ = input(args, RnnShape::kKernel);
    recurrent_ = input(args, RnnShape::kRecurrent);
    bias_ = input(args, RnnShape::kBias);
    project_ =
        product({rows(), shape_.features}, {shape_.features, width}, {rows(), width}, false, false, shape_.hasBias);
    advance_ = product({batch, units}, {units, width}, {batch, width}, false, false);
    projected_ = reserve(rows() * width);
    products_ = reserve(batch * width);
    for (size_t i = 0; i < shape_.states(); ++i) states_[i] = reserve(stateCount());
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return step_ ? "matmul and " + step_.name() : std::string(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (!step_) return;
    RnnForwardArgs args{};
    project(in, scratch);
    args.input = scratchAt(scratch, projected_);
    args.recurrent = scratchAt(scratch, products_);
    if (shape_.cell == RnnCell::gru && shape_.hasBias) {
      args.bias = static_cast<const std::byte*>(in[RnnShape::kBias]) + size_t(shape_.width()) * sizeOf(dtype_);
    }
    args.h = scratchAt(scratch, states_[0]);
    args.c = scratchAt(scratch, states_[1]);
    const std::array<void*, 2> states = {args.h, args.c};
    for (size_t i = 0; i < shape_.states(); ++i) {
      widen_.run(hasState_[i] ? in[RnnShape::kState + i] : nullptr, nullptr, states[i], stateCount());
    }
    args.y = out[0];
    args.saved = shape_.saves() ? out[1 + shape_.states()] : nullptr;
    const void* recurrent = recurrent_.get(in[RnnShape::kRecurrent], scratch);
    for (int64_t i = 0; i < shape_.steps; ++i) {
      advance_.run({args.h, recurrent}, scratchAt(scratch, products_), scratch);
      args.step = stepAt(i, in);
      step_.launch({unitBlocks()}, args);
    }
    for (size_t i = 0; i < shape_.states(); ++i) narrow_.run(states[i], nullptr, out[1 + i], stateCount());
  }

 private:
  /// The input's part of the gates at all steps.
  void project(std::span<const void* const> in, void* scratch) const {
    const void *x = x_.get(in[RnnShape::kX], scratch), *kernel = kernel_.get(in[RnnShape::kKernel], scratch);
    void* projected = scratchAt(scratch, projected_);
    if (!shape_.hasBias) return project_.run({x, kernel}, projected, scratch);
    project_.run({x, kernel, bias_.get(in[RnnShape::kBias], scratch)}, projected, scratch);
  }

  DeviceKernel step_;
  Conversion widen_, narrow_;
  WideInput x_, kernel_, recurrent_, bias_;
  Inner project_, advance_;
  size_t projected_ = 0, products_ = 0;
  std::array<size_t, 2> states_ = {};
};

class SteppedRnnGrad : public Kernel, Steps {
 public:
  explicit SteppedRnnGrad(const KernelArgs& args) : Steps(args), wantsDx_(args.attrs.flag("dx")) {
    const int64_t width = shape_.width(), units = shape_.units, batch = shape_.batch, features = shape_.features;
    const auto given = [&](size_t input) { return !args.inputs[input].shape.empty(); };
    hasDy_ = given(shape_.dy());
    for (size_t i = 0; i < shape_.states(); ++i) hasDState_[i] = given(shape_.dState(i));
    widen_ = Conversion(device_, dtype_, wide_);
    narrow_ = Conversion(device_, wide_, dtype_);
    x_ = input(args, RnnShape::kX);
    kernel_ = input(args, RnnShape::kKernel);
    recurrent_ = input(args, RnnShape::kRecurrent);
    const Dims gates = {rows(), width};
    ofKernel_ = product({rows(), features}, gates, {features, width}, true, false);
    ofRecurrent_ = product({rows(), units}, gates, {units, width}, true, false);
    if (wantsDx_) ofX_ = product(gates, {features, width}, {rows(), features}, false, true);
    Attrs overRows;
    overRows.set("axes", std::vector<double>{0});
    ofBias_ = Inner(device_, plan_, "reduce_sum", wide_, {gates}, {width}, overRows);
    const auto output = [&](int64_t count) { return WideOutput(device_, plan_, count, wide_, dtype_); };
    dx_ = output(wantsDx_ ? rows() * features : 0);
    dKernel_ = output(features * width);
    dRecurrentKernel_ = output(units * width);
    dBias_ = output(width);
    if (batch == 0) return;
    step_ = kernel("rnnBackward", {cellName(shape_.cell)});
    findBefore_ = kernel("rnnBefore");
    retreat_ = product({batch, width}, {units, width}, {batch, units}, false, true);
    before_ = reserve(rows() * units);
    dGates_ = reserve(rows() * width);
    dRecurrent_ = shape_.cell == RnnCell::gru ? reserve(rows() * width) : dGates_;
    dStep_ = reserve(batch * width);
    for (size_t* state : {&through_, &past_, &dc_, &pending_}) *state = reserve(stateCount());
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return step_ ? "matmul and " + step_.name() : std::string(); }

  void run(std::span<const void* const> in, std::span<void* const> all, void* scratch) override {
    const auto out = all.subspan(size_t(wantsDx_));
    if (step_) walk(in, out, scratch);
    const void *dGates = scratchAt(scratch, dGates_), *dRecurrent = scratchAt(scratch, dRecurrent_);
    if (wantsDx_) dx_.run(ofX_, {dGates, kernel_.get(in[RnnShape::kKernel], scratch)}, all[0], scratch);
    dKernel_.run(ofKernel_, {x_.get(in[RnnShape::kX], scratch), dGates}, out[0], scratch);
    dRecurrentKernel_.run(ofRecurrent_, {scratchAt(scratch, before_), dRecurrent}, out[1], scratch);
    dBias_.run(ofBias_, {dGates}, out[2], scratch);
    if (shape_.cell != RnnCell::gru) return;
    void* second = static_cast<std::byte*>(out[2]) + size_t(shape_.width()) * sizeOf(dtype_);
    dBias_.run(ofBias_, {dRecurrent}, second, scratch);
  }

 private:
  /// Goes back through all steps.
  void walk(std::span<const void* const> in, std::span<void* const> out, void* scratch) const {
    const auto state = [&](size_t i) { return hasState_[i] ? in[RnnShape::kState + i] : nullptr; };
    const auto dState = [&](size_t i) { return hasDState_[i] ? in[shape_.dState(i)] : nullptr; };
    RnnBackwardArgs args{};
    args.y = in[shape_.y()];
    args.saved = shape_.saves() ? in[shape_.saved()] : nullptr;
    args.before = scratchAt(scratch, before_);
    args.dy = hasDy_ ? in[shape_.dy()] : nullptr;
    args.through = scratchAt(scratch, through_);
    args.past = scratchAt(scratch, past_);
    args.dc = scratchAt(scratch, dc_);
    args.pending = scratchAt(scratch, pending_);
    args.dGates = scratchAt(scratch, dGates_);
    args.dRecurrent = scratchAt(scratch, dRecurrent_);
    args.dStep = scratchAt(scratch, dStep_);
    widen_.run(dState(0), nullptr, scratchAt(scratch, through_), stateCount());
    widen_.run(nullptr, nullptr, args.past, stateCount());
    widen_.run(nullptr, nullptr, args.pending, stateCount());
    if (shape_.states() > 1) {
      args.firstC = state(1);
      widen_.run(dState(1), nullptr, args.dc, stateCount());
    }
    const void* mask = shape_.hasMask ? in.back() : nullptr;
    findBefore_.launch({unitBlocks()}, RnnBeforeArgs{shape_.batch, shape_.units, shape_.steps, shape_.reverse, mask,
                                                     args.y, state(0), scratchAt(scratch, before_)});
    const void* recurrent = recurrent_.get(in[RnnShape::kRecurrent], scratch);
    for (int64_t i = shape_.steps - 1; i >= 0; --i) {
      args.step = stepAt(i, in);
      step_.launch({unitBlocks()}, args);
      retreat_.run({args.dStep, recurrent}, scratchAt(scratch, through_), scratch);
    }
    narrow_.run(args.through, args.past, out[3], stateCount());
    if (shape_.states() > 1) narrow_.run(args.dc, nullptr, out[4], stateCount());
  }

  bool wantsDx_, hasDy_ = false;
  std::array<bool, 2> hasDState_ = {};
  DeviceKernel step_, findBefore_;
  Conversion widen_, narrow_;
  WideInput x_, kernel_, recurrent_;
  Inner ofX_, ofKernel_, ofRecurrent_, ofBias_, retreat_;
  WideOutput dx_, dKernel_, dRecurrentKernel_, dBias_;
  size_t before_ = 0, dGates_ = 0, dRecurrent_ = 0, dStep_ = 0, through_ = 0, past_ = 0, dc_ = 0, pending_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> makeSteppedRnn(const KernelArgs& args) { return std::make_unique<SteppedRnn>(args); }
std::unique_ptr<Kernel> makeSteppedRnnGrad(const KernelArgs& args) { return std::make_unique<SteppedRnnGrad>(args); }

}  // namespace hornet

// rnn and rnn_grad: a sequence through an LSTM, GRU (reset after the product) or simple RNN. The input's part of all
// steps is one matmul, as are the gradients of the kernels. Between them each thread takes some samples through all
// steps, so that threads wait for each other once and not at every step.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "../rnn_shape.h"
#include "../scratch.h"
#include "make.h"
#include "panels.h"
#include "parallel.h"
#include "rnn_rows.h"

namespace hornet {
namespace {

/// Samples that go through the steps together.
constexpr int64_t kTogether = 24;
constexpr double kParallelFlops = 1e6;

/// A product of matrices by the `matmul` kernel; with a bias where `bias` is set.
std::unique_ptr<Kernel> makeProduct(DType dtype, std::vector<int64_t> a, std::vector<int64_t> b, std::vector<int64_t> y,
                                    bool transposeA, bool transposeB, bool bias = false) {
  Attrs attrs;
  attrs.set("transposeA", double(transposeA));
  attrs.set("transposeB", double(transposeB));
  const std::string op = "matmul";
  KernelArgs args{op, {{dtype, std::move(a)}, {dtype, std::move(b)}}, {{dtype, std::move(y)}}, attrs};
  if (bias) args.inputs.push_back({dtype, {args.outputs[0].shape[1]}});
  return findKernel(op)(args);
}

/// What both directions share: which steps of which samples count, and where a step's values are.
template <class T>
class Sequences {
 public:
  explicit Sequences(const RnnShape& shape) : shape_(shape) {}

  int64_t row(int64_t sample, int64_t step) const { return sample * shape_.steps + step; }
  bool counts(const uint8_t* mask, int64_t sample, int64_t step) const { return !mask || mask[row(sample, step)]; }
  /// The number of the last counting step before number i; -1 where there is none.
  int64_t before(const uint8_t* mask, int64_t sample, int64_t i) const {
    for (--i; i >= 0 && !counts(mask, sample, shape_.step(i)); --i) {
    }
    return i;
  }

  /// Calls fn(first, last) for groups of samples, on all threads where that is worth it.
  template <class Fn>
  void forEachGroup(Fn&& fn) const {
    const double flops = 2.0 * double(shape_.steps) * double(shape_.units) * double(shape_.width());
    parallelFor(shape_.batch, std::max<int64_t>(1, int64_t(kParallelFlops / flops)), [&](int64_t begin, int64_t end) {
      const int64_t count = end - begin, groups = (count + kTogether - 1) / kTogether;
      for (int64_t i = 0; i < groups; ++i) fn(begin + count * i / groups, begin + count * (i + 1) / groups);
    });
  }

 protected:
  RnnShape shape_;
};

template <class T>
const T* typed(const void* data) {
  return static_cast<const T*>(data);
}

template <class T>
class Rnn : public Kernel, Sequences<T> {
  using Sequences<T>::shape_;

 public:
  explicit Rnn(const KernelArgs& args) : Sequences<T>(RnnShape(args)), panels_(shape_.units, shape_.width()) {
    const int64_t rows = shape_.batch * shape_.steps;
    project_ = makeProduct(args.inputs[0].dtype, {rows, shape_.features}, {shape_.features, shape_.width()},
                           {rows, shape_.width()}, false, false, shape_.hasBias);
    for (size_t i = 0; i < shape_.states(); ++i) hasState_[i] = !args.inputs[RnnShape::kState + i].shape.empty();
    packed_ = plan_.reserve(panels_.bytes());
    products_ = plan_.reserve(size_t(shape_.batch * panels_.width()) * sizeof(T));
    zeros_ = plan_.reserve(size_t(shape_.units) * sizeof(T));
    bias_ = plan_.reserve(size_t(shape_.width()) * sizeof(T));
    inner_ = plan_.reserve(project_->scratchBytes());
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const int64_t units = shape_.units;
    std::fill_n(scratchAt<T>(scratch, zeros_), units, T(0));
    panels_.pack(typed<T>(in[RnnShape::kRecurrent]), shape_.width(), 1, scratchAt<T>(scratch, packed_));
    const std::array<const void*, 3> operands = {
        in[RnnShape::kX], in[RnnShape::kKernel],
        inputBias(typed<T>(in[RnnShape::kBias]), scratchAt<T>(scratch, bias_))};
    void* const gates = shape_.saves() ? out[1 + shape_.states()] : out[0];
    project_->run(std::span(operands).first(shape_.hasBias ? 3 : 2), {&gates, 1}, scratchAt(scratch, inner_));
    this->forEachGroup([&](int64_t first, int64_t last) { walk(in, out, scratch, first, last); });
  }

 private:
  /// What is added to the input's part: of a GRU's two biases their sum, but for the candidate, whose second is scaled.
  const T* inputBias(const T* bias, T* sum) const {
    if (shape_.cell != RnnCell::gru || !shape_.hasBias) return bias;
    std::copy_n(bias, shape_.width(), sum);
    accumulate(2 * shape_.units, bias + shape_.width(), sum);
    return sum;
  }

  /// Takes some samples through all steps.
  void walk(std::span<const void* const> in, std::span<void* const> out, void* scratch, int64_t first,
            int64_t last) const {
    const int64_t units = shape_.units, count = last - first;
    const auto mask = shape_.hasMask ? typed<uint8_t>(in.back()) : nullptr;
    const T* zeros = scratchAt<T>(scratch, zeros_);
    T* y = static_cast<T*>(out[0]);
    T* products = scratchAt<T>(scratch, products_) + first * panels_.width();
    std::array<std::array<const T*, kTogether>, 2> states = {};
    std::array<const T*, kTogether> outputs, rows;
    std::array<int64_t, kTogether> samples;
    outputs.fill(zeros);
    for (size_t i = 0; i < shape_.states(); ++i) {
      for (int64_t s = 0; s < count; ++s)
        states[i][s] = hasState_[i] ? typed<T>(in[RnnShape::kState + i]) + (first + s) * units : zeros;
    }
    for (int64_t i = 0; i < shape_.steps; ++i) {
      const int64_t step = shape_.step(i);
      int64_t active = 0;
      for (int64_t s = 0; s < count; ++s) {
        if (this->counts(mask, first + s, step)) {
          rows[active] = states[0][s];
          samples[active++] = s;
        } else {
          const T* repeated = shape_.zeroOutput ? zeros : outputs[s];
          std::copy_n(repeated, units, y + this->row(first + s, step) * units);
        }
      }
      panels_.multiply(rows.data(), active, scratchAt<T>(scratch, packed_), products);
      for (int64_t a = 0; a < active; ++a) {
        const int64_t s = samples[a], row = this->row(first + s, step);
        states[1][s] = advance(in, out, zeros, row, products + a * panels_.width(), states[0][s], states[1][s]);
        states[0][s] = outputs[s] = y + row * units;
      }
    }
    for (size_t i = 0; i < shape_.states(); ++i) {
      for (int64_t s = 0; s < count; ++s)
        std::copy_n(states[i][s], units, static_cast<T*>(out[1 + i]) + (first + s) * units);
    }
  }

  /// Computes a step of one sample and returns the place of its c.
  const T* advance(std::span<const void* const> in, std::span<void* const> out, const T* zeros, int64_t row,
                   const T* product, const T* h, const T* c) const {
    const int64_t units = shape_.units;
    T* y = static_cast<T*>(out[0]) + row * units;
    if (shape_.cell == RnnCell::tanh) return simpleForward<RnnCell::tanh>(units, y, product), nullptr;
    if (shape_.cell == RnnCell::relu) return simpleForward<RnnCell::relu>(units, y, product), nullptr;
    T* saved = static_cast<T*>(out[1 + shape_.states()]);
    T* gates = saved + row * shape_.width();
    T* kept = saved + shape_.batch * shape_.steps * shape_.width() + row * units;
    if (shape_.cell == RnnCell::lstm) {
      lstmForward(units, gates, product, c, kept, y);
    } else {
      const T* bias = shape_.hasBias ? typed<T>(in[RnnShape::kBias]) + shape_.width() + 2 * units : zeros;
      gruForward(units, gates, product, bias, h, kept, y);
    }
    return kept;
  }

  Panels<T> panels_;
  std::unique_ptr<Kernel> project_;
  std::array<bool, 2> hasState_ = {};
  ScratchPlan plan_;
  size_t packed_, products_, zeros_, bias_, inner_;
};

/// The gradients of x (where it is wanted), both kernels, the bias and the first states.
template <class T>
class RnnGrad : public Kernel, Sequences<T> {
  using Sequences<T>::shape_;

 public:
  explicit RnnGrad(const KernelArgs& args)
      : Sequences<T>(RnnShape(args)), panels_(shape_.width(), shape_.units), wantsDx_(args.attrs.flag("dx")) {
    const DType dtype = args.inputs[0].dtype;
    const int64_t rows = shape_.batch * shape_.steps, width = shape_.width(), units = shape_.units;
    const auto given = [&](size_t input) { return !args.inputs[input].shape.empty(); };
    hasDy_ = given(shape_.dy());
    for (size_t i = 0; i < shape_.states(); ++i) {
      hasState_[i] = given(RnnShape::kState + i);
      hasDState_[i] = given(shape_.dState(i));
    }
    const std::vector<int64_t> gates = {rows, width}, kernel = {shape_.features, width}, recurrent = {units, width};
    ofKernel_ = makeProduct(dtype, {rows, shape_.features}, gates, kernel, true, false);
    ofRecurrent_ = makeProduct(dtype, {rows, units}, gates, recurrent, true, false);
    if (wantsDx_) ofX_ = makeProduct(dtype, gates, kernel, {rows, shape_.features}, false, true);
    packed_ = plan_.reserve(panels_.bytes());
    products_ = plan_.reserve(size_t(shape_.batch * panels_.width()) * sizeof(T));
    zeros_ = plan_.reserve(size_t(units) * sizeof(T));
    dGates_ = plan_.reserve(size_t(rows * width) * sizeof(T));
    dRecurrent_ = shape_.cell == RnnCell::gru ? plan_.reserve(size_t(rows * width) * sizeof(T)) : dGates_;
    before_ = plan_.reserve(size_t(rows * units) * sizeof(T));
    dBias_ = plan_.reserve(size_t(shape_.batch * biasWidth()) * sizeof(T));
    pending_ = plan_.reserve(size_t(shape_.batch * units) * sizeof(T));
    inner_ = plan_.reserve(
        std::max({ofKernel_->scratchBytes(), ofRecurrent_->scratchBytes(), ofX_ ? ofX_->scratchBytes() : size_t(0)}));
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> all, void* scratch) override {
    const auto out = all.subspan(size_t(wantsDx_));
    std::fill_n(scratchAt<T>(scratch, zeros_), shape_.units, T(0));
    panels_.pack(typed<T>(in[RnnShape::kRecurrent]), 1, shape_.width(), scratchAt<T>(scratch, packed_));
    this->forEachGroup([&](int64_t first, int64_t last) { walk(in, out, scratch, first, last); });
    const auto product = [&](Kernel& kernel, const void* a, const void* b, void* y) {
      kernel.run(std::array{a, b}, {&y, 1}, scratchAt(scratch, inner_));
    };
    const void* dGates = scratchAt(scratch, dGates_);
    if (wantsDx_) product(*ofX_, dGates, in[RnnShape::kKernel], all[0]);
    product(*ofKernel_, in[RnnShape::kX], dGates, out[0]);
    product(*ofRecurrent_, scratchAt(scratch, before_), scratchAt(scratch, dRecurrent_), out[1]);
    sumBias(scratchAt<T>(scratch, dBias_), static_cast<T*>(out[2]));
  }

 private:
  /// A GRU's candidate has two biases of its own.
  int64_t biasWidth() const { return shape_.width() + (shape_.cell == RnnCell::gru ? shape_.units : 0); }

  /// Adds up the samples in order, whichever thread had them.
  void sumBias(const T* samples, T* dBias) const {
    const int64_t width = shape_.width(), units = shape_.units;
    const bool isGru = shape_.cell == RnnCell::gru;
    std::fill_n(dBias, isGru ? 2 * width : width, T(0));
    for (int64_t s = 0; s < shape_.batch; ++s, samples += biasWidth()) {
      accumulate(width, samples, dBias);
      if (!isGru) continue;
      accumulate(2 * units, samples, dBias + width);
      accumulate(units, samples + width, dBias + width + 2 * units);
    }
  }

  /// Takes some samples back through all steps.
  void walk(std::span<const void* const> in, std::span<void* const> out, void* scratch, int64_t first,
            int64_t last) const {
    const int64_t units = shape_.units, width = shape_.width();
    const auto mask = shape_.hasMask ? typed<uint8_t>(in.back()) : nullptr;
    std::array<T*, 2> carried = {static_cast<T*>(out[3]), shape_.states() > 1 ? static_cast<T*>(out[4]) : nullptr};
    for (size_t i = 0; i < shape_.states(); ++i) {
      T* to = carried[i] + first * units;
      if (hasDState_[i])
        std::copy_n(typed<T>(in[shape_.dState(i)]) + first * units, (last - first) * units, to);
      else
        std::fill_n(to, (last - first) * units, T(0));
    }
    T* pending = scratchAt<T>(scratch, pending_);
    std::fill_n(pending + first * units, (last - first) * units, T(0));
    std::fill_n(scratchAt<T>(scratch, dBias_) + first * biasWidth(), (last - first) * biasWidth(), T(0));
    T* products = scratchAt<T>(scratch, products_) + first * panels_.width();
    std::array<const T*, kTogether> rows;
    std::array<int64_t, kTogether> samples;
    for (int64_t i = shape_.steps - 1; i >= 0; --i) {
      const int64_t step = shape_.step(i);
      int64_t active = 0;
      for (int64_t sample = first; sample < last; ++sample) {
        const int64_t row = this->row(sample, step);
        const T* dy = hasDy_ ? typed<T>(in[shape_.dy()]) + row * units : nullptr;
        if (this->counts(mask, sample, step)) {
          T* dh = carried[0] + sample * units;
          if (dy) accumulate(units, dy, dh);
          if (mask) {
            accumulate(units, pending + sample * units, dh);
            std::fill_n(pending + sample * units, units, T(0));
          }
          retreat(in, scratch, sample, i, carried);
          rows[active] = scratchAt<T>(scratch, dRecurrent_) + row * width;
          samples[active++] = sample;
        } else {
          // The output before this step was repeated here: its gradient waits for that step.
          if (dy && !shape_.zeroOutput) accumulate(units, dy, pending + sample * units);
          std::fill_n(scratchAt<T>(scratch, dGates_) + row * width, width, T(0));
          std::fill_n(scratchAt<T>(scratch, dRecurrent_) + row * width, width, T(0));
          std::fill_n(scratchAt<T>(scratch, before_) + row * units, units, T(0));
        }
      }
      panels_.multiply(rows.data(), active, scratchAt<T>(scratch, packed_), products);
      for (int64_t a = 0; a < active; ++a)
        accumulate(units, products + a * panels_.width(), carried[0] + samples[a] * units);
    }
  }

  /// The gates' gradients at step number i of one sample, and what of the states' gradients passes them by.
  void retreat(std::span<const void* const> in, void* scratch, int64_t sample, int64_t i,
               const std::array<T*, 2>& carried) const {
    const int64_t units = shape_.units, width = shape_.width(), row = this->row(sample, shape_.step(i));
    const auto mask = shape_.hasMask ? typed<uint8_t>(in.back()) : nullptr;
    const int64_t earlier = this->before(mask, sample, i);
    const int64_t rowBefore = earlier < 0 ? -1 : this->row(sample, shape_.step(earlier));
    const auto stateBefore = [&](size_t which, const T* later) {
      if (rowBefore >= 0) return later + rowBefore * units;
      return hasState_[which] ? typed<T>(in[RnnShape::kState + which]) + sample * units : scratchAt<T>(scratch, zeros_);
    };
    const T* y = typed<T>(in[shape_.y()]);
    const T* h = stateBefore(0, y);
    std::copy_n(h, units, scratchAt<T>(scratch, before_) + row * units);
    T* dh = carried[0] + sample * units;
    T* dGates = scratchAt<T>(scratch, dGates_) + row * width;
    T* dBias = scratchAt<T>(scratch, dBias_) + sample * biasWidth();
    if (shape_.saves()) {
      const T* gates = typed<T>(in[shape_.saved()]) + row * width;
      const T* kept = typed<T>(in[shape_.saved()]) + shape_.batch * shape_.steps * width;
      if (shape_.cell == RnnCell::lstm) {
        const T* cBefore = stateBefore(1, kept);
        lstmBackward(units, gates, kept + row * units, cBefore, dh, carried[1] + sample * units, dGates);
      } else {
        T* dRecurrent = scratchAt<T>(scratch, dRecurrent_) + row * width;
        gruBackward(units, gates, kept + row * units, h, dh, dGates, dRecurrent);
        accumulate(units, dRecurrent + 2 * units, dBias + width);
      }
    } else if (shape_.cell == RnnCell::tanh) {
      simpleBackward<RnnCell::tanh>(units, y + row * units, dh, dGates);
    } else {
      simpleBackward<RnnCell::relu>(units, y + row * units, dh, dGates);
    }
    accumulate(width, dGates, dBias);
  }

  Panels<T> panels_;
  std::unique_ptr<Kernel> ofKernel_, ofRecurrent_, ofX_;
  bool wantsDx_, hasDy_ = false;
  std::array<bool, 2> hasState_ = {}, hasDState_ = {};
  ScratchPlan plan_;
  size_t packed_, products_, zeros_, dGates_, dRecurrent_, before_, dBias_, pending_, inner_;
};

template <template <class> class Direction>
std::unique_ptr<Kernel> makeRnn(const KernelArgs& args) {
  return makeFloating(args, makeRnn<Direction>, [&]<class T>() { return std::make_unique<Direction<T>>(args); });
}

REGISTER_KERNEL("rnn", makeRnn<Rnn>);
REGISTER_KERNEL("rnn_grad", makeRnn<RnnGrad>);

}  // namespace
}  // namespace hornet

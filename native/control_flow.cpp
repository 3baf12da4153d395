// The kernels `scan`, `while` and `branch`.
#include "control_flow.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "scratch.h"
#include "steps.h"

namespace hornet {
namespace {

/// One body: its kernels, and the addresses of its operands, which its owner sets.
class Body {
 public:
  Body(const std::string& op, std::shared_ptr<const Program> program, const ControlBackend& backend, size_t arenaBytes)
      : program_(std::move(program)),
        steps_(program_, backend.name, backend.device),
        parameters(program_->parameterCount),
        results(program_->resultCount) {
    if (!program_->constants.empty()) throw Error(op, "a body has constants of its own");
    if (program_->arenaBytes > arenaBytes) throw Error(op, "the arena is too small for a body");
  }

  size_t scratchBytes() const { return steps_.scratchBytes(); }
  bool readsNumbers() const { return steps_.readsNumbers(); }
  size_t parameterBytes(size_t i) const { return program_->parameterBytes[i]; }
  size_t resultBytes(size_t i) const { return program_->resultBytes[i]; }

  std::string kernels() const {
    std::string names;
    for (const Instruction& instruction : program_->instructions) names += (names.empty() ? "" : ", ") + instruction.op;
    return names;
  }

  void run(void* arena, void* scratch) {
    steps_.pointTo(static_cast<std::byte*>(arena), nullptr, parameters, results);
    for (size_t i = 0; i < steps_.count(); ++i) steps_.run(i, scratch);
  }

 private:
  std::shared_ptr<const Program> program_;
  Steps steps_;

 public:
  std::vector<void*> parameters, results;
};

/// What the three have in common: bodies, and an arena for them behind the outputs.
class ControlFlow : public Kernel {
 public:
  ControlFlow(const KernelArgs& args, ControlBackend backend, size_t firstOperand)
      : op_(args.op), backend_(std::move(backend)) {
    if (args.outputs.empty()) throw Error(op_, "the arena is missing");
    const size_t operands = args.inputs.size() - firstOperand;
    for (const auto& program : args.attrs.programs("bodies")) {
      if (program->parameterCount != operands) throw Error(op_, "a body has other parameters than operands");
      bodies_.push_back(std::make_unique<Body>(op_, program, backend_, args.outputs.back().bytes()));
      bodyScratch_ = std::max(bodyScratch_, bodies_.back()->scratchBytes());
    }
  }

 protected:
  /// The operand must hold as much as the body reads.
  void check(size_t has, size_t needs) const {
    if (has < needs) throw Error(op_, "an operand is smaller than what the body expects");
  }
  void copy(void* to, const void* from, size_t bytes) const {
    if (bytes > 0 && to != from) backend_.memory->copy(to, from, bytes);
  }

  std::string op_;
  ControlBackend backend_;
  std::vector<std::unique_ptr<Body>> bodies_;
  size_t bodyScratch_ = 0;
};

/// What a loop carries lies in the outputs, where the body finds it and puts it.
class Loop : public ControlFlow {
 public:
  Loop(const KernelArgs& args, ControlBackend backend, size_t bodies) : ControlFlow(args, std::move(backend), 0) {
    if (bodies_.size() != bodies) throw Error(op_, "the number of bodies is wrong");
    const auto carried = args.attrs.integers("carried");
    if (carried.size() >= args.outputs.size()) throw Error(op_, "outputs are missing");
    for (size_t i = 0; i < carried.size(); ++i) {
      const auto parameter = size_t(carried[i]);
      if (carried[i] < 0 || parameter >= args.inputs.size()) throw Error(op_, "what is carried is no operand");
      const size_t bytes = args.outputs[i].bytes();
      check(args.inputs[parameter].bytes(), bytes);
      carries_.push_back({parameter, bytes});
      for (const auto& body : bodies_) check(bytes, body->parameterBytes(parameter));
    }
  }

 protected:
  struct Carry {
    size_t parameter, bytes;
  };

  /// Points all bodies to the operands, and what is carried to the outputs, which get its first values.
  void begin(std::span<const void* const> in, std::span<void* const> out) {
    for (const auto& body : bodies_) {
      for (size_t i = 0; i < in.size(); ++i) body->parameters[i] = const_cast<void*>(in[i]);
      for (size_t i = 0; i < carries_.size(); ++i) body->parameters[carries_[i].parameter] = out[i];
    }
    for (size_t i = 0; i < carries_.size(); ++i) copy(out[i], in[carries_[i].parameter], carries_[i].bytes);
  }

  std::vector<Carry> carries_;
};

class Scan : public Loop {
 public:
  Scan(const KernelArgs& args, ControlBackend backend)
      : Loop(args, std::move(backend), 1),
        length_(args.attrs.integer("length")),
        isReversed_(args.attrs.flag("reverse")) {
    const auto sliced = args.attrs.integers("sliced");
    for (size_t i = 0; i < args.inputs.size(); ++i) {
      if (std::ranges::find(sliced, int64_t(i)) == sliced.end()) {
        check(args.inputs[i].bytes(), body().parameterBytes(i));
      } else {
        slices_.push_back(sliceOf(args.inputs[i], i, body().parameterBytes(i)));
      }
    }
    const size_t results = args.outputs.size() - 1 - carries_.size();
    if (body().results.size() != results) throw Error(op_, "the body gives other results than outputs");
    for (size_t i = 0; i < results; ++i) {
      results_.push_back(sliceOf(args.outputs[carries_.size() + i], i, body().resultBytes(i)));
    }
  }

  size_t scratchBytes() const override { return staging_.bytes() + bodyScratch_; }
  bool readsNumbers() const override { return body().readsNumbers(); }
  std::string implementation() const override { return std::to_string(length_) + " x (" + body().kernels() + ")"; }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    begin(in, out);
    auto* const staging = static_cast<std::byte*>(scratch);
    for (int64_t i = 0; i < length_; ++i) {
      const size_t step = size_t(isReversed_ ? length_ - 1 - i : i);
      for (const Slice& slice : slices_) {
        auto* const there = static_cast<const std::byte*>(in[slice.operand]) + step * slice.bytes;
        void*& parameter = body().parameters[slice.operand];
        parameter = slice.staging ? staging + *slice.staging : const_cast<std::byte*>(there);
        if (slice.staging) copy(parameter, there, slice.bytes);
      }
      for (const Slice& slice : results_) {
        void* const there = placeOf(slice, step, out);
        body().results[slice.operand] = slice.staging ? staging + *slice.staging : there;
      }
      body().run(out.back(), staging + staging_.bytes());
      for (const Slice& slice : results_) {
        if (slice.staging) copy(placeOf(slice, step, out), staging + *slice.staging, slice.bytes);
      }
    }
  }

 private:
  /// A part of an operand; `staging` is where it is copied to if it begins where kernels do not take it.
  struct Slice {
    size_t operand, bytes;
    std::optional<size_t> staging;
  };

  Body& body() const { return *bodies_.front(); }

  Slice sliceOf(const TensorSpec& whole, size_t operand, size_t needs) {
    if (whole.shape.empty() || whole.shape.front() != length_) throw Error(op_, "a sequence is of another length");
    const size_t bytes = length_ == 0 ? needs : whole.bytes() / size_t(length_);
    check(bytes, needs);
    if (bytes % backend_.memory->alignment() == 0) return {operand, bytes, std::nullopt};
    return {operand, bytes, staging_.reserve(bytes)};
  }

  void* placeOf(const Slice& slice, size_t step, std::span<void* const> out) const {
    return static_cast<std::byte*>(out[carries_.size() + slice.operand]) + step * slice.bytes;
  }

  int64_t length_;
  bool isReversed_;
  std::vector<Slice> slices_, results_;
  ScratchPlan staging_;
};

class While : public Loop {
 public:
  While(const KernelArgs& args, ControlBackend backend) : Loop(args, std::move(backend), 2) {
    for (const auto& body : bodies_) {
      for (size_t i = 0; i < args.inputs.size(); ++i) check(args.inputs[i].bytes(), body->parameterBytes(i));
    }
    if (!step().results.empty() || test().results.size() != 1 || args.outputs.size() != carries_.size() + 1) {
      throw Error(op_, "the results of a body are wrong");
    }
    check(kAnswerBytes, test().resultBytes(0));
  }

  size_t scratchBytes() const override { return kAnswerBytes + bodyScratch_; }
  bool readsNumbers() const override { return true; }
  std::string implementation() const override { return "while (" + test().kernels() + ") (" + step().kernels() + ")"; }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    begin(in, out);
    void* const rest = static_cast<std::byte*>(scratch) + kAnswerBytes;
    test().results[0] = scratch;
    for (;;) {
      test().run(out.back(), rest);
      if (backend_.memory->readNumber(scratch, DType::boolean) == 0) return;
      step().run(out.back(), rest);
    }
  }

 private:
  static constexpr size_t kAnswerBytes = 256;

  Body& step() const { return *bodies_[0]; }
  Body& test() const { return *bodies_[1]; }
};

class Branch : public ControlFlow {
 public:
  Branch(const KernelArgs& args, ControlBackend backend) : ControlFlow(args, std::move(backend), 1) {
    if (bodies_.empty()) throw Error(op_, "there is no branch");
    if (args.inputs[0].dtype != DType::int32 || args.inputs[0].numel() != 1) throw Error(op_, "the index is no int32");
    for (const auto& body : bodies_) {
      for (size_t i = 1; i < args.inputs.size(); ++i) check(args.inputs[i].bytes(), body->parameterBytes(i - 1));
      if (body->results.size() + 1 != args.outputs.size())
        throw Error(op_, "a branch gives other results than outputs");
      for (size_t i = 0; i < body->results.size(); ++i) check(args.outputs[i].bytes(), body->resultBytes(i));
    }
  }

  size_t scratchBytes() const override { return bodyScratch_; }
  bool readsNumbers() const override { return true; }
  std::string implementation() const override { return "one of " + std::to_string(bodies_.size()); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const int64_t index = backend_.memory->readNumber(in[0], DType::int32);
    Body& body = *bodies_[size_t(std::clamp<int64_t>(index, 0, int64_t(bodies_.size()) - 1))];
    for (size_t i = 1; i < in.size(); ++i) body.parameters[i - 1] = const_cast<void*>(in[i]);
    std::copy_n(out.begin(), body.results.size(), body.results.begin());
    body.run(out.back(), scratch);
  }
};

}  // namespace

std::unique_ptr<Kernel> makeScan(const KernelArgs& args, ControlBackend backend) {
  return std::make_unique<Scan>(args, std::move(backend));
}

std::unique_ptr<Kernel> makeWhile(const KernelArgs& args, ControlBackend backend) {
  return std::make_unique<While>(args, std::move(backend));
}

std::unique_ptr<Kernel> makeBranch(const KernelArgs& args, ControlBackend backend) {
  return std::make_unique<Branch>(args, std::move(backend));
}

}  // namespace hornet

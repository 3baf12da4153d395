// Which attention goes to cuDNN, and running it there.
#include "fused_attention.h"

#include <limits>
#include <utility>
#include <vector>

#include "../scratch.h"
#include "attention_graph.h"
#include "cudnn.h"

namespace hornet {
namespace {

/// The gradients are wrong before it: in 9.15 where the keys are no multiple of 128, before 9.6 dq has to be cleared.
constexpr size_t kFirstVersion = 91600;

bool hasLibrary() {
  static const bool has = [] {
    try {
      return cudnn::functions().cudnnGetVersion() >= kFirstVersion;
    } catch (const Error&) {
      return false;
    }
  }();
  return has;
}

bool isFusable(const KernelArgs& args, const AttentionShape& s) {
  const DType dtype = args.inputs[0].dtype;
  return (dtype == DType::float16 || dtype == DType::bfloat16) && args.device->capability() >= 80 && s.depth > 0 &&
         s.depth % 8 == 0 && s.depth <= 256 && s.batch > 0 && s.heads > 0 && s.queries > 0 && s.keys > 0 &&
         hasLibrary();
}

class FusedAttention : public Kernel {
 public:
  /// Inputs and outputs in the op's order.
  FusedAttention(const KernelArgs& args, const AttentionShape& shape, const AttentionGraph& a,
                 std::initializer_list<cudnn::Tensor> inputs, std::initializer_list<cudnn::Tensor> outputs)
      : call_(*args.device, args.op, a.graph), scale_(float(shape.scale)) {
    if (!call_) return;
    workspace_ = plan_.reserve(call_.scratchBytes());
    for (const cudnn::Tensor tensor : inputs) operands_.emplace_back(tensor, nullptr);
    for (const cudnn::Tensor tensor : outputs) operands_.emplace_back(tensor, nullptr);
    for (const cudnn::Tensor tensor : {a.along, a.dqSums}) {
      if (tensor == 0) continue;
      operands_.emplace_back(tensor, nullptr);
      memory_.push_back(plan_.reserve(a.graph.bytes(tensor)));
    }
    operands_.emplace_back(a.scale, &scale_);
    if (a.one) operands_.emplace_back(a.one, &one_);
    if (a.unseen) operands_.emplace_back(a.unseen, &unseen_);
  }

  explicit operator bool() const { return bool(call_); }
  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return call_.implementation(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    auto operand = operands_.begin();
    for (const void* address : in) (operand++)->second = address;
    for (void* address : out) (operand++)->second = address;
    for (const size_t offset : memory_) (operand++)->second = scratchAt(scratch, offset);
    call_.run(operands_, scratchAt(scratch, workspace_));
  }

 private:
  cudnn::Call call_;
  float scale_, one_ = 1, unseen_ = -std::numeric_limits<float>::infinity();
  ScratchPlan plan_;
  size_t workspace_ = 0;
  std::vector<size_t> memory_;
  std::vector<cudnn::Operands::Address> operands_;
};

std::unique_ptr<Kernel> orNone(std::unique_ptr<FusedAttention> kernel) { return *kernel ? std::move(kernel) : nullptr; }

}  // namespace

std::unique_ptr<Kernel> fusedAttention(const KernelArgs& args) {
  const AttentionShape shape(args);
  if (!isFusable(args, shape)) return nullptr;
  const AttentionGraph a = attentionGraph(shape, args.inputs[0].dtype);
  return orNone(std::make_unique<FusedAttention>(args, shape, a, std::initializer_list{a.q, a.k, a.v},
                                                 std::initializer_list{a.y, a.sums}));
}

std::unique_ptr<Kernel> fusedAttentionGrad(const KernelArgs& args) {
  const AttentionShape shape(args);
  if (!isFusable(args, shape)) return nullptr;
  const bool isDeterministic = args.device->isDeterministic();
  // Engines don't note what is not deterministic here; that this form of the graph is, NVIDIA says of Hopper only.
  if (isDeterministic && args.device->capability() / 10 != 9) return nullptr;
  const AttentionGraph a = attentionGradGraph(shape, args.inputs[0].dtype, isDeterministic);
  return orNone(std::make_unique<FusedAttention>(args, shape, a,
                                                 std::initializer_list{a.q, a.k, a.v, a.y, a.sums, a.dy},
                                                 std::initializer_list{a.dq, a.dk, a.dv}));
}

}  // namespace hornet

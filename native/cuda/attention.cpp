// attention and attention_grad: by cuDNN where it has fused kernels, else by our own, for any float type and depth up
// to 256.
#include "attention.h"

#include "../attention_shape.h"
#include "../scratch.h"
#include "device.h"
#include "fused_attention.h"

namespace hornet {
namespace {

constexpr int kMostDepth = 256;

AttentionArgs argsOf(const AttentionShape& s) {
  AttentionArgs args{};
  args.batch = s.batch;
  args.queries = s.queries;
  args.keys = s.keys;
  args.heads = int(s.heads);
  args.kvHeads = int(s.kvHeads);
  args.depth = int(s.depth);
  args.isCausal = s.isCausal;
  args.scale = s.scale;
  return args;
}

DeviceKernel makeKernel(const KernelArgs& args, const char* name, int64_t depth) {
  if (depth > kMostDepth) {
    throw Error(args.op, "the cuda backend takes heads of at most " + std::to_string(kMostDepth) +
                             " dimensions, received " + std::to_string(depth));
  }
  const DType dtype = args.inputs[0].dtype;
  int padded = 32;
  while (padded < depth) padded *= 2;
  return DeviceKernel(*args.device, "attention.cu",
                      instantiate(name, {deviceType(dtype), deviceComputeType(dtype), std::to_string(padded)}),
                      32 * kAttentionRows);
}

unsigned blocksOf(int64_t batch, int64_t heads, int64_t rows) {
  return unsigned(batch * heads * ((rows + kAttentionRows - 1) / kAttentionRows));
}

class Attention : public Kernel {
 public:
  explicit Attention(const KernelArgs& args) {
    const AttentionShape shape(args);
    args_ = argsOf(shape);
    blocks_ = blocksOf(shape.batch, shape.heads, shape.queries);
    if (blocks_ > 0 && shape.depth > 0) kernel_ = makeKernel(args, "attention", shape.depth);
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    args_.q = in[0];
    args_.k = in[1];
    args_.v = in[2];
    args_.y = out[0];
    args_.sums = out[1];
    kernel_.launch({blocks_}, args_);
  }

 private:
  AttentionArgs args_;
  unsigned blocks_;
  DeviceKernel kernel_;
};

class AttentionGrad : public Kernel {
 public:
  explicit AttentionGrad(const KernelArgs& args) {
    const AttentionShape shape(args);
    args_ = argsOf(shape);
    along_ = plan_.reserve(args.inputs[4].bytes());
    queryBlocks_ = blocksOf(shape.batch, shape.heads, shape.queries);
    keyBlocks_ = blocksOf(shape.batch, shape.kvHeads, shape.keys);
    if (shape.depth == 0) return;
    if (queryBlocks_ > 0) queries_ = makeKernel(args, "attentionQueryGrad", shape.depth);
    if (keyBlocks_ > 0) keys_ = makeKernel(args, "attentionKeyGrad", shape.depth);
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return queries_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    args_.q = in[0];
    args_.k = in[1];
    args_.v = in[2];
    args_.y = const_cast<void*>(in[3]);
    args_.sums = const_cast<void*>(in[4]);
    args_.dy = in[5];
    args_.dq = out[0];
    args_.dk = out[1];
    args_.dv = out[2];
    args_.along = scratchAt(scratch, along_);
    if (queries_) queries_.launch({queryBlocks_}, args_);
    if (keys_) keys_.launch({keyBlocks_}, args_);
  }

 private:
  AttentionArgs args_;
  ScratchPlan plan_;
  size_t along_ = 0;
  unsigned queryBlocks_ = 0, keyBlocks_ = 0;
  DeviceKernel queries_, keys_;
};

template <class K, std::unique_ptr<Kernel> (*fused)(const KernelArgs&)>
std::unique_ptr<Kernel> make(const KernelArgs& args) {
  if (auto kernel = fused(args)) return kernel;
  return std::make_unique<K>(args);
}

REGISTER_KERNEL("attention", (make<Attention, fusedAttention>));
REGISTER_KERNEL("attention_grad", (make<AttentionGrad, fusedAttentionGrad>));

}  // namespace
}  // namespace hornet

// batch_norm, layer_norm and their gradients, by kernels of our own: they are bound by memory, and read it once where
// a block holds what it needs, else once for the sums and once for the results.
#include "norm.h"

#include <algorithm>

#include "../kernel.h"
#include "../scratch.h"
#include "rows.h"

namespace hornet {
namespace {

int64_t widthOf(const TensorSpec& x) { return x.shape.back(); }
int64_t rowsOf(const TensorSpec& x) { return widthOf(x) > 0 ? x.numel() / widthOf(x) : 0; }
size_t computeBytes(const TensorSpec& x) { return x.dtype == DType::float64 ? 8 : 4; }

/// Names of the types of data, parameters, statistics, and of what computes; of each kind there is one.
struct NormTypes {
  std::string data, parameters, statistics, compute;

  /// Inputs are data, then gamma and what else there is one of per channel or row.
  NormTypes(const KernelArgs& args, bool isGradient) {
    requireFloat(args);
    const auto& in = args.inputs;
    const auto& out = args.outputs;
    const size_t gamma = in.size() - (isGradient ? 3 : 2);
    data = common(args, {in[0], gamma > 1 ? in[1] : in[0], out[0]});
    parameters = isGradient ? common(args, {in[gamma], out[1], out[2]}) : common(args, {in[gamma], in[gamma + 1]});
    statistics = isGradient ? common(args, {in[gamma + 1], in[gamma + 2]}) : common(args, {out[1], out[2]});
    compute = deviceComputeType(in[0].dtype);
  }

 private:
  static const char* common(const KernelArgs& args, const std::vector<TensorSpec>& specs) {
    for (const TensorSpec& spec : specs) {
      if (spec.dtype != specs[0].dtype) throw Error(args.op, "operands of one kind have different dtypes");
    }
    return deviceType(specs[0].dtype);
  }
};

void bind(BatchNormArgs& args, std::span<const void* const> in, std::span<void* const> out) {
  const bool adds = in.size() > 3;
  args.x = in[0];
  args.addend = adds ? in[1] : nullptr;
  args.gamma = in[adds ? 2 : 1];
  args.beta = in[adds ? 3 : 2];
  args.y = out[0];
  args.mean = out[1];
  args.variance = out[2];
}

void bind(BatchNormGradArgs& args, std::span<const void* const> in, std::span<void* const> out) {
  args.x = in[0];
  args.dy = in[1];
  args.gamma = in[2];
  args.mean = in[3];
  args.variance = in[4];
  args.dx = out[0];
  args.dgamma = out[1];
  args.dbeta = out[2];
}

/// Normalization over the rows of each channel. Few rows: one block per tile of channels does all. Many: blocks gather
/// partial results of slices, a second kernel merges them, a third applies what follows from them.
template <class Args>
class ChannelNorm : public Kernel {
 public:
  /// `name` begins the names of the kernels.
  ChannelNorm(const KernelArgs& args, const std::string& name, const NormTypes& types) {
    const TensorSpec& x = args.inputs[0];
    const int64_t width = widthOf(x), rows = rowsOf(x);
    args_.shape = {rows, width, 1, 1};
    args_.epsilon = args.attrs.number("epsilon");
    if constexpr (std::is_same_v<Args, BatchNormArgs>) {
      args_.rectifies = args.attrs.string("activation", "linear") == "relu";
    }
    if (width == 0) return;

    Device& device = *args.device;
    const int pack = packFor(sizeOf(x.dtype), width);
    int& columns = args_.shape.columns;
    while (columns < kNormMostColumns && columns < width / pack) columns *= 2;
    tiles_ = blocksFor(width / pack, columns, INT32_MAX);
    // Rows that a block reads at once.
    const int64_t step = int64_t(kThreads / columns) * 4;
    const auto slices = [&](int64_t perMultiprocessor) {
      const int64_t enough = perMultiprocessor * device.multiprocessors() / tiles_;
      return unsigned(std::clamp<int64_t>(std::min(enough, rows / step), 1, 1024));
    };
    const auto& [t, p, s, c] = types;
    const std::string packText = std::to_string(pack);
    const auto kernel = [&](const char* part, const std::vector<std::string>& arguments) {
      return DeviceKernel(device, "batch_norm.cu", instantiate(name + part, arguments));
    };
    if (rows <= step * 8) {
      whole_ = kernel("Whole", {t, p, s, c, packText});
      return;
    }
    args_.shape.slices = int(slices(4));
    applySlices_ = slices(16);
    gather_ = kernel("Gather", {t, p, s, c, packText});
    merge_ = kernel("Merge", {p, s, c});
    apply_ = kernel("Apply", {t, c, packText});
    const size_t bytes = size_t(width) * computeBytes(x);
    partial_ = plan_.reserve(size_t(args_.shape.slices) * 2 * bytes);
    factors_ = plan_.reserve(4 * bytes);
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return whole_ ? whole_.name() : gather_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    bind(args_, in, out);
    if (whole_) return whole_.launch({tiles_}, args_);
    if (!gather_) return;
    args_.partial = scratchAt(scratch, partial_);
    args_.factors = scratchAt(scratch, factors_);
    gather_.launch({tiles_, unsigned(args_.shape.slices)}, args_);
    merge_.launch({blocksFor(args_.shape.width, kNormMergeColumns, INT32_MAX)}, args_);
    apply_.launch({tiles_, applySlices_}, args_);
  }

 private:
  Args args_{};
  unsigned tiles_ = 0, applySlices_ = 1;
  DeviceKernel whole_, gather_, merge_, apply_;
  ScratchPlan plan_;
  size_t partial_ = 0, factors_ = 0;
};

class LayerNorm : public Kernel {
 public:
  explicit LayerNorm(const KernelArgs& args) {
    const TensorSpec& x = args.inputs[0];
    const int64_t width = widthOf(x), rows = rowsOf(x);
    args_.rows = rows;
    args_.width = width;
    args_.epsilon = args.attrs.number("epsilon");
    const auto [t, p, s, c] = NormTypes(args, false);
    if (rows == 0) return;
    const RowPlan plan(sizeOf(x.dtype), width);
    std::vector<std::string> types{t, p, s, c};
    plan.appendTo(types);
    kernel_ = DeviceKernel(*args.device, "layer_norm.cu", instantiate("layerNorm", types));
    blocks_ = plan.blocks(rows);
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    args_.x = in[0];
    args_.gamma = in[1];
    args_.beta = in[2];
    args_.y = out[0];
    args_.mean = out[1];
    args_.rstd = out[2];
    kernel_.launch({blocks_}, args_);
  }

 private:
  LayerNormArgs args_{};
  DeviceKernel kernel_;
  unsigned blocks_ = 0;
};

class LayerNormGrad : public Kernel {
 public:
  explicit LayerNormGrad(const KernelArgs& args) {
    const TensorSpec& x = args.inputs[0];
    const int64_t width = widthOf(x), rows = rowsOf(x);
    args_.rows = rows;
    args_.width = sums_.width = width;
    const auto [t, p, s, c] = NormTypes(args, true);
    if (width == 0) return;
    const RowPlan plan(sizeOf(x.dtype), width);
    std::vector<std::string> types{t, p, s, c};
    plan.appendTo(types);
    kernel_ = DeviceKernel(*args.device, "layer_norm.cu", instantiate("layerNormGrad", types));
    blocks_ = plan.blocks(rows, 2 * args.device->multiprocessors());
    if (blocks_ == 1 && plan.holds(width)) return;
    sums_.slices = int(blocks_);
    sumsKernel_ = DeviceKernel(*args.device, "layer_norm.cu", instantiate("layerNormSums", {p, c}));
    scratchBytes_ = size_t(blocks_) * 2 * size_t(width) * computeBytes(x);
  }

  size_t scratchBytes() const override { return scratchBytes_; }
  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (!kernel_) return;
    args_.x = in[0];
    args_.dy = in[1];
    args_.gamma = in[2];
    args_.mean = in[3];
    args_.rstd = in[4];
    args_.dx = out[0];
    args_.dgamma = sums_.dgamma = out[1];
    args_.dbeta = sums_.dbeta = out[2];
    args_.partial = sumsKernel_ ? scratch : nullptr;
    sums_.partial = scratch;
    kernel_.launch({blocks_}, args_);
    if (sumsKernel_) sumsKernel_.launch({blocksFor(args_.width, kNormMergeColumns, INT32_MAX)}, sums_);
  }

 private:
  LayerNormGradArgs args_{};
  LayerNormSumsArgs sums_{};
  DeviceKernel kernel_, sumsKernel_;
  unsigned blocks_ = 0;
  size_t scratchBytes_ = 0;
};

std::unique_ptr<Kernel> makeBatchNorm(const KernelArgs& args) {
  return std::make_unique<ChannelNorm<BatchNormArgs>>(args, "batchNorm", NormTypes(args, false));
}
std::unique_ptr<Kernel> makeBatchNormGrad(const KernelArgs& args) {
  return std::make_unique<ChannelNorm<BatchNormGradArgs>>(args, "batchNormGrad", NormTypes(args, true));
}
std::unique_ptr<Kernel> makeLayerNorm(const KernelArgs& args) { return std::make_unique<LayerNorm>(args); }
std::unique_ptr<Kernel> makeLayerNormGrad(const KernelArgs& args) { return std::make_unique<LayerNormGrad>(args); }

REGISTER_KERNEL("batch_norm", makeBatchNorm);
REGISTER_KERNEL("batch_norm_grad", makeBatchNormGrad);
REGISTER_KERNEL("layer_norm", makeLayerNorm);
REGISTER_KERNEL("layer_norm_grad", makeLayerNormGrad);

}  // namespace
}  // namespace hornet

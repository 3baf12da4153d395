// reduce_sum, reduce_max, reduce_min, reduce_prod over any axes: which kernels fold, and how many blocks.
#include "reduce.h"

#include <algorithm>
#include <bit>

namespace hornet {

namespace {

constexpr int64_t kShortRow = 128;       // packs that a warp folds even when there are few rows
constexpr int64_t kLongestShort = 512;   // packs that a warp folds when there are many rows
constexpr int64_t kShortColumn = 64;     // values that a thread folds alone in any case
constexpr int64_t kNarrowBytes = 64;     // rows below that are not read well by threads that fold alone …
constexpr int64_t kCachedBytes = 8192;   // … unless all of them stay in the cache
constexpr int64_t kPacksOfAThread = 16;  // at least so many before a fold is divided among blocks
constexpr int64_t kBlocksPerProcessor = 8;

int64_t packOf(int64_t size, int64_t itemBytes) {
  int64_t pack = std::clamp<int64_t>(16 / itemBytes, 1, 8);
  while (size % pack != 0) pack /= 2;
  return pack;
}

Places placesOf(const Dims& shape, const Dims& strides) {
  Places places{};
  if (shape.size() > std::size(places.shape)) throw Error("reduce", "more than 32 dimensions");
  places.rank = int32_t(shape.size());
  std::ranges::copy(shape, places.shape);
  std::ranges::copy(strides, places.strides);
  return places;
}

const char* boolName(bool value) { return value ? "true" : "false"; }

}  // namespace

Reduction::Reduction(Device& device, const ReducePlan& plan, int64_t itemBytes, const std::string& fold,
                     int64_t partialBytes, const std::string& secondFold) {
  args_.keptPlaces = placesOf(plan.keptShape, plan.keptStrides);
  args_.reducedPlaces = placesOf(plan.reducedShape, plan.reducedStrides);
  args_.kept = plan.kept;
  args_.reduced = plan.reduced;
  args_.rows = plan.rows;
  args_.columns = plan.columns;
  args_.splits = 1;
  const int64_t outputs = plan.kept * plan.columns;
  if (outputs == 0) return;
  if (plan.columns == 1 && plan.reduced * plan.rows > 0)
    planRows(device, itemBytes, fold, !secondFold.empty());
  else
    planColumns(device, itemBytes, fold, !secondFold.empty());
  if (args_.splits > 1) {
    scratchBytes_ = size_t(args_.splits * outputs * partialBytes);
    second_ = std::make_unique<Reduction>(device, ReducePlan({args_.splits, outputs}, {0}), partialBytes, secondFold,
                                          partialBytes, "");
  }
}

void Reduction::planRows(Device& device, int64_t itemBytes, const std::string& fold, bool maySplit) {
  const int64_t length = args_.reduced * args_.rows, processors = device.multiprocessors();
  int64_t pack = packOf(args_.rows, itemBytes);
  if (args_.kept == 1 && args_.reduced == 1 && length > 4 * kShortRow) {
    pack = packOf(0, itemBytes);
    args_.tail = length % pack;
  }
  const int64_t packs = length / pack;
  std::vector<std::string> arguments{fold, boolName(args_.reduced > 1), std::to_string(pack)};
  if (args_.tail == 0 && packs <= (args_.kept >= kBlocksPerProcessor * processors ? kLongestShort : kShortRow)) {
    const int64_t lanes = std::min<int64_t>(32, int64_t(std::bit_ceil(uint64_t(packs + 1) / 2)));
    arguments.push_back(std::to_string(lanes));
    kernel_ = DeviceKernel(device, "reduce.cu", instantiate("reduceShortRows", arguments));
    blocks_ = blocksFor(args_.kept * lanes);
    return;
  }
  if (maySplit) {
    args_.splits = std::clamp<int64_t>(kBlocksPerProcessor * processors / args_.kept, 1,
                                       std::max<int64_t>(1, packs / (kThreads * kPacksOfAThread)));
  }
  kernel_ = DeviceKernel(device, "reduce.cu", instantiate("reduceLongRows", arguments));
  blocks_ = unsigned(args_.kept * args_.splits);
}

void Reduction::planColumns(Device& device, int64_t itemBytes, const std::string& fold, bool maySplit) {
  const int64_t pack = packOf(args_.columns, itemBytes), packs = args_.columns / pack;
  const int64_t length = args_.reduced * args_.rows, rowBytes = args_.columns * itemBytes;
  const int64_t processors = device.multiprocessors();
  std::vector<std::string> arguments{fold, boolName(args_.reduced > 1), std::to_string(pack)};
  const bool areMany = args_.kept * packs >= 2 * kThreads * processors;
  if (length <= kShortColumn || (areMany && (rowBytes >= kNarrowBytes || length * rowBytes <= kCachedBytes))) {
    kernel_ = DeviceKernel(device, "reduce.cu", instantiate("reduceShortColumns", arguments));
    blocks_ = blocksFor(args_.kept * packs);
    return;
  }
  const int64_t width = std::min<int64_t>(32, int64_t(std::bit_ceil(uint64_t(packs))));
  const int64_t blocks = args_.kept * ((packs + width - 1) / width);
  if (maySplit) {
    args_.splits = std::clamp<int64_t>(kBlocksPerProcessor * processors / blocks, 1,
                                       std::max<int64_t>(1, length / (kThreads / width * kPacksOfAThread)));
  }
  arguments.push_back(std::to_string(width));
  kernel_ = DeviceKernel(device, "reduce.cu", instantiate("reduceColumns", arguments));
  blocks_ = unsigned(blocks * args_.splits);
}

std::string Reduction::implementation() const {
  return second_ ? kernel_.name() + ", " + second_->implementation() : kernel_.name();
}

void Reduction::run(const void* x, void* y, void* scratch) const {
  if (blocks_ == 0) return;
  ReduceArgs args = args_;
  args.x = x;
  args.y = y;
  args.partials = second_ ? scratch : nullptr;
  kernel_.launch({blocks_}, args);
  if (second_) second_->run(scratch, y, nullptr);
}

namespace {

class Reduce : public Kernel {
 public:
  Reduce(const KernelArgs& args, const char* op)
      : reduction_(*args.device, ReducePlan(args.inputs[0].shape, args.attrs.integers("axes")),
                   int64_t(sizeOf(args.inputs[0].dtype)), fold(args, op),
                   args.inputs[0].dtype == DType::boolean ? 4 : 8, "FoldPartials<" + fold(args, op) + ">") {}

  size_t scratchBytes() const override { return reduction_.scratchBytes(); }
  std::string implementation() const override { return reduction_.implementation(); }
  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    reduction_.run(in[0], out[0], scratch);
  }

 private:
  static std::string fold(const KernelArgs& args, const char* op) {
    return instantiate("FoldValues", {deviceType(args.inputs[0].dtype), deviceType(args.outputs[0].dtype), op});
  }

  Reduction reduction_;
};

std::unique_ptr<Kernel> makeSum(const KernelArgs& args) { return std::make_unique<Reduce>(args, "Sum"); }
std::unique_ptr<Kernel> makeProduct(const KernelArgs& args) { return std::make_unique<Reduce>(args, "Product"); }
std::unique_ptr<Kernel> makeMaximum(const KernelArgs& args) { return std::make_unique<Reduce>(args, "Maximum"); }
std::unique_ptr<Kernel> makeMinimum(const KernelArgs& args) { return std::make_unique<Reduce>(args, "Minimum"); }

}  // namespace

REGISTER_KERNEL("reduce_sum", makeSum);
REGISTER_KERNEL("reduce_prod", makeProduct);
REGISTER_KERNEL("reduce_max", makeMaximum);
REGISTER_KERNEL("reduce_min", makeMinimum);

}  // namespace hornet

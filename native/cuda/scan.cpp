// cumsum, cumprod, cummax, cummin along one axis, forwards or in reverse: who scans what, in how many parts.
#include "scan.h"

#include <algorithm>

#include "../dispatch.h"
#include "../strides.h"
#include "device.h"

namespace hornet {

namespace {

constexpr int64_t kShortRow = 16;   // rows that a thread scans
constexpr int64_t kWarpRow = 1024;  // rows that a warp scans
constexpr int64_t kShortPart = 64;  // positions below which a column is not divided further
constexpr int64_t kTile = kThreads * kScanItems;
constexpr int64_t kBlocksPerProcessor = 8;

class Scan : public Kernel {
 public:
  Scan(const KernelArgs& args, const char* op) {
    const AxisView view(args.inputs[0].shape, args.attrs.integer("axis"));
    args_.outer = view.outer;
    args_.length = view.length;
    args_.inner = view.inner;
    args_.isReversed = args.attrs.flag("reverse");
    const int64_t columns = view.outer * view.inner;
    if (columns * view.length == 0) return;
    const int64_t blocks = kBlocksPerProcessor * args.device->multiprocessors();
    const bool isRow = view.inner == 1 && view.length > kShortRow;
    const int64_t units = isRow ? columns : (columns + kThreads - 1) / kThreads;  // blocks without parts
    const int64_t least = isRow ? 2 * kTile : kShortPart;
    args_.parts = std::clamp<int64_t>(blocks / units, 1, std::max<int64_t>(1, view.length / least));
    const int64_t step = isRow ? kTile : 1;
    args_.partLength = ((view.length + args_.parts - 1) / args_.parts + step - 1) / step * step;
    args_.parts = (view.length + args_.partLength - 1) / args_.partLength;

    Device& device = *args.device;
    const std::string in = deviceType(args.inputs[0].dtype), out = deviceType(args.outputs[0].dtype);
    const auto kernel = [&](const char* name, const std::vector<std::string>& arguments) {
      return DeviceKernel(device, "scan.cu", instantiate(name, arguments));
    };
    if (!isRow)
      scan_ = kernel("scanColumns", {in, out, op});
    else
      scan_ = kernel("scanRows", {in, out, op, view.length <= kWarpRow ? "32" : "256"});
    blocks_ = blocksFor(columns * args_.parts * (!isRow ? 1 : view.length <= kWarpRow ? 32 : kThreads));
    if (args_.parts == 1) return;
    const DType sum = sumOf(args.inputs[0].dtype);
    scratchBytes_ = size_t(columns * args_.parts) * sizeOf(sum);
    totals_ = kernel(isRow ? "scanRowTotals" : "scanColumnTotals", {in, op});
    totalsBlocks_ = isRow ? unsigned(columns * args_.parts) : blocks_;
    starts_ = kernel("scanRows", {deviceType(sum), deviceType(sum), op, "256"});
    startsArgs_ = {.x = nullptr,
                   .y = nullptr,
                   .totals = nullptr,
                   .outer = columns,
                   .length = args_.parts,
                   .inner = 1,
                   .parts = 1,
                   .partLength = args_.parts,
                   .isReversed = false};
  }

  size_t scratchBytes() const override { return scratchBytes_; }
  std::string implementation() const override { return scan_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (blocks_ == 0) return;
    args_.x = in[0];
    args_.y = out[0];
    args_.totals = args_.parts > 1 ? scratch : nullptr;
    if (args_.parts > 1) {
      totals_.launch({totalsBlocks_}, args_);
      startsArgs_.x = startsArgs_.y = scratch;
      starts_.launch({blocksFor(startsArgs_.outer * kThreads)}, startsArgs_);
    }
    scan_.launch({blocks_}, args_);
  }

 private:
  /// The type in which long scans of a dtype are gathered.
  static DType sumOf(DType dtype) {
    switch (domainOf(dtype)) {
      case Domain::boolean:
        return DType::int32;
      case Domain::integer:
        return DType::int64;
      default:
        return DType::float64;
    }
  }

  ScanArgs args_{}, startsArgs_{};
  DeviceKernel totals_, starts_, scan_;
  unsigned blocks_ = 0, totalsBlocks_ = 0;
  size_t scratchBytes_ = 0;
};

std::unique_ptr<Kernel> makeSum(const KernelArgs& args) { return std::make_unique<Scan>(args, "Sum"); }
std::unique_ptr<Kernel> makeProduct(const KernelArgs& args) { return std::make_unique<Scan>(args, "Product"); }
std::unique_ptr<Kernel> makeMaximum(const KernelArgs& args) { return std::make_unique<Scan>(args, "Maximum"); }
std::unique_ptr<Kernel> makeMinimum(const KernelArgs& args) { return std::make_unique<Scan>(args, "Minimum"); }

}  // namespace

REGISTER_KERNEL("cumsum", makeSum);
REGISTER_KERNEL("cumprod", makeProduct);
REGISTER_KERNEL("cummax", makeMaximum);
REGISTER_KERNEL("cummin", makeMinimum);

}  // namespace hornet

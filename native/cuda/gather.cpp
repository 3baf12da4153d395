// gather and gather_nd: rows picked by indices. Scatters are in scatter.cpp.
#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "row_lookup.h"

namespace hornet {

RowLookup makeLookup(const KernelArgs& args, const RowIndex& index) {
  if (index.depth > kCopyRank) throw Error(args.op, "more than 32 dimensions");
  Faults& faults = args.device->faults();
  RowLookup lookup{};
  lookup.count = index.count;
  lookup.depth = int32_t(index.depth);
  lookup.isLong = index.dtype == DType::int64;
  lookup.faults = faults.record();
  std::ranges::copy(index.sizes, lookup.sizes);
  for (int64_t k = 0; k < index.depth; k++) {
    lookup.sites[k] = faults.addSite(args.op, [index, k](int64_t number) { return index.outOfBounds(k, number); });
  }
  return lookup;
}

namespace {

class Gather : public Kernel {
 public:
  Gather(const KernelArgs& args, const RowIndex& index) : lookup_(makeLookup(args, index)) {
    if (index.count == 0) return;
    const int64_t rowBytes = index.inner * int64_t(sizeOf(args.inputs[0].dtype)), bytes = rowItemBytes(rowBytes);
    const int64_t inner = rowBytes / bytes, count = index.outer * index.count * inner;
    const bool isEmpty = count == 0 || index.rows == 0;
    // State must not be written before all indices are known to be good.
    if (isEmpty || args.writesState) check_.emplace(*args.device);
    if (isEmpty) return;
    blocks_ = copyBlocks(count);
    withIndex(count, [&](auto number, const char* type) {
      using Index = decltype(number);
      args_ = GatherArgs<Index>{
          lookup_,   nullptr, nullptr, guardOf(args), Index(count), radixOf<Index>(inner), radixOf<Index>(index.count),
          index.rows};
      kernel_ = DeviceKernel(*args.device, "gather.cu", instantiate("gatherRows", {itemType(bytes), type}));
    });
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (check_) {
      lookup_.numbers = in[1];
      check_->run(lookup_);
    }
    if (!kernel_) return;
    std::visit(
        [&](auto& args) {
          args.lookup.numbers = in[1];
          args.from = in[0];
          args.to = out[0];
          kernel_.launch({blocks_}, args);
        },
        args_);
  }

 private:
  RowLookup lookup_;
  std::optional<RowCheck> check_;
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::variant<GatherArgs<uint32_t>, GatherArgs<uint64_t>> args_;
};

std::unique_ptr<Kernel> makeGather(const KernelArgs& args) {
  return std::make_unique<Gather>(args, RowIndex::alongAxis(args, args.inputs[1]));
}

std::unique_ptr<Kernel> makeGatherNd(const KernelArgs& args) {
  return std::make_unique<Gather>(args, RowIndex::tuples(args, args.inputs[1]));
}

}  // namespace

REGISTER_KERNEL("gather", makeGather);
REGISTER_KERNEL("gather_nd", makeGatherNd);

}  // namespace hornet

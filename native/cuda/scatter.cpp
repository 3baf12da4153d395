// scatter_add and scatter_nd: rows updated by indices. Gathers are in gather.cpp.
#include "scatter.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>
#include <variant>

#include "radix_sort.h"
#include "row_lookup.h"

namespace hornet {

namespace {

/// The indices of a scatter, ordered by the rows that they name.
class RowOrder {
 public:
  RowOrder(const KernelArgs& args, const RowIndex& index, ScratchPlan& plan)
      : lookup_(makeLookup(args, index)), isFew_(index.count <= kFewIndices) {
    if (index.count >= int64_t(1) << 31) throw Error(args.op, "more than 2147483647 indices");
    const int bits = std::bit_width(uint64_t(index.rows) - 1), keyBytes = bits > 32 ? 8 : 4;
    keyType_ = keyBytes == 8 ? "uint64_t" : "uint32_t";
    kernel_ = DeviceKernel(*args.device, "scatter.cu", instantiate(isFew_ ? "rankRows" : "resolveRows", {keyType_}));
    keysAt_ = plan.reserve(size_t(index.count) * size_t(keyBytes));
    orderAt_ = plan.reserve(size_t(index.count) * sizeof(int32_t));
    if (isFew_) return;
    spareAt_ = plan.reserve(size_t(index.count) * size_t(keyBytes));
    sort_ = RadixSort(*args.device, 1, index.count, keyBytes, bits);
    sortAt_ = plan.reserve(sort_.scratchBytes());
  }

  const std::string& keyType() const { return keyType_; }
  const int32_t* order(void* scratch) const { return scratchAt<int32_t>(scratch, orderAt_); }

  /// Enqueues the ordering and returns where the keys will be.
  const void* run(const void* indices, void* scratch) const {
    void* keys = scratchAt(scratch, keysAt_);
    int32_t* order = scratchAt<int32_t>(scratch, orderAt_);
    RowOrderArgs args{lookup_, keys, order};
    args.lookup.numbers = indices;
    kernel_.launch({blocksFor(lookup_.count)}, args);
    return isFew_ ? keys : sort_.run(keys, scratchAt(scratch, spareAt_), order, scratchAt(scratch, sortAt_));
  }

 private:
  RowLookup lookup_;
  bool isFew_;
  std::string keyType_;
  DeviceKernel kernel_;
  RadixSort sort_;
  size_t keysAt_ = 0, orderAt_ = 0, spareAt_ = 0, sortAt_ = 0;
};

StridedCopy wholeCopy(const KernelArgs& args) {
  const TensorSpec& spec = args.outputs[0];
  const Dims strides = rowMajorStrides(spec.shape);
  return {*args.device, sizeOf(spec.dtype), spec.shape, strides, strides, 0, 0, guardOf(args)};
}

/// Combines updates with x. A chunk of the ordered updates is combined by one thread per pack of a row.
class Combine : public Kernel {
 public:
  Combine(const KernelArgs& args, const RowIndex& index, const std::string& op)
      : whole_(wholeCopy(args)), order_(args, index, plan_) {
    const DType dtype = args.outputs[0].dtype;
    const int64_t pack = index.inner % 4 == 0 ? 4 : 1;
    args_.guard = guardOf(args);
    args_.outer = index.outer;
    args_.count = index.count;
    args_.inner = index.inner / pack;
    args_.rows = index.rows;
    // A row that has all updates is the work of count / chunk threads, and then of one.
    args_.chunk = 16;
    while (args_.chunk < 256 && 16 * args_.chunk * args_.chunk <= index.count) args_.chunk *= 2;
    args_.chunks = (index.count + args_.chunk - 1) / args_.chunk;
    const std::string type = deviceType(dtype);
    const std::vector<std::string> arguments = {type, op, std::to_string(pack), order_.keyType()};
    combine_ = DeviceKernel(*args.device, "scatter.cu", instantiate("scatterChunks", arguments));
    const int64_t threads = args_.outer * args_.chunks * args_.inner;
    blocks_ = blocksFor(threads, kThreads, (int64_t(1) << 31) - 1);
    if (args_.chunks == 1) return;
    join_ = DeviceKernel(*args.device, "scatter.cu", instantiate("joinChunks", arguments));
    const size_t bytes = size_t(threads * pack) * (dtype == DType::float64 || dtype == DType::int64 ? 8 : 4);
    headsAt_ = plan_.reserve(bytes);
    tailsAt_ = plan_.reserve(bytes);
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    ScatterArgs args = args_;
    // First, so that state is not written when an index is out of bounds.
    args.keys = order_.run(in[1], scratch);
    args.order = order_.order(scratch);
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
    args.updates = in[2];
    args.to = out[0];
    args.heads = scratchAt(scratch, headsAt_);
    args.tails = scratchAt(scratch, tailsAt_);
    combine_.launch({blocks_}, args);
    if (join_) join_.launch({blocks_}, args);
  }

 private:
  ScratchPlan plan_;
  StridedCopy whole_;
  RowOrder order_;
  ScatterArgs args_{};
  DeviceKernel combine_, join_;
  unsigned blocks_ = 1;
  size_t headsAt_ = 0, tailsAt_ = 0;
};

/// Replaces rows of x by updates, the last of each row.
class Replace : public Kernel {
 public:
  Replace(const KernelArgs& args, const RowIndex& index) : whole_(wholeCopy(args)), order_(args, index, plan_) {
    const int64_t rowBytes = index.inner * int64_t(sizeOf(args.outputs[0].dtype)), bytes = rowItemBytes(rowBytes);
    const int64_t inner = rowBytes / bytes, count = index.outer * index.count * inner;
    blocks_ = blocksFor(count);
    withIndex(count, [&](auto number, const char* type) {
      using Index = decltype(number);
      ReplaceArgs<Index> all{};
      all.guard = guardOf(args);
      all.count = Index(count);
      all.inner = radixOf<Index>(inner);
      all.places = radixOf<Index>(index.count);
      all.rows = index.rows;
      args_ = all;
      kernel_ = DeviceKernel(*args.device, "scatter.cu",
                             instantiate("replaceRows", {itemType(bytes), order_.keyType(), type}));
    });
  }

  size_t scratchBytes() const override { return plan_.bytes(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const void* keys = order_.run(in[1], scratch);
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
    std::visit(
        [&](auto args) {
          args.updates = in[2];
          args.to = out[0];
          args.keys = keys;
          args.order = order_.order(scratch);
          kernel_.launch({blocks_}, args);
        },
        args_);
  }

 private:
  ScratchPlan plan_;
  StridedCopy whole_;
  RowOrder order_;
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::variant<ReplaceArgs<uint32_t>, ReplaceArgs<uint64_t>> args_;
};

/// Adds float32 updates to x in no order.
class AddAtOnce : public Kernel {
 public:
  AddAtOnce(const KernelArgs& args, const RowIndex& index) : whole_(wholeCopy(args)), lookup_(makeLookup(args, index)) {
    if (args.writesState) check_.emplace(*args.device);
    const int64_t count = index.outer * index.count * index.inner;
    blocks_ = blocksFor(count);
    withIndex(count, [&](auto number, const char* type) {
      using Index = decltype(number);
      AddAtOnceArgs<Index> all{};
      all.lookup = lookup_;
      all.guard = guardOf(args);
      all.count = Index(count);
      all.inner = radixOf<Index>(index.inner);
      all.indices = radixOf<Index>(index.count);
      all.rows = index.rows;
      args_ = all;
      kernel_ = DeviceKernel(*args.device, "scatter.cu", instantiate("addAtOnce", {type}));
    });
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    lookup_.numbers = in[1];
    if (check_) check_->run(lookup_);
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
    std::visit(
        [&](auto& args) {
          args.lookup.numbers = in[1];
          args.updates = static_cast<const float*>(in[2]);
          args.to = static_cast<float*>(out[0]);
          kernel_.launch({blocks_}, args);
        },
        args_);
  }

 private:
  StridedCopy whole_;
  RowLookup lookup_;
  std::optional<RowCheck> check_;
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::variant<AddAtOnceArgs<uint32_t>, AddAtOnceArgs<uint64_t>> args_;
};

/// A scatter without updates or without rows to go to: x as it is, once the indices are known to be good.
class NoUpdates : public Kernel {
 public:
  NoUpdates(const KernelArgs& args, const RowIndex& index) : whole_(wholeCopy(args)), lookup_(makeLookup(args, index)) {
    if (index.count > 0) check_.emplace(*args.device);
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    lookup_.numbers = in[1];
    if (check_) check_->run(lookup_);
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
  }

 private:
  StridedCopy whole_;
  RowLookup lookup_;
  std::optional<RowCheck> check_;
};

/// Whether atomic additions beat an ordering of the indices: many indices of short rows that seldom meet.
bool isForAtomics(const KernelArgs& args, const RowIndex& index) {
  return args.outputs[0].dtype == DType::float32 && !args.device->isDeterministic() && index.count > 16 * kFewIndices &&
         index.inner <= 16 && index.rows >= index.count / 4;
}

std::unique_ptr<Kernel> makeScatter(const KernelArgs& args, const RowIndex& index, const std::string& mode) {
  if (index.outer * index.count * index.inner == 0 || index.rows == 0) return std::make_unique<NoUpdates>(args, index);
  if (mode == "set") return std::make_unique<Replace>(args, index);
  if (mode == "add") {
    if (isForAtomics(args, index)) return std::make_unique<AddAtOnce>(args, index);
    return std::make_unique<Combine>(args, index, "Sum");
  }
  if (mode == "max") return std::make_unique<Combine>(args, index, "Maximum");
  if (mode == "min") return std::make_unique<Combine>(args, index, "Minimum");
  if (mode == "mul") return std::make_unique<Combine>(args, index, "Product");
  throw Error(args.op, "expected mode to be add, set, max, min or mul, received " + mode);
}

std::unique_ptr<Kernel> makeScatterAdd(const KernelArgs& args) {
  return makeScatter(args, RowIndex::alongAxis(args, args.inputs[1]), "add");
}

std::unique_ptr<Kernel> makeScatterNd(const KernelArgs& args) {
  return makeScatter(args, RowIndex::tuples(args, args.inputs[1]), args.attrs.string("mode"));
}

}  // namespace

REGISTER_KERNEL("scatter_add", makeScatterAdd);
REGISTER_KERNEL("scatter_nd", makeScatterNd);

}  // namespace hornet

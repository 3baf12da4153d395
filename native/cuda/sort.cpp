// sort (stable, along any axis) and top_k (last axis), with indices. NaN comes last in either direction.
#include "sort.h"

#include <algorithm>
#include <bit>

#include "../dispatch.h"
#include "../scratch.h"
#include "../sort_key.h"
#include "../strides.h"
#include "device.h"
#include "radix_sort.h"

namespace hornet {

namespace {

constexpr int64_t kMostSelected = 512;        // best values that are selected rather than sorted out
constexpr int64_t kLeastPart = 8192;          // values of a row that are worth a block of their own
constexpr int64_t kBatch = int64_t(1) << 24;  // values whose rows are sorted together

struct KeyType {
  int bytes, bits;
};

KeyType keyOf(DType dtype) {
  return withStorageType(dtype, [](auto tag) {
    using T = typename decltype(tag)::Type;
    return KeyType{int(sizeof(SortKey<T>)), sortKeyBits<T>};
  });
}

SortArgs argsFor(const KernelArgs& args, int64_t axis, bool isDescending) {
  const AxisView view(args.inputs[0].shape, axis);
  if (view.length > INT32_MAX) throw Error(args.op, "more than 2147483647 values along the axis");
  SortArgs sort{};
  sort.rows = view.outer * view.inner;
  sort.length = view.length;
  sort.inner = view.inner;
  sort.kept = args.outputs[0].shape.at(size_t(axis));
  sort.isDescending = isDescending;
  return sort;
}

DeviceKernel kernelFor(const KernelArgs& args, const char* name) {
  return DeviceKernel(*args.device, "sort.cu", instantiate(name, {deviceType(args.inputs[0].dtype)}));
}

/// Rows that fit into the shared memory of a block.
class SortShort : public Kernel {
 public:
  SortShort(const KernelArgs& args, const SortArgs& sort) : args_(sort), kernel_(kernelFor(args, "sortRows")) {
    args_.width = int32_t(std::bit_ceil(uint64_t(sort.length)));
    const int64_t together = kSortSlots / args_.width;
    blocks_ = unsigned((sort.rows + together - 1) / together);
  }

  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    args_.x = in[0];
    args_.values = out[0];
    args_.indices = static_cast<int32_t*>(out[1]);
    kernel_.launch({blocks_}, args_);
  }

 private:
  SortArgs args_;
  DeviceKernel kernel_;
  unsigned blocks_;
};

/// Long rows, batch by batch.
class SortLong : public Kernel {
 public:
  SortLong(const KernelArgs& args, const SortArgs& sort)
      : args_(sort), keys_(kernelFor(args, "sortKeys")), results_(kernelFor(args, "sortResults")) {
    const KeyType key = keyOf(args.inputs[0].dtype);
    batch_ = std::clamp<int64_t>(kBatch / sort.length, 1, sort.rows);
    sort_ = RadixSort(*args.device, batch_, sort.length, key.bytes, key.bits, false);
    writesIndices_ = sort.inner == 1 && sort.kept == sort.length;
    const size_t count = size_t(batch_ * sort.length);
    keysAt_ = plan_.reserve(count * size_t(key.bytes));
    spareAt_ = plan_.reserve(count * size_t(key.bytes));
    if (!writesIndices_) positionsAt_ = plan_.reserve(count * sizeof(int32_t));
    sortAt_ = plan_.reserve(sort_.scratchBytes());
  }

  size_t scratchBytes() const override { return plan_.bytes(); }
  std::string implementation() const override { return "radix sort"; }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    SortArgs args = args_;
    args.x = in[0];
    args.values = out[0];
    args.indices = static_cast<int32_t*>(out[1]);
    args.keys = scratchAt(scratch, keysAt_);
    for (args.firstRow = 0; args.firstRow < args_.rows; args.firstRow += batch_) {
      args.rows = std::min(batch_, args_.rows - args.firstRow);
      int32_t* positions =
          writesIndices_ ? args.indices + args.firstRow * args.length : scratchAt<int32_t>(scratch, positionsAt_);
      args.positions = positions;
      keys_.launch({blocksOf(args.rows, args.length)}, args);
      sort_.run(args.keys, scratchAt(scratch, spareAt_), positions, scratchAt(scratch, sortAt_), args.rows);
      results_.launch({blocksOf(args.rows, args.kept)}, args);
    }
  }

 private:
  /// A block for 1024 values, as one place or as a square.
  unsigned blocksOf(int64_t rows, int64_t length) const {
    if (args_.inner == 1) return blocksFor(rows * length, 4 * kThreads);
    return blocksFor((rows + 31) / 32 * ((length + 31) / 32), 1);
  }

  SortArgs args_;
  DeviceKernel keys_, results_;
  RadixSort sort_;
  ScratchPlan plan_;
  int64_t batch_;
  bool writesIndices_;
  size_t keysAt_, spareAt_, positionsAt_ = 0, sortAt_;
};

/// The best few of long rows.
class Select : public Kernel {
 public:
  Select(const KernelArgs& args, const SortArgs& sort) : rows_(sort.rows), kernel_(kernelFor(args, "selectLargest")) {
    args_.length = sort.length;
    args_.kept = sort.kept;
    parts_ = std::clamp<int64_t>(4 * args.device->multiprocessors() / sort.rows, 1, sort.length / kLeastPart + 1);
    if (parts_ > 1) scratchBytes_ = size_t(rows_ * parts_ * sort.kept * 2 * keyOf(args.inputs[0].dtype).bytes);
  }

  size_t scratchBytes() const override { return scratchBytes_; }
  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    SelectArgs args = args_;
    args.x = in[0];
    args.values = out[0];
    args.indices = static_cast<int32_t*>(out[1]);
    args.count = args.length;
    if (parts_ > 1) {
      args.selected = scratch;
      args.parts = parts_;
      kernel_.launch({unsigned(rows_ * parts_)}, args);
      args.selected = nullptr;
      args.entries = scratch;
      args.count = parts_ * args.kept;
    }
    args.parts = 1;
    kernel_.launch({unsigned(rows_)}, args);
  }

 private:
  int64_t rows_, parts_;
  SelectArgs args_{};
  DeviceKernel kernel_;
  size_t scratchBytes_ = 0;
};

class Nothing : public Kernel {
  void run(std::span<const void* const>, std::span<void* const>, void*) override {}
};

std::unique_ptr<Kernel> make(const KernelArgs& args, int64_t axis, bool isDescending, bool maySelect) {
  const SortArgs sort = argsFor(args, axis, isDescending);
  if (sort.rows == 0 || sort.kept == 0) return std::make_unique<Nothing>();
  if (sort.length <= kSortSlots) return std::make_unique<SortShort>(args, sort);
  if (maySelect && sort.kept <= kMostSelected) return std::make_unique<Select>(args, sort);
  return std::make_unique<SortLong>(args, sort);
}

std::unique_ptr<Kernel> makeSort(const KernelArgs& args) {
  return make(args, args.attrs.integer("axis"), args.attrs.flag("descending"), false);
}

std::unique_ptr<Kernel> makeTopK(const KernelArgs& args) {
  return make(args, int64_t(args.inputs[0].shape.size()) - 1, true, true);
}

}  // namespace

REGISTER_KERNEL("sort", makeSort);
REGISTER_KERNEL("top_k", makeTopK);

}  // namespace hornet

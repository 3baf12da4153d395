// Kernels that read or write a part of a tensor: slice, dynamic_slice, dynamic_update_slice, pad, concat.
#include "slice.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <variant>

#include "../dispatch.h"
#include "../kernel.h"
#include "strided_copy.h"

namespace hornet {

namespace {

class Slice : public Kernel {
 public:
  explicit Slice(const KernelArgs& args) {
    const Dims own = rowMajorStrides(args.inputs[0].shape);
    const Dims& shape = args.outputs[0].shape;
    copy_ = StridedCopy(*args.device, sizeOf(args.inputs[0].dtype), shape, times(own, args.attrs.integers("strides")),
                        rowMajorStrides(shape), dot(args.attrs.integers("starts"), own), 0, guardOf(args));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override { copy_.run(in[0], out[0]); }

 private:
  StridedCopy copy_;
};

/// Copies a window of `whole` out of it or into it. The device reads where the window starts and moves it so that it
/// fits.
class WindowCopy {
 public:
  WindowCopy(const KernelArgs& args, const TensorSpec& whole, const Dims& window, const TensorSpec& start,
             bool movesTarget) {
    if (product(window) == 0) return;
    if (window.size() > kMaxRank) throw Error(args.op, "more than 32 dimensions");
    const Dims outside = rowMajorStrides(whole.shape), inside = rowMajorStrides(window);
    // Along dimensions that the window fills it cannot be moved.
    Dims limits, moves;
    for (size_t d = 0; d < window.size(); d++) {
      limits.push_back(whole.shape[d] - window[d]);
      moves.push_back(limits[d] > 0 ? outside[d] : 0);
    }
    const size_t itemBytes = sizeOf(whole.dtype);
    const CopyPlan plan = movesTarget ? CopyPlan(itemBytes, window, inside, outside, 0, 0, moves)
                                      : CopyPlan(itemBytes, window, outside, inside, 0, 0, moves);
    WindowStart place{};
    place.rank = int32_t(window.size());
    place.isLong = start.dtype == DType::int64;
    place.movesTarget = movesTarget;
    std::ranges::copy(plan.moves, place.strides);
    std::ranges::copy(limits, place.limits);
    blocks_ = copyBlocks(plan.count());
    withIndex(plan.count(), [&](auto index, const char* type) {
      using Index = decltype(index);
      args_ = std::make_unique<AnyArgs>(WindowCopyArgs<Index>{plan.args<Index>(), place});
      kernel_ = DeviceKernel(*args.device, "copy.cu", instantiate("copyWindow", {itemType(plan.itemBytes), type}));
    });
    std::visit([&](auto& all) { all.copy.fault = guardOf(args); }, *args_);
  }

  void run(const void* from, void* to, const void* start) const {
    if (args_ == nullptr) return;
    std::visit(
        [&](auto all) {
          all.copy.from = from;
          all.copy.to = to;
          all.start.numbers = start;
          kernel_.launch({blocks_}, all);
        },
        *args_);
  }

 private:
  using AnyArgs = std::variant<WindowCopyArgs<uint32_t>, WindowCopyArgs<uint64_t>>;

  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::unique_ptr<AnyArgs> args_;
};

class DynamicSlice : public Kernel {
 public:
  explicit DynamicSlice(const KernelArgs& args)
      : copy_(args, args.inputs[0], args.outputs[0].shape, args.inputs[1], false) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    copy_.run(in[0], out[0], in[1]);
  }

 private:
  WindowCopy copy_;
};

class DynamicUpdateSlice : public Kernel {
 public:
  explicit DynamicUpdateSlice(const KernelArgs& args)
      : update_(args, args.inputs[0], args.inputs[1].shape, args.inputs[2], true) {
    const Dims strides = rowMajorStrides(args.inputs[0].shape);
    whole_ = StridedCopy(*args.device, sizeOf(args.inputs[0].dtype), args.inputs[0].shape, strides, strides, 0, 0,
                         guardOf(args));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
    update_.run(in[1], out[0], in[2]);
  }

 private:
  StridedCopy whole_;
  WindowCopy update_;
};

/// A pad with fewer dimensions, and with elements joined to larger items where nothing comes between them.
struct PadPlan {
  int64_t itemBytes;
  Dims sizes, lo, targetSizes, spacing;

  explicit PadPlan(const KernelArgs& args) : itemBytes(int64_t(sizeOf(args.inputs[0].dtype))) {
    const Dims from = args.inputs[0].shape, los = args.attrs.integers("lo"), gaps = args.attrs.integers("interior");
    for (size_t d = 0; d < from.size(); d++) {
      const int64_t target = args.outputs[0].shape[d];
      // A dimension that is whole is part of the one outside of it.
      if (!sizes.empty() && target == from[d] && spacing.back() == 1) {
        sizes.back() *= from[d];
        lo.back() *= from[d];
        targetSizes.back() *= from[d];
      } else {
        sizes.push_back(from[d]);
        lo.push_back(los[d]);
        targetSizes.push_back(target);
        spacing.push_back(from[d] > 1 ? gaps[d] + 1 : 1);
      }
    }
    if (sizes.empty() || spacing.back() != 1) return;
    while (itemBytes < kVectorBytes && sizes.back() % 2 == 0 && lo.back() % 2 == 0 && targetSizes.back() % 2 == 0) {
      itemBytes *= 2;
      sizes.back() /= 2;
      lo.back() /= 2;
      targetSizes.back() /= 2;
    }
  }

  template <class Index>
  PadArgs<Index> args() const {
    PadArgs<Index> result{};
    const Dims strides = rowMajorStrides(sizes);
    result.count = Index(product(targetSizes));
    result.rank = int32_t(sizes.size());
    for (size_t d = 0; d < sizes.size(); d++) {
      result.targetSizes[d] = radixOf<Index>(targetSizes[d]);
      result.spacing[d] = radixOf<Index>(spacing[d]);
      result.lo[d] = lo[d];
      result.sizes[d] = sizes[d];
      result.fromStrides[d] = strides[d];
    }
    return result;
  }
};

class Pad : public Kernel {
 public:
  explicit Pad(const KernelArgs& args) {
    const int64_t count = args.outputs[0].numel();
    if (count == 0) return;
    const PadPlan plan(args);
    if (plan.sizes.size() > kMaxRank) throw Error(args.op, "more than 32 dimensions");
    blocks_ = copyBlocks(product(plan.targetSizes));
    withIndex(count, [&](auto index, const char* type) {
      args_ = plan.args<decltype(index)>();
      kernel_ = DeviceKernel(*args.device, "slice.cu", instantiate("padItems", {itemType(plan.itemBytes), type}));
    });
    withStorageType(args.inputs[0].dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const T value = convert<T>(args.attrs.number("value"));
      std::visit(
          [&](auto& all) {
            for (size_t i = 0; i < kVectorBytes; i += sizeof(T)) std::memcpy(all.value + i, &value, sizeof(T));
            all.fault = guardOf(args);
          },
          args_);
    });
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (!kernel_) return;
    std::visit(
        [&](auto all) {
          all.from = in[0];
          all.to = out[0];
          kernel_.launch({blocks_}, all);
        },
        args_);
  }

 private:
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  std::variant<PadArgs<uint32_t>, PadArgs<uint64_t>> args_;
};

class Concat : public Kernel {
 public:
  explicit Concat(const KernelArgs& args) {
    const size_t axis = size_t(args.attrs.integer("axis"));
    const Dims to = rowMajorStrides(args.outputs[0].shape);
    int64_t at = 0;
    for (const TensorSpec& input : args.inputs) {
      copies_.emplace_back(*args.device, sizeOf(input.dtype), input.shape, rowMajorStrides(input.shape), to, 0,
                           at * to[axis], guardOf(args));
      at += input.shape[axis];
    }
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    for (size_t i = 0; i < copies_.size(); i++) copies_[i].run(in[i], out[0]);
  }

 private:
  std::vector<StridedCopy> copies_;
};

template <class K>
std::unique_ptr<Kernel> make(const KernelArgs& args) {
  return std::make_unique<K>(args);
}

}  // namespace

REGISTER_KERNEL("slice", make<Slice>);
REGISTER_KERNEL("dynamic_slice", make<DynamicSlice>);
REGISTER_KERNEL("dynamic_update_slice", make<DynamicUpdateSlice>);
REGISTER_KERNEL("pad", make<Pad>);
REGISTER_KERNEL("concat", make<Concat>);

}  // namespace hornet

// Kernels that read or write a part of a tensor: slice, dynamic_slice, dynamic_update_slice, pad, concat.
#include <algorithm>
#include <memory>

#include "../dispatch.h"
#include "../kernel.h"
#include "parallel.h"
#include "strided_copy.h"

namespace hornet {

namespace {

const std::byte* atElement(const void* memory, int64_t element, size_t itemBytes) {
  return static_cast<const std::byte*>(memory) + element * int64_t(itemBytes);
}

std::byte* atElement(void* memory, int64_t element, size_t itemBytes) {
  return static_cast<std::byte*>(memory) + element * int64_t(itemBytes);
}

class Slice : public Kernel {
 public:
  explicit Slice(const KernelArgs& args) : itemBytes_(sizeOf(args.inputs[0].dtype)), copy_(makeCopy(args)) {
    first_ = dot(args.attrs.integers("starts"), rowMajorStrides(args.inputs[0].shape));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    copy_.run(atElement(in[0], first_, itemBytes_), out[0]);
  }

 private:
  static StridedCopy makeCopy(const KernelArgs& args) {
    const Dims from = times(rowMajorStrides(args.inputs[0].shape), args.attrs.integers("strides"));
    const Dims& shape = args.outputs[0].shape;
    return StridedCopy(sizeOf(args.inputs[0].dtype), shape, from, rowMajorStrides(shape));
  }

  size_t itemBytes_;
  StridedCopy copy_;
  int64_t first_;
};

/// The start of a window that is given at run time, moved so that the window fits.
class WindowStart {
 public:
  WindowStart(const TensorSpec& whole, const Dims& window, DType dtype)
      : strides_(rowMajorStrides(whole.shape)), limits_(whole.shape), dtype_(dtype) {
    for (size_t d = 0; d < window.size(); d++) limits_[d] -= window[d];
  }

  int64_t element(const void* start) const {
    int64_t offset = 0;
    for (size_t d = 0; d < limits_.size(); d++) {
      const int64_t at = dtype_ == DType::int64 ? static_cast<const int64_t*>(start)[d]
                                                : int64_t(static_cast<const int32_t*>(start)[d]);
      offset += std::clamp<int64_t>(at, 0, limits_[d]) * strides_[d];
    }
    return offset;
  }

 private:
  Dims strides_, limits_;
  DType dtype_;
};

class DynamicSlice : public Kernel {
 public:
  explicit DynamicSlice(const KernelArgs& args)
      : itemBytes_(sizeOf(args.inputs[0].dtype)),
        start_(args.inputs[0], args.outputs[0].shape, args.inputs[1].dtype),
        copy_(itemBytes_, args.outputs[0].shape, rowMajorStrides(args.inputs[0].shape),
              rowMajorStrides(args.outputs[0].shape)) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    copy_.run(atElement(in[0], start_.element(in[1]), itemBytes_), out[0]);
  }

 private:
  size_t itemBytes_;
  WindowStart start_;
  StridedCopy copy_;
};

StridedCopy denseCopy(const TensorSpec& spec) {
  const Dims strides = rowMajorStrides(spec.shape);
  return StridedCopy(sizeOf(spec.dtype), spec.shape, strides, strides);
}

class DynamicUpdateSlice : public Kernel {
 public:
  explicit DynamicUpdateSlice(const KernelArgs& args)
      : itemBytes_(sizeOf(args.inputs[0].dtype)),
        start_(args.inputs[0], args.inputs[1].shape, args.inputs[2].dtype),
        whole_(denseCopy(args.inputs[0])),
        update_(itemBytes_, args.inputs[1].shape, rowMajorStrides(args.inputs[1].shape),
                rowMajorStrides(args.inputs[0].shape)) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    if (in[0] != out[0]) whole_.run(in[0], out[0]);
    update_.run(in[1], atElement(out[0], start_.element(in[2]), itemBytes_));
  }

 private:
  size_t itemBytes_;
  WindowStart start_;
  StridedCopy whole_, update_;
};

class Pad : public Kernel {
 public:
  explicit Pad(const KernelArgs& args) : Pad(args, rowMajorStrides(args.outputs[0].shape)) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    parallelFor(count_, 65536, [&](int64_t begin, int64_t end) {
      withSizedType(itemBytes_, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        T value;
        std::copy_n(value_, sizeof(T), reinterpret_cast<std::byte*>(&value));
        std::fill(static_cast<T*>(out[0]) + begin, static_cast<T*>(out[0]) + end, value);
      });
    });
    copy_.run(in[0], atElement(out[0], first_, itemBytes_));
  }

 private:
  Pad(const KernelArgs& args, const Dims& strides)
      : itemBytes_(sizeOf(args.inputs[0].dtype)),
        count_(args.outputs[0].numel()),
        first_(dot(args.attrs.integers("lo"), strides)),
        copy_(itemBytes_, args.inputs[0].shape, rowMajorStrides(args.inputs[0].shape),
              times(strides, spacing(args.attrs))) {
    withStorageType(args.inputs[0].dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const T value = convert<T>(args.attrs.number("value"));
      std::copy_n(reinterpret_cast<const std::byte*>(&value), sizeof(T), value_);
    });
  }

  static Dims spacing(const Attrs& attrs) {
    Dims interior = attrs.integers("interior");
    for (int64_t& gap : interior) gap++;
    return interior;
  }

  size_t itemBytes_;
  int64_t count_, first_;
  StridedCopy copy_;
  std::byte value_[8];
};

class Concat : public Kernel {
 public:
  explicit Concat(const KernelArgs& args) : itemBytes_(sizeOf(args.outputs[0].dtype)) {
    const size_t axis = size_t(args.attrs.integer("axis"));
    const Dims to = rowMajorStrides(args.outputs[0].shape);
    int64_t at = 0;
    for (const TensorSpec& input : args.inputs) {
      copies_.emplace_back(itemBytes_, input.shape, rowMajorStrides(input.shape), to);
      firsts_.push_back(at * to[axis]);
      at += input.shape[axis];
    }
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    for (size_t i = 0; i < copies_.size(); i++) copies_[i].run(in[i], atElement(out[0], firsts_[i], itemBytes_));
  }

 private:
  size_t itemBytes_;
  std::vector<StridedCopy> copies_;
  std::vector<int64_t> firsts_;
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

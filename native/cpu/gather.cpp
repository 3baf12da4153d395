// gather, gather_nd, scatter_add and scatter_nd: rows picked or updated by indices.
#include <algorithm>
#include <cstring>
#include <memory>

#include "../dispatch.h"
#include "../fold.h"
#include "../kernel.h"
#include "../row_index.h"
#include "parallel.h"

namespace hornet {

namespace {

constexpr int64_t kParallelBytes = 128 * 1024;
constexpr int64_t kParallelWork = 32768;

size_t rowsBytes(const RowIndex& index) { return (size_t(index.count) * sizeof(int64_t) + 63) / 64 * 64; }

template <class Index>
void resolveAs(const RowIndex& index, const void* indices, int64_t* to) {
  const Index* numbers = static_cast<const Index*>(indices);
  for (int64_t i = 0; i < index.count; i++) {
    int64_t row = 0;
    for (int64_t k = 0; k < index.depth; k++) {
      const int64_t size = index.sizes[size_t(k)], number = numbers[i * index.depth + k];
      if (number < -size || number >= size) throw Error(index.op, index.outOfBounds(k, number));
      row = row * size + (number < 0 ? number + size : number);
    }
    to[i] = row;
  }
}

/// Writes the row number of every index. Negative indices count from the end.
void resolve(const RowIndex& index, const void* indices, int64_t* to) {
  if (index.dtype == DType::int64)
    resolveAs<int64_t>(index, indices, to);
  else
    resolveAs<int32_t>(index, indices, to);
}

class Gather : public Kernel {
 public:
  Gather(const KernelArgs& args, RowIndex index)
      : index_(std::move(index)), rowBytes_(index_.inner * int64_t(sizeOf(args.inputs[0].dtype))) {}

  size_t scratchBytes() const override { return rowsBytes(index_); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    int64_t* rows = static_cast<int64_t*>(scratch);
    resolve(index_, in[1], rows);
    const std::byte* x = static_cast<const std::byte*>(in[0]);
    std::byte* y = static_cast<std::byte*>(out[0]);
    const bool isSmall = rowBytes_ == 1 || rowBytes_ == 2 || rowBytes_ == 4 || rowBytes_ == 8;
    const int64_t grain = std::max<int64_t>(1, kParallelBytes / std::max<int64_t>(16, rowBytes_));
    parallelFor(index_.outer * index_.count, grain, [&](int64_t begin, int64_t end) {
      if (isSmall) {
        withSizedType(size_t(rowBytes_), [&](auto tag) { pick<typename decltype(tag)::Type>(x, y, rows, begin, end); });
        return;
      }
      for (int64_t i = begin; i < end; i++) {
        const int64_t row = i / index_.count * index_.rows + rows[i % index_.count];
        std::memcpy(y + i * rowBytes_, x + row * rowBytes_, size_t(rowBytes_));
      }
    });
  }

 private:
  template <class T>
  void pick(const std::byte* x, std::byte* y, const int64_t* rows, int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end;) {
      const int64_t outer = i / index_.count, last = std::min(end, (outer + 1) * index_.count);
      const std::byte* from = x + outer * index_.rows * int64_t(sizeof(T));
      for (; i < last; i++)
        std::memcpy(y + i * sizeof(T), from + size_t(rows[i - outer * index_.count]) * sizeof(T), sizeof(T));
    }
  }

  RowIndex index_;
  int64_t rowBytes_;
};

struct Replace {
  template <class T>
  static T apply(T, T update) {
    return update;
  }
};

/// Combines updates with a copy of x. Each thread owns a range of target rows and goes through all updates in order, so
/// that the result does not depend on the threads. `Sum` is the type of the target while it is worked on.
template <class T, class Op>
class Scatter : public Kernel {
  static constexpr bool isHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;
  static constexpr bool accumulates = std::is_same_v<Op, Sum> || std::is_same_v<Op, Product>;
  using Compute = std::conditional_t<isHalf, float, std::conditional_t<std::is_same_v<T, Bool8>, int32_t, T>>;
  using Target = std::conditional_t<isHalf && accumulates, float, T>;

 public:
  Scatter(const KernelArgs& args, RowIndex index) : index_(std::move(index)), count_(args.inputs[0].numel()) {}

  size_t scratchBytes() const override {
    return rowsBytes(index_) + (std::is_same_v<Target, T> ? 0 : size_t(count_) * sizeof(Target));
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    int64_t* rows = static_cast<int64_t*>(scratch);
    resolve(index_, in[1], rows);
    const T* updates = static_cast<const T*>(in[2]);
    const T* x = static_cast<const T*>(in[0]);
    T* y = static_cast<T*>(out[0]);
    if constexpr (std::is_same_v<Target, T>) {
      if (x != y) convertAll(x, y);
      update(updates, rows, y);
    } else {
      Target* wide = reinterpret_cast<Target*>(static_cast<std::byte*>(scratch) + rowsBytes(index_));
      convertAll(x, wide);
      update(updates, rows, wide);
      convertAll(wide, y);
    }
  }

 private:
  template <class From, class To>
  void convertAll(const From* from, To* to) const {
    parallelFor(count_, kParallelWork, [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<From, To>) {
        std::memcpy(to + begin, from + begin, size_t(end - begin) * sizeof(To));
      } else {
#pragma omp simd
        for (int64_t i = begin; i < end; i++) to[i] = convert<To>(from[i]);
      }
    });
  }

  void update(const T* updates, const int64_t* rows, Target* y) const {
    const int64_t targets = index_.outer * index_.rows, work = index_.outer * index_.count * index_.inner;
    const int64_t parts = std::max<int64_t>(1, work / kParallelWork);
    parallelFor(targets, (targets + parts - 1) / parts, [&](int64_t begin, int64_t end) {
      for (int64_t outer = begin / index_.rows; outer * index_.rows < end; outer++) {
        const int64_t first = outer * index_.rows;
        for (int64_t i = 0; i < index_.count; i++) {
          const int64_t row = first + rows[i];
          if (row < begin || row >= end) continue;
          updateRow(updates + (outer * index_.count + i) * index_.inner, y + row * index_.inner);
        }
      }
    });
  }

  void updateRow(const T* update, Target* y) const {
#pragma omp simd
    for (int64_t i = 0; i < index_.inner; i++) {
      y[i] = convert<Target>(Compute(Op::apply(convert<Compute>(y[i]), convert<Compute>(update[i]))));
    }
  }

  RowIndex index_;
  int64_t count_;
};

template <class Op>
std::unique_ptr<Kernel> makeScatter(const KernelArgs& args, RowIndex index) {
  return withStorageType(args.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<Scatter<typename decltype(tag)::Type, Op>>(args, std::move(index));
  });
}

std::unique_ptr<Kernel> makeGather(const KernelArgs& args) {
  return std::make_unique<Gather>(args, RowIndex::alongAxis(args, args.inputs[1]));
}

std::unique_ptr<Kernel> makeGatherNd(const KernelArgs& args) {
  return std::make_unique<Gather>(args, RowIndex::tuples(args, args.inputs[1]));
}

std::unique_ptr<Kernel> makeScatterAdd(const KernelArgs& args) {
  return makeScatter<Sum>(args, RowIndex::alongAxis(args, args.inputs[1]));
}

std::unique_ptr<Kernel> makeScatterNd(const KernelArgs& args) {
  const RowIndex index = RowIndex::tuples(args, args.inputs[1]);
  const std::string mode = args.attrs.string("mode");
  if (mode == "add") return makeScatter<Sum>(args, index);
  if (mode == "set") return makeScatter<Replace>(args, index);
  if (mode == "max") return makeScatter<Maximum>(args, index);
  if (mode == "min") return makeScatter<Minimum>(args, index);
  if (mode == "mul") return makeScatter<Product>(args, index);
  throw Error(args.op, "expected mode to be add, set, max, min or mul, received " + mode);
}

}  // namespace

REGISTER_KERNEL("gather", makeGather);
REGISTER_KERNEL("gather_nd", makeGatherNd);
REGISTER_KERNEL("scatter_add", makeScatterAdd);
REGISTER_KERNEL("scatter_nd", makeScatterNd);

}  // namespace hornet

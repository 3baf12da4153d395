// reduce_sum, reduce_max, reduce_min, reduce_prod over any axes. How a sum is split depends on shapes only, never on
// threads.
#include <algorithm>
#include <memory>

#include "../fold.h"
#include "../kernel.h"
#include "../reduce_plan.h"
#include "../strides.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

constexpr int64_t kWidth = 1024;      // columns that are reduced together
constexpr int64_t kLanes = 64;        // accumulators for narrow rows
constexpr int64_t kBuffer = 4096;     // values converted at a time
constexpr int64_t kUnit = 16384;      // values, or 64 rows, between two additions to the gathered result
constexpr int64_t kPartials = 64;     // at most so many partial results per output
constexpr int64_t kParallel = 65536;  // values that are worth a thread

template <class T, class Op>
class Reduce : public Kernel {
 public:
  explicit Reduce(const KernelArgs& args)
      : plan_(args.inputs[0].shape, args.attrs.integers("axes")),
        itemBytes_(int64_t(sizeOf(args.inputs[0].dtype))),
        outBytes_(int64_t(sizeOf(args.outputs[0].dtype))),
        load_(isNative(args.inputs[0].dtype) ? nullptr : loadTile(args.inputs[0].dtype, domainOf<T>())),
        store_(storeTile(domainOf<T>(), args.outputs[0].dtype)) {
    const ReducePlan& p = plan_;
    width_ = std::min(p.columns, kWidth);
    blocks_ = p.columns == 0 ? 0 : (p.columns + width_ - 1) / width_;
    unitRows_ = std::clamp<int64_t>(kUnit / std::max<int64_t>(1, width_), 64, std::max<int64_t>(64, p.rows));
    rowUnits_ = (p.rows + unitRows_ - 1) / unitRows_;
    units_ = p.reduced * rowUnits_;
    const int64_t tasks = std::max<int64_t>(1, p.kept * blocks_), perTask = p.reduced * p.rows * width_;
    splits_ = std::clamp<int64_t>(perTask / kUnit, 1, std::max<int64_t>(1, kPartials / tasks));
    splits_ = std::max<int64_t>(1, std::min(splits_, units_));
    grain_ = std::max<int64_t>(1, kParallel / std::max<int64_t>(1, perTask / splits_));
  }

  size_t scratchBytes() const override {
    return splits_ > 1 ? size_t(splits_ * plan_.kept * plan_.columns) * sizeof(Gathered<T>) : 0;
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const std::byte* x = static_cast<const std::byte*>(in[0]);
    std::byte* y = static_cast<std::byte*>(out[0]);
    Gathered<T>* partials = static_cast<Gathered<T>*>(scratch);
    if (load_ == nullptr && plan_.columns == 1 && plan_.reduced == 1 && plan_.rows < kLanes) {
      reduceShortRows(reinterpret_cast<const T*>(x), y);
      return;
    }
    const int64_t outputs = plan_.kept * plan_.columns;
    parallelFor(plan_.kept * blocks_ * splits_, grain_, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; task++) {
        const int64_t split = task % splits_, block = task / splits_ % blocks_, position = task / splits_ / blocks_;
        const int64_t column = block * width_, width = std::min(width_, plan_.columns - column);
        Gathered<T> result[kWidth];
        reduceUnits(x, position, column, width, units_ * split / splits_, units_ * (split + 1) / splits_, result);
        const int64_t at = position * plan_.columns + column;
        if (splits_ > 1)
          std::copy_n(result, width, partials + split * outputs + at);
        else
          store(result, y, at, width);
      }
    });
    if (splits_ > 1) gather(partials, y, outputs);
  }

 private:
  void store(const Gathered<T>* result, std::byte* y, int64_t at, int64_t count) const {
    T values[kWidth];
    for (int64_t i = 0; i < count; i++) values[i] = T(result[i]);
    store_(values, nullptr, nullptr, y + at * outBytes_, count);
  }

  void reduceUnits(const std::byte* x, int64_t position, int64_t column, int64_t width, int64_t begin, int64_t end,
                   Gathered<T>* result) const {
    std::fill_n(result, width, Op::template identity<Gathered<T>>);
    if (begin >= end) return;
    const int64_t first = Odometer<1>(plan_.keptShape, {&plan_.keptStrides}, position)[0] + column;
    Odometer<1> reduced(plan_.reducedShape, {&plan_.reducedStrides}, begin / rowUnits_);
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t row = unit % rowUnits_ * unitRows_, rows = std::min(unitRows_, plan_.rows - row);
      T lanes[kWidth + kLanes];
      reduceRows(x + (first + reduced[0] + row * plan_.columns) * itemBytes_, rows, width, lanes);
      for (int64_t i = 0; i < width; i++) result[i] = Op::apply(result[i], Gathered<T>(lanes[i]));
      if (unit % rowUnits_ == rowUnits_ - 1) reduced.next();
    }
  }

  /// Reduces `rows` rows to lanes[0 .. width).
  void reduceRows(const std::byte* x, int64_t rows, int64_t width, T* lanes) const {
    const int64_t group = width < kLanes && width == plan_.columns ? kLanes / width : 1;
    std::fill_n(lanes, group * width, Op::template identity<T>);
    if (load_ == nullptr) {
      accumulate(reinterpret_cast<const T*>(x), rows, plan_.columns, width, group, lanes);
    } else {
      T buffer[kBuffer];
      const int64_t most = kBuffer / width;
      for (int64_t row = 0; row < rows; row += most) {
        const int64_t count = std::min(most, rows - row);
        const std::byte* from = x + row * plan_.columns * itemBytes_;
        if (width == plan_.columns)
          load_(from, nullptr, nullptr, buffer, count * width);
        else {
          for (int64_t i = 0; i < count; i++) {
            load_(from + i * plan_.columns * itemBytes_, nullptr, nullptr, buffer + i * width, width);
          }
        }
        accumulate(buffer, count, width, width, group, lanes);
      }
    }
    for (int64_t left = group; left > 1; left = (left + 1) / 2) {
      const int64_t half = (left + 1) / 2;
      for (int64_t i = 0; i < (left - half) * width; i++) lanes[i] = Op::apply(lanes[i], lanes[half * width + i]);
    }
  }

  /// Adds rows to the lanes; of neighbouring narrow rows a group at once.
  static void accumulate(const T* x, int64_t rows, int64_t stride, int64_t width, int64_t group, T* lanes) {
    if (group > 1) {
      addRows(x, rows / group, group * width, group * width, lanes);
      x += rows / group * group * width;
      rows %= group;
    }
    addRows(x, rows, stride, width, lanes);
  }

  static void addRows(const T* x, int64_t rows, int64_t stride, int64_t width, T* __restrict lanes) {
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4, x += 4 * stride) {
      const T *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) {
        lanes[i] = Op::apply(lanes[i], Op::apply(Op::apply(x[i], x1[i]), Op::apply(x2[i], x3[i])));
      }
    }
    for (; row < rows; row++, x += stride) {
#pragma omp simd
      for (int64_t i = 0; i < width; i++) lanes[i] = Op::apply(lanes[i], x[i]);
    }
  }

  void reduceShortRows(const T* x, std::byte* y) const {
    const int64_t length = plan_.rows, tiles = (plan_.kept + kWidth - 1) / kWidth;
    parallelFor(tiles, std::max<int64_t>(1, kParallel / (kWidth * std::max<int64_t>(1, length))),
                [&](int64_t begin, int64_t end) {
                  T values[kWidth];
                  for (int64_t tile = begin; tile < end; tile++) {
                    const int64_t count = std::min(kWidth, plan_.kept - tile * kWidth);
                    for (int64_t i = 0; i < count; i++) {
                      const T* row = x + (tile * kWidth + i) * length;
                      T value = Op::template identity<T>;
                      for (int64_t k = 0; k < length; k++) value = Op::apply(value, row[k]);
                      values[i] = value;
                    }
                    store_(values, nullptr, nullptr, y + tile * kWidth * outBytes_, count);
                  }
                });
  }

  void gather(const Gathered<T>* partials, std::byte* y, int64_t outputs) const {
    for (int64_t at = 0; at < outputs; at += kWidth) {
      const int64_t count = std::min(kWidth, outputs - at);
      Gathered<T> result[kWidth];
      std::copy_n(partials + at, count, result);
      for (int64_t split = 1; split < splits_; split++) {
        const Gathered<T>* more = partials + split * outputs + at;
        for (int64_t i = 0; i < count; i++) result[i] = Op::apply(result[i], more[i]);
      }
      store(result, y, at, count);
    }
  }

  ReducePlan plan_;
  int64_t itemBytes_, outBytes_;
  TileFn load_, store_;
  int64_t width_, blocks_, unitRows_, rowUnits_, units_, splits_, grain_;
};

template <class Op>
std::unique_ptr<Kernel> makeReduce(const KernelArgs& args) {
  return withComputeType(domainOf(args.inputs[0].dtype), [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<Reduce<typename decltype(tag)::Type, Op>>(args);
  });
}

}  // namespace

REGISTER_KERNEL("reduce_sum", makeReduce<Sum>);
REGISTER_KERNEL("reduce_prod", makeReduce<Product>);
REGISTER_KERNEL("reduce_max", makeReduce<Maximum>);
REGISTER_KERNEL("reduce_min", makeReduce<Minimum>);

}  // namespace hornet

// cumsum, cumprod, cummax, cummin along one axis, forwards or in reverse.
#include <algorithm>
#include <memory>

#include "../fold.h"
#include "../kernel.h"
#include "../strides.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

constexpr int64_t kTile = 1024;
constexpr int64_t kParallel = 32768;

template <class T, class Op>
class Scan : public Kernel {
 public:
  explicit Scan(const KernelArgs& args)
      : view_(args.inputs[0].shape, args.attrs.integer("axis")),
        reverse_(args.attrs.flag("reverse")),
        itemBytes_(int64_t(sizeOf(args.inputs[0].dtype))),
        load_(loadTile(args.inputs[0].dtype, domainOf<T>())),
        store_(storeTile(domainOf<T>(), args.outputs[0].dtype)) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const std::byte* x = static_cast<const std::byte*>(in[0]);
    std::byte* y = static_cast<std::byte*>(out[0]);
    const int64_t tiles = (view_.inner + kTile - 1) / kTile;
    const int64_t work = view_.length * std::min(view_.inner, kTile);
    parallelFor(view_.outer * tiles, std::max<int64_t>(1, kParallel / std::max<int64_t>(1, work)),
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; i++) {
                    const int64_t column = i % tiles * kTile;
                    const int64_t first = (i / tiles * view_.length * view_.inner + column) * itemBytes_;
                    if (view_.inner == 1)
                      scanRow(x + first, y + first);
                    else
                      scanColumns(x + first, y + first, std::min(kTile, view_.inner - column));
                  }
                });
  }

 private:
  void scanRow(const std::byte* x, std::byte* y) const {
    Gathered<T> sum = Op::template identity<Gathered<T>>;
    for (int64_t done = 0; done < view_.length; done += kTile) {
      const int64_t count = std::min(kTile, view_.length - done);
      const int64_t at = (reverse_ ? view_.length - done - count : done) * itemBytes_;
      T values[kTile];
      load_(x + at, nullptr, nullptr, values, count);
      for (int64_t i = 0; i < count; i++) {
        T& value = values[reverse_ ? count - 1 - i : i];
        sum = wrap(Op::apply(sum, Gathered<T>(value)));
        value = T(sum);
      }
      store_(values, nullptr, nullptr, y + at, count);
    }
  }

  void scanColumns(const std::byte* x, std::byte* y, int64_t count) const {
    Gathered<T> sums[kTile];
    T values[kTile];
    std::fill_n(sums, count, Op::template identity<Gathered<T>>);
    for (int64_t row = 0; row < view_.length; row++) {
      const int64_t at = (reverse_ ? view_.length - 1 - row : row) * view_.inner * itemBytes_;
      load_(x + at, nullptr, nullptr, values, count);
#pragma omp simd
      for (int64_t i = 0; i < count; i++) {
        sums[i] = wrap(Op::apply(sums[i], Gathered<T>(values[i])));
        values[i] = T(sums[i]);
      }
      store_(values, nullptr, nullptr, y + at, count);
    }
  }

  // A running bool stays 0 or 1; other integers wrap when they are stored.
  static Gathered<T> wrap(Gathered<T> value) {
    if constexpr (domainOf<T>() == Domain::boolean)
      return value != 0;
    else
      return value;
  }

  AxisView view_;
  bool reverse_;
  int64_t itemBytes_;
  TileFn load_, store_;
};

template <class Op>
std::unique_ptr<Kernel> makeScan(const KernelArgs& args) {
  return withComputeType(domainOf(args.inputs[0].dtype), [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<Scan<typename decltype(tag)::Type, Op>>(args);
  });
}

}  // namespace

REGISTER_KERNEL("cumsum", makeScan<Sum>);
REGISTER_KERNEL("cumprod", makeScan<Product>);
REGISTER_KERNEL("cummax", makeScan<Maximum>);
REGISTER_KERNEL("cummin", makeScan<Minimum>);

}  // namespace hornet

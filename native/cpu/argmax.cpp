// argmax and argmin along one axis: the first of equals wins, the first NaN wins over all.
#include <algorithm>
#include <memory>

#include "../fold.h"
#include "../kernel.h"
#include "../strides.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

constexpr int64_t kTile = 512;
constexpr int64_t kParallel = 65536;

template <class T, class Op>
class ArgBest : public Kernel {
 public:
  explicit ArgBest(const KernelArgs& args)
      : view_(args.inputs[0].shape, args.attrs.integer("axis")),
        itemBytes_(int64_t(sizeOf(args.inputs[0].dtype))),
        load_(loadTile(args.inputs[0].dtype, domainOf<T>())) {
    if (view_.length == 0 && args.outputs[0].numel() > 0) throw Error(args.op, "the axis has size 0");
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const std::byte* x = static_cast<const std::byte*>(in[0]);
    int32_t* y = static_cast<int32_t*>(out[0]);
    if (view_.inner == 1) {
      parallelFor(view_.outer, grain(view_.length), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) y[i] = bestOfRow(x + i * view_.length * itemBytes_);
      });
      return;
    }
    const int64_t tiles = (view_.inner + kTile - 1) / kTile;
    parallelFor(
        view_.outer * tiles, grain(view_.length * std::min(view_.inner, kTile)), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) {
            const int64_t outer = i / tiles, column = i % tiles * kTile, count = std::min(kTile, view_.inner - column);
            bestOfColumns(x + (outer * view_.length * view_.inner + column) * itemBytes_, count,
                          y + outer * view_.inner + column);
          }
        });
  }

 private:
  static int64_t grain(int64_t work) { return std::max<int64_t>(1, kParallel / std::max<int64_t>(1, work)); }

  static bool isBetter(T a, T b) { return Op::apply(b, a) != b && b == b; }

  // The best of a tile first, which is quick; its place only where the tile is better than all before.
  int32_t bestOfRow(const std::byte* x) const {
    T best{};
    int64_t at = -1;
    for (int64_t first = 0; first < view_.length; first += kTile) {
      const int64_t count = std::min(kTile, view_.length - first);
      T values[kTile];
      load_(x + first * itemBytes_, nullptr, nullptr, values, count);
      T tileBest = values[0];
      constexpr int64_t lanes = 32;
      if (count >= 2 * lanes) {
        T partial[lanes];
        std::copy_n(values, lanes, partial);
        int64_t i = lanes;
        for (; i + lanes <= count; i += lanes) {
          for (int64_t k = 0; k < lanes; k++) partial[k] = Op::apply(partial[k], values[i + k]);
        }
        for (; i < count; i++) tileBest = Op::apply(tileBest, values[i]);
        for (int64_t k = 0; k < lanes; k++) tileBest = Op::apply(tileBest, partial[k]);
      } else {
        for (int64_t i = 1; i < count; i++) tileBest = Op::apply(tileBest, values[i]);
      }
      if (at >= 0 && !isBetter(tileBest, best)) continue;
      best = tileBest;
      const bool isNan = best != best;
      at = first + (std::find_if(values, values + count, [&](T v) { return isNan ? v != v : v == best; }) - values);
    }
    return int32_t(at);
  }

  void bestOfColumns(const std::byte* x, int64_t count, int32_t* y) const {
    T best[kTile], values[kTile];
    load_(x, nullptr, nullptr, best, count);
    std::fill_n(y, count, 0);
    for (int64_t row = 1; row < view_.length; row++) {
      load_(x + row * view_.inner * itemBytes_, nullptr, nullptr, values, count);
#pragma omp simd
      for (int64_t i = 0; i < count; i++) {
        const T winner = Op::apply(best[i], values[i]);
        const int32_t place = winner != best[i] ? int32_t(row) : y[i];
        y[i] = best[i] != best[i] ? y[i] : place;
        best[i] = winner;
      }
    }
  }

  AxisView view_;
  int64_t itemBytes_;
  TileFn load_;
};

template <class Op>
std::unique_ptr<Kernel> makeArgBest(const KernelArgs& args) {
  return withComputeType(domainOf(args.inputs[0].dtype), [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ArgBest<typename decltype(tag)::Type, Op>>(args);
  });
}

}  // namespace

REGISTER_KERNEL("argmax", makeArgBest<Maximum>);
REGISTER_KERNEL("argmin", makeArgBest<Minimum>);

}  // namespace hornet

// iota: 0, 1, 2, … along one axis.
#include <algorithm>
#include <memory>

#include "../kernel.h"
#include "../strides.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

constexpr int64_t kTile = 1024;

class Iota : public Kernel {
 public:
  explicit Iota(const KernelArgs& args)
      : view_(args.outputs[0].shape, args.attrs.integer("axis")),
        count_(args.outputs[0].numel()),
        itemBytes_(int64_t(sizeOf(args.outputs[0].dtype))),
        store_(storeTile(Domain::integer, args.outputs[0].dtype)) {}

  void run(std::span<const void* const>, std::span<void* const> out, void*) override {
    parallelFor((count_ + kTile - 1) / kTile, 16, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; tile++) {
        const int64_t first = tile * kTile, count = std::min(kTile, count_ - first);
        int64_t values[kTile];
        // Runs of equal values, or of rising ones where there is nothing inside the axis.
        for (int64_t i = 0; i < count;) {
          const int64_t at = first + i, value = at / view_.inner % view_.length;
          const bool rises = view_.inner == 1;
          const int64_t left = rises ? view_.length - value : view_.inner - at % view_.inner;
          const int64_t end = std::min(count, i + left);
          for (int64_t k = i; k < end; k++) values[k] = value + (rises ? k - i : 0);
          i = end;
        }
        store_(values, nullptr, nullptr, static_cast<std::byte*>(out[0]) + first * itemBytes_, count);
      }
    });
  }

 private:
  AxisView view_;
  int64_t count_, itemBytes_;
  TileFn store_;
};

std::unique_ptr<Kernel> makeIota(const KernelArgs& args) { return std::make_unique<Iota>(args); }

}  // namespace

REGISTER_KERNEL("iota", makeIota);

}  // namespace hornet

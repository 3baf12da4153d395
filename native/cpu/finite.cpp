// all_finite: whether any number of float tensors hold finite numbers only.
#include <algorithm>
#include <atomic>
#include <memory>

#include "../dispatch.h"
#include "../exponent_bits.h"
#include "../kernel.h"
#include "parallel.h"

namespace hornet {

namespace {

constexpr int64_t kPiece = 16384;

class AllFinite : public Kernel {
 public:
  explicit AllFinite(const KernelArgs& args) {
    for (size_t i = 0; i < args.inputs.size(); i++) {
      const TensorSpec& input = args.inputs[i];
      if (!isFloat(input.dtype))
        throw Error(args.op, std::string("expected floats, received ") + dtypeName(input.dtype));
      const int64_t count = input.numel();
      for (int64_t first = 0; first < count; first += kPiece) {
        pieces_.push_back({i, first, std::min(kPiece, count - first), sizeOf(input.dtype), exponentBits(input.dtype)});
      }
    }
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    std::atomic<bool> finite = true;
    parallelFor(int64_t(pieces_.size()), 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end && finite.load(std::memory_order_relaxed); i++) {
        if (!isFinite(pieces_[size_t(i)], in)) finite.store(false, std::memory_order_relaxed);
      }
    });
    *static_cast<uint8_t*>(out[0]) = finite;
  }

 private:
  struct Piece {
    size_t input;
    int64_t first, count;
    size_t itemBytes;
    uint64_t exponent;
  };

  static bool isFinite(const Piece& piece, std::span<const void* const> in) {
    return withSizedType(piece.itemBytes, [&](auto tag) {
      using Bits = typename decltype(tag)::Type;
      const Bits* x = static_cast<const Bits*>(in[piece.input]) + piece.first;
      const Bits exponent = Bits(piece.exponent);
      Bits found = 0;
#pragma omp simd reduction(| : found)
      for (int64_t k = 0; k < piece.count; k++) found |= Bits((x[k] & exponent) == exponent);
      return found == 0;
    });
  }

  std::vector<Piece> pieces_;
};

std::unique_ptr<Kernel> makeAllFinite(const KernelArgs& args) { return std::make_unique<AllFinite>(args); }

}  // namespace

REGISTER_KERNEL("all_finite", makeAllFinite);

}  // namespace hornet

// random_bits, random_uniform, random_normal: the same numbers however the work is split.
#include <algorithm>
#include <memory>

#include "../kernel.h"
#include "../philox.h"
#include "parallel.h"
#include "tile.h"

namespace hornet {

namespace {

constexpr int64_t kBlocks = 256;  // Philox blocks per tile

// What the four words of a block become, by twos; an `Element` is stored as it is, or cast to the output's dtype.
struct Bits {
  using Element = uint32_t;
  struct Pair {
    uint32_t first, second;
  };
  HORNET_DEVICE_FN static Pair make(uint32_t word0, uint32_t word1) { return {word0, word1}; }
};

struct Uniform {
  using Element = float;
  struct Pair {
    float first, second;
  };
  HORNET_DEVICE_FN static Pair make(uint32_t word0, uint32_t word1) { return {uniformOf(word0), uniformOf(word1)}; }
};

struct Normal {
  using Element = float;
  HORNET_DEVICE_FN static NormalPair make(uint32_t word0, uint32_t word1) { return normalsOf(word0, word1); }
};

template <class Kind>
class Random : public Kernel {
 public:
  using Element = typename Kind::Element;

  explicit Random(const KernelArgs& args)
      : count_(args.outputs[0].numel()), itemBytes_(int64_t(sizeOf(args.outputs[0].dtype))) {
    constexpr bool isFloatKind = std::is_same_v<Element, float>;
    const DType natural = isFloatKind ? DType::float32 : DType::uint32;
    if (args.outputs[0].dtype == natural) return;
    if (!isFloatKind || !isFloat(args.outputs[0].dtype)) {
      throw Error(args.op, std::string("the cpu backend has no kernel for ") + dtypeName(args.outputs[0].dtype));
    }
    store_ = storeTile(Domain::float32, args.outputs[0].dtype);
  }

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const uint32_t key0 = static_cast<const uint32_t*>(in[0])[0], key1 = static_cast<const uint32_t*>(in[0])[1];
    std::byte* y = static_cast<std::byte*>(out[0]);
    constexpr int64_t perTile = 4 * kBlocks;
    parallelFor((count_ + perTile - 1) / perTile, 8, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; tile++) {
        alignas(64) Element values[perTile];
        const int64_t count = std::min(perTile, count_ - tile * perTile);
        fill(uint64_t(tile) * kBlocks, int((count + 3) / 4), key0, key1, values);
        std::byte* to = y + tile * perTile * itemBytes_;
        if (store_ != nullptr)
          store_(values, nullptr, nullptr, to, count);
        else
          std::copy_n(values, count, reinterpret_cast<Element*>(to));
      }
    });
  }

 private:
  static void fill(uint64_t first, int blocks, uint32_t key0, uint32_t key1, Element* values) {
    alignas(64) uint32_t words[4][kBlocks];
    alignas(64) Element made[4][kBlocks];
    const uint32_t low = uint32_t(first), high = uint32_t(first >> 32);  // a tile never carries: kBlocks divides 2^32
#pragma omp simd
    for (int i = 0; i < blocks; i++) {
      const PhiloxBlock block = philox(low + uint32_t(i), high, key0, key1);
      words[0][i] = block.word0;
      words[1][i] = block.word1;
      words[2][i] = block.word2;
      words[3][i] = block.word3;
    }
    for (int half = 0; half < 4; half += 2) {
#pragma omp simd
      for (int i = 0; i < blocks; i++) {
        const auto pair = Kind::make(words[half][i], words[half + 1][i]);
        made[half][i] = pair.first;
        made[half + 1][i] = pair.second;
      }
    }
    for (int i = 0; i < blocks; i++) {
      for (int j = 0; j < 4; j++) values[4 * i + j] = made[j][i];
    }
  }

  int64_t count_, itemBytes_;
  TileFn store_ = nullptr;
};

template <class Kind>
std::unique_ptr<Kernel> makeRandom(const KernelArgs& args) {
  return std::make_unique<Random<Kind>>(args);
}

}  // namespace

REGISTER_KERNEL("random_bits", makeRandom<Bits>);
REGISTER_KERNEL("random_uniform", makeRandom<Uniform>);
REGISTER_KERNEL("random_normal", makeRandom<Normal>);

}  // namespace hornet

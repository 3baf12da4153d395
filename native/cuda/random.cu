// Random numbers: the same words as on the CPU, a Philox block of four per thread and step.
#include "random.h"

#include "../philox.h"
#include "pack.h"

namespace hornet {

// What the four words of a block become; an `Element` is stored as it is, or cast to the output's dtype.
struct Bits {
  __device__ static Pack<uint32_t, 4> make(const PhiloxBlock& block) {
    return {{block.word0, block.word1, block.word2, block.word3}};
  }
};

struct Uniform {
  __device__ static Pack<float, 4> make(const PhiloxBlock& block) {
    return {{uniformOf(block.word0), uniformOf(block.word1), uniformOf(block.word2), uniformOf(block.word3)}};
  }
};

struct Normal {
  __device__ static Pack<float, 4> make(const PhiloxBlock& block) {
    const NormalPair a = normalsOf(block.word0, block.word1), b = normalsOf(block.word2, block.word3);
    return {{a.first, a.second, b.first, b.second}};
  }
};

template <class Kind, class T>
__device__ void fillRandom(const RandomArgs& args) {
  if (args.fault != nullptr && hasFault(args.fault)) return;
  const uint32_t key0 = args.state[0], key1 = args.state[1];
  T* to = static_cast<T*>(args.to);
  const int64_t blocks = (args.count + 3) / 4, step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < blocks; i += step) {
    const auto made = Kind::make(philox(uint32_t(i), uint32_t(uint64_t(i) >> 32), key0, key1));
    Pack<T, 4> values;
#pragma unroll
    for (int j = 0; j < 4; j++) values.at[j] = convert<T>(made.at[j]);
    if (4 * i + 4 <= args.count) {
      *reinterpret_cast<Pack<T, 4>*>(to + 4 * i) = values;
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (4 * i + j < args.count) to[4 * i + j] = values.at[j];
      }
    }
  }
}

}  // namespace hornet

// Random numbers: the same words as on the CPU, a Philox block of four per thread and step.
#include "random.h"

#include "../convert.h"
#include "../philox.h"

namespace hornet {

/// Four elements that follow each other, written at once.
template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) Four {
  T values[4];
};

// What the four words of a block become; an `Element` is stored as it is, or cast to the output's dtype.
struct Bits {
  __device__ static Four<uint32_t> make(const PhiloxBlock& block) {
    return {{block.word0, block.word1, block.word2, block.word3}};
  }
};

struct Uniform {
  __device__ static Four<float> make(const PhiloxBlock& block) {
    return {{uniformOf(block.word0), uniformOf(block.word1), uniformOf(block.word2), uniformOf(block.word3)}};
  }
};

struct Normal {
  __device__ static Four<float> make(const PhiloxBlock& block) {
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
    Four<T> values;
#pragma unroll
    for (int j = 0; j < 4; j++) values.values[j] = convert<T>(made.values[j]);
    if (4 * i + 4 <= args.count) {
      *reinterpret_cast<Four<T>*>(to + 4 * i) = values;
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (4 * i + j < args.count) to[4 * i + j] = values.values[j];
      }
    }
  }
}

}  // namespace hornet

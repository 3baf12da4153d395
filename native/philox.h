// The counter-based random numbers of all backends: Philox4x32-10, and what is made of its words. No state is kept
// here. Block i of key (a, b) has four words; word j of block i is element 4 * i + j of a tensor.
#pragma once

#include "fast_math.h"

namespace hornet {

struct PhiloxBlock {
  uint32_t word0, word1, word2, word3;
};

/// One of the ten rounds.
HORNET_DEVICE_FN PhiloxBlock philoxRound(PhiloxBlock c, uint32_t key0, uint32_t key1) {
  const uint64_t product0 = uint64_t(c.word0) * 0xd2511f53u, product1 = uint64_t(c.word2) * 0xcd9e8d57u;
  return {uint32_t(product1 >> 32) ^ c.word1 ^ key0, uint32_t(product1), uint32_t(product0 >> 32) ^ c.word3 ^ key1,
          uint32_t(product0)};
}

HORNET_DEVICE_FN PhiloxBlock philox(uint32_t blockLow, uint32_t blockHigh, uint32_t key0, uint32_t key1) {
  PhiloxBlock c{blockLow, blockHigh, 0, 0};
  constexpr uint32_t step0 = 0x9e3779b9u, step1 = 0xbb67ae85u;
  c = philoxRound(c, key0, key1);
  c = philoxRound(c, key0 + 1 * step0, key1 + 1 * step1);
  c = philoxRound(c, key0 + 2 * step0, key1 + 2 * step1);
  c = philoxRound(c, key0 + 3 * step0, key1 + 3 * step1);
  c = philoxRound(c, key0 + 4 * step0, key1 + 4 * step1);
  c = philoxRound(c, key0 + 5 * step0, key1 + 5 * step1);
  c = philoxRound(c, key0 + 6 * step0, key1 + 6 * step1);
  c = philoxRound(c, key0 + 7 * step0, key1 + 7 * step1);
  c = philoxRound(c, key0 + 8 * step0, key1 + 8 * step1);
  return philoxRound(c, key0 + 9 * step0, key1 + 9 * step1);
}

/// A number in [0, 1), a multiple of 2^-24.
HORNET_DEVICE_FN float uniformOf(uint32_t word) { return float(int32_t(word >> 8)) * 0x1p-24f; }

struct NormalPair {
  float first, second;
};

/// Two independent normal numbers from two words (Box-Muller).
HORNET_DEVICE_FN NormalPair normalsOf(uint32_t word0, uint32_t word1) {
  const float radius = std::sqrt(-2.0f * math::log(1.0f - uniformOf(word0)));
#if defined(__CUDACC__)
  float s, c;
  sincospif(2.0f * uniformOf(word1), &s, &c);
#else
  const float turns = 4.0f * uniformOf(word1);
  float whole;
  const int32_t quadrant = math::detail::roundToInt(turns, whole);
  const float f = turns - whole, z = f * f;
  const float sine =
      f * math::detail::polynomial(z, {1.57079633f, -0.645964096f, 7.96925827e-02f, -4.68126609e-03f, 1.58205850e-04f});
  const float cosine =
      math::detail::polynomial(z, {1.0f, -1.23370054f, 0.253669204f, -2.08600686e-02f, 9.03625495e-04f});
  const float oddS = quadrant & 1 ? cosine : sine, oddC = quadrant & 1 ? sine : cosine;
  const float s = quadrant & 2 ? -oddS : oddS, c = (quadrant + 1) & 2 ? -oddC : oddC;
#endif
  return {radius * c, radius * s};
}

}  // namespace hornet

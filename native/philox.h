// The counter-based random numbers of all backends: Philox4x32-10, and what is made of its words. No state is kept
// here. Block i of key (a, b) has four words; word j of block i is element 4 * i + j of a tensor.
#pragma once

#include "fast_math.h"

namespace hornet {

struct PhiloxBlock {
  uint32_t words[4];
};

HORNET_DEVICE_FN PhiloxBlock philox(uint64_t block, uint32_t key0, uint32_t key1) {
  uint32_t c0 = uint32_t(block), c1 = uint32_t(block >> 32), c2 = 0, c3 = 0;
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = uint64_t(c0) * 0xd2511f53u, product1 = uint64_t(c2) * 0xcd9e8d57u;
    c0 = uint32_t(product1 >> 32) ^ c1 ^ key0;
    c1 = uint32_t(product1);
    c2 = uint32_t(product0 >> 32) ^ c3 ^ key1;
    c3 = uint32_t(product0);
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return {{c0, c1, c2, c3}};
}

/// A number in [0, 1), a multiple of 2^-24.
HORNET_DEVICE_FN float uniformOf(uint32_t word) { return float(int32_t(word >> 8)) * 0x1p-24f; }

/// Two independent normal numbers from two words (Box-Muller).
HORNET_DEVICE_FN void normalsOf(uint32_t word0, uint32_t word1, float& normal0, float& normal1) {
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
  normal0 = radius * c;
  normal1 = radius * s;
}

}  // namespace hornet

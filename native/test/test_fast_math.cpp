// The vectorised float functions against the C library in double, over all exponents; half precision over all bit
// patterns.
#include <cmath>

#include "../elementwise.h"
#include "../half.h"
#include "test.h"

namespace hornet::test {
namespace {

/// Distance of y from the exact value in units of its last place; infinite where special values differ.
double ulps(float y, double exact) {
  const float rounded = float(exact);
  if (std::isnan(exact) || std::isnan(y)) return std::isnan(exact) && std::isnan(y) ? 0 : INFINITY;
  if (std::isinf(rounded) || std::isinf(y)) return std::nextafter(y, rounded) == rounded ? 0 : INFINITY;
  int exponent;
  std::frexp(exact, &exponent);
  return std::abs(double(y) - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

template <class Fast>
double worst(Fast fast, double (*exact)(double)) {
  double result = 0;
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 4999) {
    const float x = bitCast<float>(uint32_t(bits));
    result = std::max(result, ulps(fast(x), exact(double(x))));
  }
  for (const float x : {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, 1e-45f, -1e-45f, 3.4028235e38f}) {
    result = std::max(result, ulps(fast(x), exact(double(x))));
  }
  return result;
}

#define WORST(name) worst([](float x) { return math::name(x); }, [](double x) { return std::name(x); })

TEST("float functions are within 1.5 units in the last place of the exact value") {
  CHECK(WORST(exp) < 1.5);
  CHECK(WORST(exp2) < 1.5);
  CHECK(WORST(expm1) < 1.5);
  CHECK(WORST(log) < 1.5);
  CHECK(WORST(log2) < 1.5);
  CHECK(WORST(log10) < 1.5);
  CHECK(WORST(log1p) < 1.5);
  CHECK(WORST(tanh) < 1.5);
  CHECK(WORST(erf) < 1.5);
  CHECK(WORST(sin) < 0.6);
  CHECK(WORST(cos) < 0.6);
  CHECK(WORST(tan) < 0.6);
}

TEST("pow has the values of the C library, the special ones too") {
  const float special[] = {0.0f, -0.0f, 1.0f,     -1.0f,     2.0f,   -2.0f, 3.0f,   -3.0f,       0.5f,        -0.5f,
                           2.5f, NAN,   INFINITY, -INFINITY, 1e-40f, 1e38f, 1e-45f, 16777215.0f, -16777216.0f};
  double result = 0;
  for (const float a : special) {
    for (const float b : special) result = std::max(result, ulps(math::pow(a, b), std::pow(double(a), double(b))));
  }
  for (float a = 1e-4f; a < 1e4f; a *= 1.0371f) {
    for (float b = -30; b < 30; b += 0.37f) {
      result = std::max(result, ulps(math::pow(a, b), std::pow(double(a), double(b))));
    }
  }
  CHECK(result < 0.6);
}

TEST("float16 and bfloat16 survive the way through float, and round to even") {
  bool holds = true;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float half = toFloat(Float16{uint16_t(bits)}), brain = toFloat(BFloat16{uint16_t(bits)});
    holds = holds && (std::isnan(half) ? std::isnan(toFloat(toFloat16(half))) : toFloat16(half).bits == bits);
    holds = holds && (std::isnan(brain) ? std::isnan(toFloat(toBFloat16(brain))) : toBFloat16(brain).bits == bits);
  }
  CHECK(holds);
  CHECK(toFloat16(65520.0f).bits == 0x7c00 && toFloat16(65519.0f).bits == 0x7bff);
  CHECK(toFloat16(1.0f + 0x1p-11f).bits == 0x3c00 && toFloat16(1.0f + 0x1.8p-10f).bits == 0x3c02);
  CHECK(toFloat16(0x1p-25f).bits == 0 && toFloat16(0x1.8p-25f).bits == 1);
  CHECK(toBFloat16(1.0f + 0x1p-8f).bits == 0x3f80 && toBFloat16(1.0f + 0x1.8p-7f).bits == 0x3f82);
}

}  // namespace
}  // namespace hornet::test

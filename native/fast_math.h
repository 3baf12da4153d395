// Elementary functions of element-wise ops. On the host, float versions are branch-free so that loops over them
// vectorise (errors of 1 to 3 ulp, correct infinities, NaN and subnormals); double versions are the C library's, as is
// all on CUDA.
#pragma once

#include <cmath>
#include <cstdint>

#include "device_fn.h"

namespace hornet::math {

#define HORNET_LIBRARY_FUNCTIONS(FN) \
  FN(exp) FN(exp2) FN(expm1) FN(log) FN(log2) FN(log10) FN(log1p) FN(sin) FN(cos) FN(tan) FN(tanh) FN(erf)

#if defined(__CUDACC__)

#define HORNET_FORWARD(name)     \
  template <class T>             \
  HORNET_DEVICE_FN T name(T x) { \
    return ::name(x);            \
  }
HORNET_LIBRARY_FUNCTIONS(HORNET_FORWARD)
#undef HORNET_FORWARD

template <class T>
HORNET_DEVICE_FN T pow(T a, T b) {
  return ::pow(a, b);
}

#else

#define HORNET_FORWARD(name) \
  HORNET_DEVICE_FN double name(double x) { return std::name(x); }
HORNET_LIBRARY_FUNCTIONS(HORNET_FORWARD)
#undef HORNET_FORWARD

HORNET_DEVICE_FN double pow(double a, double b) { return std::pow(a, b); }

namespace detail {

inline constexpr float kInfinity = __builtin_inff();
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

template <class T, std::size_t N>
HORNET_DEVICE_FN T polynomial(T x, const T (&c)[N]) {
  T sum = c[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) sum = sum * x + c[i];
  return sum;
}

// Rounds |x| < 2^22 to the nearest integer; `whole` is that integer as a float.
HORNET_DEVICE_FN int32_t roundToInt(float x, float& whole) {
  constexpr float kMagic = 0x1.8p23f;
  const float shifted = x + kMagic;
  whole = shifted - kMagic;
  return bitCast<int32_t>(shifted) - bitCast<int32_t>(kMagic);
}

HORNET_DEVICE_FN float powerOf2(int32_t n) { return bitCast<float>(uint32_t(n + 127) << 23); }

// x * 2^n in two steps, so that n may leave the normal range.
HORNET_DEVICE_FN float scale(float x, int32_t n) {
  const int32_t half = n >> 1;
  return x * powerOf2(half) * powerOf2(n - half);
}

HORNET_DEVICE_FN float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// e^r - 1 for |r| <= ln(2) / 2.
HORNET_DEVICE_FN float expm1Core(float r) {
  const float p = polynomial(
      r, {5.000000079e-01f, 1.666666686e-01f, 4.166626790e-02f, 8.333265100e-03f, 1.394621610e-03f, 1.991800838e-04f});
  return r + r * r * p;
}

// x = m * 2^n with m in [sqrt(1/2), sqrt(2)), for positive finite x.
HORNET_DEVICE_FN float split(float x, float& n) {
  const bool subnormal = x < 0x1p-126f;
  const uint32_t bits = bitCast<uint32_t>(subnormal ? x * 0x1p23f : x);
  const int32_t exponent = int32_t(bits - 0x3f3504f3u) >> 23;
  n = float(exponent - (subnormal ? 23 : 0));
  return bitCast<float>(bits - (uint32_t(exponent) << 23));
}

// log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)).
HORNET_DEVICE_FN float logCore(float f) {
  const float p =
      polynomial(f, {3.333331254e-01f, -2.500000952e-01f, 2.000212353e-01f, -1.666800500e-01f, 1.421945162e-01f,
                     -1.240534258e-01f, 1.188870905e-01f, -1.167750531e-01f, 6.747691796e-02f});
  return f * f * (f * p - 0.5f);
}

HORNET_DEVICE_FN float logSpecial(float x, float y) {
  y = x < kInfinity ? y : x;
  y = x == 0.0f ? -kInfinity : y;
  return x < 0.0f ? __builtin_nanf("") : y;
}

// `count` binary digits of 2/pi, without the first `skip`.
constexpr double twoOverPi(int skip, int count) {
  constexpr uint32_t digits[7] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
  double weight = 1.0, sum = 0.0;
  for (int i = 0; i < skip; i++) weight *= 0.5;
  for (int i = skip; i < skip + count; i++) {
    weight *= 0.5;
    if ((digits[i / 32] >> (31 - i % 32)) & 1u) sum += weight;
  }
  return sum;
}

// The digits of 2/pi that matter for x: those above only add multiples of 4 quarter turns.
template <int Part, int Count>
HORNET_DEVICE_FN double twoOverPiFor(double magnitude) {
  constexpr double c0 = twoOverPi(Part, Count), c1 = twoOverPi(23 + Part, Count), c2 = twoOverPi(47 + Part, Count),
                   c3 = twoOverPi(71 + Part, Count), c4 = twoOverPi(95 + Part, Count);
  double c = magnitude < 0x1p48 ? c0 : c1;
  c = magnitude < 0x1p72 ? c : c2;
  c = magnitude < 0x1p96 ? c : c3;
  return magnitude < 0x1p120 ? c : c4;
}

HORNET_DEVICE_FN double roundWhole(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

// |x| in quarter turns: returns the fraction in about [-1/2, 1/2], sets the quadrant. The first two products are exact.
HORNET_DEVICE_FN double quarterTurns(float x, int32_t& quadrant) {
  const double magnitude = double(__builtin_fabsf(x));
  double high = magnitude * twoOverPiFor<0, 29>(magnitude);
  double middle = magnitude * twoOverPiFor<29, 29>(magnitude);
  const double low = magnitude * twoOverPiFor<58, 53>(magnitude);
  high -= 4.0 * roundWhole(0.25 * high);
  middle -= 4.0 * roundWhole(0.25 * middle);
  const double whole = roundWhole(high + middle);
  quadrant = int32_t(whole);
  return ((high + middle) - whole) + low;
}

// sin and cos of f quarter turns, |f| <= 1/2.
HORNET_DEVICE_FN double sinCore(double f) {
  return f * polynomial(f * f, {1.57079632679488990, -0.645964097504308943, 7.96926261557664301e-02,
                                -4.68175259165355857e-03, 1.60429265350855917e-04, -3.55638556440549764e-06});
}
HORNET_DEVICE_FN double cosCore(double f) {
  return polynomial(f * f, {0.999999999999944156, -1.23370055012013768, 0.253669507152856633, -2.08634679908133169e-02,
                            9.19161675971325184e-04, -2.48508519360389378e-05});
}

}  // namespace detail

HORNET_DEVICE_FN float exp(float x) {
  float n;
  x = detail::clamp(x, -104.0f, 89.0f);
  const int32_t k = detail::roundToInt(x * 1.44269504f, n);
  const float r = (x - n * detail::kLn2High) - n * detail::kLn2Low;
  return detail::scale(1.0f + detail::expm1Core(r), k);
}

HORNET_DEVICE_FN float exp2(float x) {
  float n;
  x = detail::clamp(x, -151.0f, 129.0f);
  const int32_t k = detail::roundToInt(x, n);
  return detail::scale(1.0f + detail::expm1Core((x - n) * 0.693147181f), k);
}

HORNET_DEVICE_FN float expm1(float x) {
  float n;
  const float c = detail::clamp(x, -60.0f, 89.0f);
  const int32_t k = detail::roundToInt(c * 1.44269504f, n);
  const float r = (c - n * detail::kLn2High) - n * detail::kLn2Low;
  const float e = detail::expm1Core(r);
  const float power = detail::powerOf2(k > 64 ? 64 : k);
  const float y = k > 64 ? detail::scale(1.0f + e, k) : power * e + (power - 1.0f);
  return x == 0.0f ? x : y;
}

HORNET_DEVICE_FN float log(float x) {
  float n;
  const float f = detail::split(x, n) - 1.0f;
  const float y = (n * detail::kLn2Low + detail::logCore(f)) + f;
  return detail::logSpecial(x, y + n * detail::kLn2High);
}

HORNET_DEVICE_FN float log2(float x) {
  float n;
  const float f = detail::split(x, n) - 1.0f;
  const float tail = detail::logCore(f);
  return detail::logSpecial(x, ((f * 0.442695041f + tail * 1.44269504f) + f) + n);
}

HORNET_DEVICE_FN float log10(float x) {
  float n;
  const float f = detail::split(x, n) - 1.0f;
  const float tail = detail::logCore(f);
  const float y = (n * 4.6050390e-06f + (tail * 0.434294482f + f * 7.00731903e-4f)) + f * 0.43359375f;
  return detail::logSpecial(x, y + n * 0.301025391f);
}

HORNET_DEVICE_FN float log1p(float x) {
  const float u = 1.0f + x;
  const float lost = (x - (u - 1.0f)) / u;
  const float y = log(u) + ((u > 0.0f) & (u < detail::kInfinity) ? lost : 0.0f);
  return x == 0.0f ? x : y;
}

HORNET_DEVICE_FN float tanh(float x) {
  const float z = x * x;
  const float p = detail::polynomial(
      z, {-3.333328118e-01f, 1.333142034e-01f, -5.373779496e-02f, 2.063253746e-02f, -5.697375071e-03f});
  const float magnitude = __builtin_fabsf(x);
  const float large = __builtin_copysignf(1.0f - 2.0f / (exp(2.0f * magnitude) + 1.0f), x);
  return magnitude < 0.625f ? x + x * z * p : large;
}

HORNET_DEVICE_FN float erf(float x) {
  const float z = x * x;
  const float p = detail::polynomial(z, {1.283791666e-01f, -3.761263319e-01f, 1.128368719e-01f, -2.685894148e-02f,
                                         5.199906605e-03f, -8.130011990e-04f, 8.316772542e-05f});
  const float magnitude = __builtin_fabsf(x);
  const float t = magnitude > 4.0f ? 4.0f : magnitude;
  const float q = detail::polynomial(t, {1.128648492f, 6.351513087e-01f, 1.062368911e-01f, -2.376207503e-02f,
                                         3.642465010e-03f, -3.228053898e-04f, 1.123146520e-05f});
  const float large = __builtin_copysignf(1.0f - exp(-t * q), x);
  return magnitude < 0.925f ? x + x * p : large;
}

// Selections below are made between floats: vectorisers want conditions as wide as the values.
HORNET_DEVICE_FN float sin(float x) {
  int32_t quadrant;
  const double f = detail::quarterTurns(x, quadrant);
  const float s = float(detail::sinCore(f)), c = float(detail::cosCore(f));
  const float y = quadrant & 1 ? c : s;
  const int32_t sign = (quadrant << 30 ^ bitCast<int32_t>(x)) & INT32_MIN;
  const float result = bitCast<float>(bitCast<int32_t>(y) ^ sign);
  const float magnitude = __builtin_fabsf(x);
  const float finite = magnitude < 0x1p-12f ? x : result;
  return magnitude < detail::kInfinity ? finite : x - x;
}

HORNET_DEVICE_FN float cos(float x) {
  int32_t quadrant;
  const double f = detail::quarterTurns(x, quadrant);
  const float s = float(detail::sinCore(f)), c = float(detail::cosCore(f));
  const float y = quadrant & 1 ? s : c;
  const int32_t sign = (quadrant + 1) << 30 & INT32_MIN;
  const float result = bitCast<float>(bitCast<int32_t>(y) ^ sign);
  const float magnitude = __builtin_fabsf(x);
  const float finite = magnitude < 0x1p-12f ? 1.0f : result;
  return magnitude < detail::kInfinity ? finite : x - x;
}

HORNET_DEVICE_FN float tan(float x) {
  int32_t quadrant;
  const double f = detail::quarterTurns(x, quadrant);
  const double s = detail::sinCore(f), c = detail::cosCore(f);
  const float even = float(s / c), odd = float(-c / s);
  const float y = quadrant & 1 ? odd : even;
  const int32_t sign = bitCast<int32_t>(x) & INT32_MIN;
  const float result = bitCast<float>(bitCast<int32_t>(y) ^ sign);
  const float magnitude = __builtin_fabsf(x);
  const float finite = magnitude < 0x1p-12f ? x : result;
  return magnitude < detail::kInfinity ? finite : x - x;
}

// 2^(b * log2 |a|) in double, then signs and the special values of C's pow.
HORNET_DEVICE_FN float pow(float a, float b) {
  const float base = __builtin_fabsf(a), power = __builtin_fabsf(b);
  float n;
  const double m = detail::split(base, n);
  const double s = (m - 1.0) / (m + 1.0);
  double exponent2 =
      n + s * detail::polynomial(s * s, {2.88539008177784950, 0.961796694114706474, 0.577077941950670303,
                                         0.412209295721804980, 0.319903863651801568, 0.282927097796316862});
  exponent2 = base == 0.0f ? -double(detail::kInfinity) : base < detail::kInfinity ? exponent2 : double(base);
  double t = exponent2 * b;
  t = t < -160.0 ? -160.0 : t;
  t = t > 140.0 ? 140.0 : t;
  const double whole = detail::roundWhole(t);
  const double p = detail::polynomial(
      t - whole, {0.999999999959484187, 0.693147180534986806, 0.240226512142069970, 5.55041097623403049e-02,
                  9.61802552110723949e-03, 1.33334225419039199e-03, 1.54697582250459977e-04, 1.53164862173156537e-05});
  const int64_t exponent = int32_t(whole == whole ? whole : 0.0) + 1023;
  const float y = float(p * bitCast<double>(exponent << 52));

  const bool isWhole = __builtin_truncf(power) == power;
  const float odd = __builtin_truncf(0.5f * power) != 0.5f * power ? 1.0f : 0.0f;
  const float sign = __builtin_copysignf(isWhole ? odd : 0.0f, a);
  const float whenWhole = sign < 0.0f ? -y : y;
  const float negative = isWhole ? whenWhole : base < detail::kInfinity ? __builtin_nanf("") : y;
  float result = a <= 0.0f ? (a < 0.0f ? negative : whenWhole) : y;
  result = a == 1.0f ? 1.0f : result;
  result = b == 0.0f ? 1.0f : result;
  return power == detail::kInfinity ? (base == 1.0f ? 1.0f : result) : result;
}

#endif

// The logistic function, accurate in both tails.
template <class T>
HORNET_DEVICE_FN T sigmoid(T x) {
  const T e = exp(x < T(0) ? x : -x);
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

}  // namespace hornet::math

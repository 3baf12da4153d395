// Element-wise ops: one line per op gives its name and its meaning. Each backend expands these lists with its own
// loops. Types T: float, double and integers, whose results wrap; bool is computed in an integer type and normalised
// afterwards.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "fast_math.h"
#include "hash.h"

namespace hornet::fn {

template <class T>
inline constexpr bool isFloat = std::is_floating_point_v<T>;

// Integer arithmetic happens in uint64_t, where overflow is defined.
template <class T>
using Wide = std::conditional_t<isFloat<T>, T, uint64_t>;

template <class T>
HORNET_DEVICE_FN T add(T a, T b) {
  return T(Wide<T>(a) + Wide<T>(b));
}

template <class T>
HORNET_DEVICE_FN T sub(T a, T b) {
  return T(Wide<T>(a) - Wide<T>(b));
}

template <class T>
HORNET_DEVICE_FN T mul(T a, T b) {
  return T(Wide<T>(a) * Wide<T>(b));
}

template <class T>
HORNET_DEVICE_FN T neg(T x) {
  if constexpr (isFloat<T>) return -x;
  return T(uint64_t(0) - uint64_t(x));
}

template <class T>
HORNET_DEVICE_FN T abs(T x) {
  if constexpr (isFloat<T>) return std::fabs(x);
  return x < T(0) ? neg(x) : x;
}

template <class T>
HORNET_DEVICE_FN T sign(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
}

// NaN in either operand wins.
template <class T>
HORNET_DEVICE_FN T max(T a, T b) {
  const T larger = a > b ? a : b;  // b if either is NaN
  return a != a ? a : larger;
}

template <class T>
HORNET_DEVICE_FN T min(T a, T b) {
  const T smaller = a < b ? a : b;
  return a != a ? a : smaller;
}

template <class T>
HORNET_DEVICE_FN T floor(T x) {
  if constexpr (isFloat<T>) return std::floor(x);
  return x;
}

template <class T>
HORNET_DEVICE_FN T ceil(T x) {
  if constexpr (isFloat<T>) return std::ceil(x);
  return x;
}

template <class T>
HORNET_DEVICE_FN T trunc(T x) {
  if constexpr (isFloat<T>) return std::trunc(x);
  return x;
}

template <class T>
HORNET_DEVICE_FN T round(T x) {
  if constexpr (isFloat<T>) return std::nearbyint(x);
  return x;
}

// C's truncated remainder; integer division by zero gives 0.
template <class T>
HORNET_DEVICE_FN T rem(T a, T b) {
  if constexpr (isFloat<T>)
    return std::fmod(a, b);
  else
    return b == T(0) || b == T(-1) ? T(0) : T(a % b);
}

// Remainder with the sign of the divisor.
template <class T>
HORNET_DEVICE_FN T mod(T a, T b) {
  const T r = rem(a, b);
  if constexpr (isFloat<T>)
    return r == T(0) ? std::copysign(r, b) : (r < T(0)) != (b < T(0)) ? r + b : r;
  else
    return r != T(0) && (r < T(0)) != (b < T(0)) ? T(r + b) : r;
}

// Python's floor division, consistent with mod.
template <class T>
HORNET_DEVICE_FN T floorDiv(T a, T b) {
  if constexpr (isFloat<T>) {
    if (b == T(0)) return a / b;
    const T quotient = (a - mod(a, b)) / b;
    return quotient == T(0) ? std::copysign(quotient, a / b) : std::nearbyint(quotient);
  } else {
    if (b == T(0)) return T(0);
    if (b == T(-1)) return neg(a);
    return T(a / b - T(a % b != T(0) && (a < T(0)) != (b < T(0))));
  }
}

// Integer powers wrap; a negative exponent truncates the true result.
template <class T>
HORNET_DEVICE_FN T pow(T a, T b) {
  if constexpr (isFloat<T>)
    return math::pow(a, b);
  else {
    if (b < T(0)) return a == T(1) ? T(1) : a == T(-1) ? (b & 1 ? T(-1) : T(1)) : T(0);
    uint64_t result = 1, factor = uint64_t(a);
    for (uint64_t n = uint64_t(b); n != 0; n >>= 1, factor *= factor)
      if (n & 1) result *= factor;
    return T(result);
  }
}

template <class T>
HORNET_DEVICE_FN T shiftLeft(T a, T b) {
  return b < T(0) || b >= T(8 * sizeof(T)) ? T(0) : T(uint64_t(a) << uint64_t(b));
}

template <class T>
HORNET_DEVICE_FN T shiftRight(T a, T b) {
  return b < T(0) || b >= T(8 * sizeof(T)) ? (a < T(0) ? T(-1) : T(0)) : T(a >> b);
}

// Inverse error function in double: a rational guess made exact by Halley steps on erfc.
HORNET_DEVICE_FN double erfinvDouble(double x) {
  const double tail = 1.0 - std::fabs(x);
  if (tail == 0.0) return std::copysign(HUGE_VAL, x);
  if (!(tail > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  const double w = -std::log(tail * (2.0 - tail));
  const double c = 2.0 / (M_PI * 0.147) - w / 2.0;
  double y = std::sqrt(std::sqrt(c * c + w / 0.147) - c);
  for (int i = 0; i < 3; i++) {
    const double excess = y < 0.5 ? (1.0 - tail) - std::erf(y) : std::erfc(y) - tail;
    const double step = excess * (0.5 * std::sqrt(M_PI)) * std::exp(y * y);
    y += step / (1.0 - y * step);
  }
  return std::copysign(y, x);
}

// Giles's single-precision approximation.
HORNET_DEVICE_FN float erfinvFloat(float x) {
  const float w = -math::log1p(-x * x);
  const float a = w - 2.5f, b = std::sqrt(w) - 3.0f;
  float p = 2.81022636e-08f;
  p = 3.43273939e-07f + p * a;
  p = -3.5233877e-06f + p * a;
  p = -4.39150654e-06f + p * a;
  p = 0.00021858087f + p * a;
  p = -0.00125372503f + p * a;
  p = -0.00417768164f + p * a;
  p = 0.246640727f + p * a;
  p = 1.50140941f + p * a;
  float q = -0.000200214257f;
  q = 0.000100950558f + q * b;
  q = 0.00134934322f + q * b;
  q = -0.00367342844f + q * b;
  q = 0.00573950773f + q * b;
  q = -0.0076224613f + q * b;
  q = 0.00943887047f + q * b;
  q = 1.00167406f + q * b;
  q = 2.83297682f + q * b;
  const float y = x * (w < 5.0f ? p : q);
  return std::fabs(x) == 1.0f ? x * std::numeric_limits<float>::infinity() : y;
}

template <class T>
HORNET_DEVICE_FN T erfinv(T x) {
  if constexpr (std::is_same_v<T, float>)
    return erfinvFloat(x);
  else
    return erfinvDouble(x);
}

// Reflection for negative arguments, recurrence up to 10, then the asymptotic series.
HORNET_DEVICE_FN double digammaDouble(double x) {
  double result = 0.0;
  if (x <= 0.0) {
    if (x == std::floor(x)) return std::numeric_limits<double>::quiet_NaN();
    result = -M_PI / std::tan(M_PI * (x - std::floor(x)));
    x = 1.0 - x;
  }
  for (; x < 10.0; x += 1.0) result -= 1.0 / x;
  const double z = 1.0 / (x * x);
  const double series = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132)))));
  return result + std::log(x) - 0.5 / x - series;
}

}  // namespace hornet::fn

// Float to the same float, in x.
#define HORNET_FLOAT_UNARY(OP)         \
  OP(exp, math::exp(x))                \
  OP(exp2, math::exp2(x))              \
  OP(expm1, math::expm1(x))            \
  OP(log, math::log(x))                \
  OP(log2, math::log2(x))              \
  OP(log10, math::log10(x))            \
  OP(log1p, math::log1p(x))            \
  OP(sqrt, std::sqrt(x))               \
  OP(rsqrt, T(1) / std::sqrt(x))       \
  OP(cbrt, std::cbrt(x))               \
  OP(reciprocal, T(1) / x)             \
  OP(sin, math::sin(x))                \
  OP(cos, math::cos(x))                \
  OP(tan, math::tan(x))                \
  OP(asin, std::asin(x))               \
  OP(acos, std::acos(x))               \
  OP(atan, std::atan(x))               \
  OP(sinh, std::sinh(x))               \
  OP(cosh, std::cosh(x))               \
  OP(tanh, math::tanh(x))              \
  OP(asinh, std::asinh(x))             \
  OP(acosh, std::acosh(x))             \
  OP(atanh, std::atanh(x))             \
  OP(erf, math::erf(x))                \
  OP(erfc, std::erfc(x))               \
  OP(erfinv, fn::erfinv(x))            \
  OP(lgamma, std::lgamma(x))           \
  OP(digamma, T(fn::digammaDouble(x))) \
  OP(sigmoid, math::sigmoid(x))

// Any type to the same type, in x.
#define HORNET_UNARY(OP)    \
  OP(neg, fn::neg(x))       \
  OP(abs, fn::abs(x))       \
  OP(sign, fn::sign(x))     \
  OP(square, fn::mul(x, x)) \
  OP(floor, fn::floor(x))   \
  OP(ceil, fn::ceil(x))     \
  OP(trunc, fn::trunc(x))   \
  OP(round, fn::round(x))   \
  OP(relu, x < T(0) ? T(0) : x)

// Any type to bool, in x.
#define HORNET_UNARY_PREDICATE(OP)                                              \
  OP(is_nan, x != x)                                                            \
  OP(is_inf, fn::isFloat<T>&& fn::abs(x) > std::numeric_limits<T>::max())       \
  OP(is_finite, !fn::isFloat<T> || fn::abs(x) <= std::numeric_limits<T>::max()) \
  OP(logical_not, x == T(0))

// Integer or bool to the same type, in x.
#define HORNET_INTEGER_UNARY(OP) OP(bitwise_not, T(~x))

// Two floats to the same float, in a and b.
#define HORNET_FLOAT_BINARY(OP)       \
  OP(div, a / b)                      \
  OP(atan2, std::atan2(a, b))         \
  OP(hypot, std::hypot(a, b))         \
  OP(nextafter, std::nextafter(a, b)) \
  OP(copysign, std::copysign(a, b))

// Two of any type to the same type, in a and b.
#define HORNET_BINARY(OP)           \
  OP(add, fn::add(a, b))            \
  OP(sub, fn::sub(a, b))            \
  OP(mul, fn::mul(a, b))            \
  OP(floor_div, fn::floorDiv(a, b)) \
  OP(mod, fn::mod(a, b))            \
  OP(rem, fn::rem(a, b))            \
  OP(pow, fn::pow(a, b))            \
  OP(max, fn::max(a, b))            \
  OP(min, fn::min(a, b))

// Two of any type to bool, in a and b.
#define HORNET_BINARY_PREDICATE(OP)          \
  OP(equal, a == b)                          \
  OP(not_equal, a != b)                      \
  OP(less, a < b)                            \
  OP(less_equal, a <= b)                     \
  OP(greater, a > b)                         \
  OP(greater_equal, a >= b)                  \
  OP(logical_and, (a != T(0)) & (b != T(0))) \
  OP(logical_or, (a != T(0)) | (b != T(0)))  \
  OP(logical_xor, (a != T(0)) ^ (b != T(0)))

// Two integers or bools to the same type, in a and b.
#define HORNET_INTEGER_BINARY(OP)       \
  OP(bitwise_and, T(a& b))              \
  OP(bitwise_or, T(a | b))              \
  OP(bitwise_xor, T(a ^ b))             \
  OP(shift_left, fn::shiftLeft(a, b))   \
  OP(shift_right, fn::shiftRight(a, b)) \
  OP(hash_combine, T(hash::combine(uint64_t(a), uint64_t(b))))

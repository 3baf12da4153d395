// Complex numbers that host and device share.
#pragma once

#include <cmath>

#include "device_fn.h"

namespace hornet {

template <class Real>
struct Complex {
  Real re, im;

  HORNET_DEVICE_FN friend Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  HORNET_DEVICE_FN friend Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
  HORNET_DEVICE_FN friend Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  HORNET_DEVICE_FN friend Complex operator*(Complex a, Real b) { return {a.re * b, a.im * b}; }
  /// Without overflow on the way: both are divided by the larger part of b first.
  HORNET_DEVICE_FN friend Complex operator/(Complex a, Complex b) {
    const Real scale = std::fabs(b.re) > std::fabs(b.im) ? std::fabs(b.re) : std::fabs(b.im);
    const Complex unit = b * (1 / scale);
    const Complex product = a * (1 / scale) * unit.conjugate();
    return product * (1 / (unit.re * unit.re + unit.im * unit.im));
  }

  HORNET_DEVICE_FN Complex conjugate() const { return {re, -im}; }
  HORNET_DEVICE_FN Real size() const { return std::hypot(re, im); }
  /// The root in the right half plane.
  HORNET_DEVICE_FN Complex root() const {
    const Real length = size(), half = std::sqrt((length + std::fabs(re)) / 2);
    if (half == 0) return {0, 0};
    return re >= 0 ? Complex{half, im / (2 * half)} : Complex{std::fabs(im) / (2 * half), std::copysign(half, im)};
  }
};

}  // namespace hornet

// fft: discrete Fourier transforms of any length whose prime factors are small, by Stockham's mixed-radix steps.
#pragma once

#include <cmath>
#include <type_traits>

#include "batch.h"
#include "complex.h"

namespace hornet {

/// The largest prime factor that `fft` takes; lib/ops/fft.ts makes other lengths of those.
inline constexpr int64_t kLargestRadix = 31;

/// Real and imaginary parts [n] of y_k = sum of x_j exp(∓2πi jk/n), + where it is the inverse; not divided by n.
template <class Real>
struct Fourier : Algorithm {
  using Operand = Real;
  static constexpr const char* kName = std::is_same_v<Real, float> ? "Fourier<float>" : "Fourier<double>";
  static constexpr int kRank = 1;
  static constexpr const char* kAttributes[3] = {"inverse"};
  using Number = Complex<Real>;

  /// The n-th roots of one, and two states between steps.
  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) {
    return 3 * problem.n * int64_t(sizeof(Number)) / int64_t(sizeof(double)) + 1;
  }

  template <class Team>
  HORNET_TEAM_FN void prepare(const Team& team, const Problem& problem) {
    const int64_t n = problem.n;
    Number* roots = reinterpret_cast<Number*>(problem.scratch);
    const double turn = (problem.options[0] != 0 ? 2 : -2) * M_PI / double(n);
    for (int64_t k = team.thread(); k < n; k += team.threads()) {
      roots[k] = {Real(std::cos(turn * double(k))), Real(std::sin(turn * double(k)))};
    }
    team.sync();
  }

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t n = problem.n;
    const Number* roots = reinterpret_cast<const Number*>(problem.scratch);
    Number *from = reinterpret_cast<Number*>(problem.scratch) + n, *to = from + n;
    const Real *re = problem.in<Real>(0), *im = problem.in<Real>(1);
    for (int64_t i = team.thread(); i < n; i += team.threads()) from[i] = {re[i], im[i]};
    team.sync();
    int64_t rest = n, stride = 1;
    while (rest > 1) {
      const int64_t radix = nextRadix(rest);
      step(team, from, to, roots, n, radix, rest / radix, stride);
      team.sync();
      Number* const done = to;
      to = from;
      from = done;
      rest /= radix;
      stride *= radix;
    }
    for (int64_t i = team.thread(); i < n; i += team.threads()) {
      problem.out<Real>(0)[i] = from[i].re;
      problem.out<Real>(1)[i] = from[i].im;
    }
    team.sync();
  }

 private:
  HORNET_DEVICE_FN static int64_t nextRadix(int64_t rest) {
    if (rest % 4 == 0) return 4;
    for (int64_t radix = 2; radix * radix <= rest; radix++) {
      if (rest % radix == 0) return radix;
    }
    return rest;
  }

  /// n / radix small transforms of numbers that are `parts * stride` apart, turned and stored side by side.
  template <class Team>
  HORNET_TEAM_FN void step(const Team& team, const Number* x, Number* y, const Number* roots, int64_t n, int64_t radix,
                           int64_t parts, int64_t stride) {
    const int64_t gap = parts * stride, leapPart = team.threads() / stride, leapPlace = team.threads() % stride;
    int64_t part = team.thread() / stride, place = team.thread() % stride;
    while (part < parts) {
      const Number* source = x + place + stride * part;
      Number* target = y + place + stride * radix * part;
      if (radix == 4) {
        four(source, gap, target, stride, roots, n, part);
      } else if (radix == 2) {
        const Number a = source[0], b = source[gap];
        target[0] = a + b;
        target[stride] = (a - b) * roots[part * stride];
      } else {
        any(source, gap, target, stride, roots, n, radix, part);
      }
      part += leapPart;
      place += leapPlace;
      if (place >= stride) {
        place -= stride;
        part++;
      }
    }
  }

  HORNET_DEVICE_FN static void four(const Number* source, int64_t gap, Number* target, int64_t stride,
                                    const Number* roots, int64_t n, int64_t part) {
    const Number a = source[0], b = source[gap], c = source[2 * gap], d = source[3 * gap];
    const Number even = a + c, odd = b + d, cross = a - c, turned = (b - d) * roots[n / 4];
    const int64_t turn = part * stride;
    target[0] = even + odd;
    target[stride] = (cross + turned) * roots[turn];
    target[2 * stride] = (even - odd) * roots[2 * turn];
    target[3 * stride] = (cross - turned) * roots[3 * turn];
  }

  HORNET_DEVICE_FN static void any(const Number* source, int64_t gap, Number* target, int64_t stride,
                                   const Number* roots, int64_t n, int64_t radix, int64_t part) {
    Number values[kLargestRadix];
    for (int64_t j = 0; j < radix; j++) values[j] = source[j * gap];
    for (int64_t k = 0; k < radix; k++) {
      Number sum = values[0];
      for (int64_t j = 1; j < radix; j++) sum = sum + values[j] * roots[j * k % radix * (n / radix)];
      target[k * stride] = sum * roots[part * k * stride];
    }
  }
};

}  // namespace hornet

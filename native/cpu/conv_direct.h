// Convolution by plain loops, for the types and shapes that oneDNN does not take. Correct first; vectorised over
// channels.
#pragma once

#include <algorithm>
#include <type_traits>

#include "../window.h"
#include "parallel.h"

namespace hornet {

/// acc + a * b, wrapping for integers.
template <class T>
inline T multiplyAdd(T acc, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return T(uint64_t(acc) + uint64_t(a) * uint64_t(b));
  } else {
    return acc + a * b;
  }
}

/// Calls fn(tap, input position) for every tap of an output position that reads inside the input.
template <class Fn>
void forEachTap(const Window& w, int64_t position, Fn&& fn) {
  const int64_t o2 = position % w.out[2], o1 = position / w.out[2] % w.out[1], o0 = position / w.out[2] / w.out[1];
  const auto r0 = w.taps(0, o0), r1 = w.taps(1, o1), r2 = w.taps(2, o2);
  for (int64_t k0 = r0.begin; k0 < r0.end; ++k0) {
    for (int64_t k1 = r1.begin; k1 < r1.end; ++k1) {
      const int64_t row = (w.input(0, o0, k0) * w.in[1] + w.input(1, o1, k1)) * w.in[2];
      for (int64_t k2 = r2.begin; k2 < r2.end; ++k2) {
        fn((k0 * w.size[1] + k1) * w.size[2] + k2, row + w.input(2, o2, k2));
      }
    }
  }
}

template <class T>
void convDirect(const ConvShape& s, const T* x, const T* kernel, T* y) {
  const Window& w = s.window;
  const int64_t positions = w.outputPositions(), perGroupIn = s.groupInputs(), perGroupOut = s.groupOutputs();
  parallelFor(s.batch * positions, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* out = y + i * s.outputs;
      std::fill(out, out + s.outputs, T(0));
      const T* image = x + i / positions * w.inputPositions() * s.inputs;
      forEachTap(w, i % positions, [&](int64_t tap, int64_t position) {
        for (int64_t c = 0; c < s.inputs; ++c) {
          const T value = image[position * s.inputs + c];
          const int64_t group = c / perGroupIn;
          const T* row = kernel + (tap * perGroupIn + c % perGroupIn) * s.outputs + group * perGroupOut;
          T* to = out + group * perGroupOut;
#pragma omp simd
          for (int64_t o = 0; o < perGroupOut; ++o) to[o] = multiplyAdd(to[o], value, row[o]);
        }
      });
    }
  });
}

template <class T>
void convInputGradDirect(const ConvShape& s, const T* dy, const T* kernel, T* dx) {
  const Window& w = s.window;
  const int64_t positions = w.outputPositions(), perGroupIn = s.groupInputs(), perGroupOut = s.groupOutputs();
  parallelFor(s.batch * s.groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i % s.groups, firstIn = group * perGroupIn, firstOut = group * perGroupOut;
      T* image = dx + i / s.groups * w.inputPositions() * s.inputs + firstIn;
      for (int64_t p = 0; p < w.inputPositions(); ++p) std::fill_n(image + p * s.inputs, perGroupIn, T(0));
      for (int64_t p = 0; p < positions; ++p) {
        const T* from = dy + (i / s.groups * positions + p) * s.outputs + firstOut;
        forEachTap(w, p, [&](int64_t tap, int64_t position) {
          for (int64_t c = 0; c < perGroupIn; ++c) {
            const T* row = kernel + (tap * perGroupIn + c) * s.outputs + firstOut;
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t o = 0; o < perGroupOut; ++o) sum = multiplyAdd(sum, from[o], row[o]);
            image[position * s.inputs + c] = T(image[position * s.inputs + c] + sum);
          }
        });
      }
    }
  });
}

template <class T>
void convKernelGradDirect(const ConvShape& s, const T* x, const T* dy, T* dkernel) {
  const Window& w = s.window;
  const int64_t positions = w.outputPositions(), perGroupIn = s.groupInputs(), perGroupOut = s.groupOutputs();
  parallelFor(s.inputs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const int64_t firstOut = c / perGroupIn * perGroupOut;
      T* column = dkernel + c % perGroupIn * s.outputs + firstOut;
      for (int64_t tap = 0; tap < w.taps(); ++tap)
        std::fill_n(column + tap * perGroupIn * s.outputs, perGroupOut, T(0));
      for (int64_t i = 0; i < s.batch * positions; ++i) {
        const T* image = x + i / positions * w.inputPositions() * s.inputs + c;
        const T* from = dy + i * s.outputs + firstOut;
        forEachTap(w, i % positions, [&](int64_t tap, int64_t position) {
          const T value = image[position * s.inputs];
          T* to = column + tap * perGroupIn * s.outputs;
#pragma omp simd
          for (int64_t o = 0; o < perGroupOut; ++o) to[o] = multiplyAdd(to[o], value, from[o]);
        });
      }
    }
  });
}

}  // namespace hornet

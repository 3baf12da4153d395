// One unit of each recurrent cell at one step: its gates and states, and their gradients. Products come from outside.
#pragma once

#include "fast_math.h"

namespace hornet {

/// Simple RNNs are named after their activation.
enum class RnnCell { lstm, gru, tanh, relu };

template <class T>
struct LstmUnit {
  T i, f, g, o, c, h;
};

/// From the sums of products that the gates are functions of.
template <class T>
HORNET_DEVICE_FN LstmUnit<T> lstmForward(T i, T f, T g, T o, T cBefore) {
  i = math::sigmoid(i);
  f = math::sigmoid(f);
  g = math::tanh(g);
  o = math::sigmoid(o);
  const T c = f * cBefore + i * g;
  return {i, f, g, o, c, o * math::tanh(c)};
}

/// Gradients of those sums; `c` is that of the state before the step. All of `dh` goes through the gates.
template <class T>
HORNET_DEVICE_FN LstmUnit<T> lstmBackward(T i, T f, T g, T o, T c, T cBefore, T dh, T dc) {
  const T squashed = math::tanh(c);
  const T dCell = dc + dh * o * (T(1) - squashed * squashed);
  return {dCell * g * i * (T(1) - i),
          dCell * cBefore * f * (T(1) - f),
          dCell * i * (T(1) - g * g),
          dh * squashed * o * (T(1) - o),
          dCell * f,
          T(0)};
}

template <class T>
struct GruUnit {
  T z, r, candidate, h;
};

/// `inner` is the state's part of the candidate, which r scales.
template <class T>
HORNET_DEVICE_FN GruUnit<T> gruForward(T z, T r, T candidate, T inner, T hBefore) {
  z = math::sigmoid(z);
  r = math::sigmoid(r);
  candidate = math::tanh(candidate + r * inner);
  return {z, r, candidate, z * hBefore + (T(1) - z) * candidate};
}

template <class T>
struct GruSlopes {
  T z, r, candidate, inner, h;
};

/// `h` is what reaches the state before the step past the gates.
template <class T>
HORNET_DEVICE_FN GruSlopes<T> gruBackward(T z, T r, T candidate, T inner, T hBefore, T dh) {
  const T dCandidate = dh * (T(1) - z) * (T(1) - candidate * candidate);
  return {dh * (hBefore - candidate) * z * (T(1) - z), dCandidate * inner * r * (T(1) - r), dCandidate, dCandidate * r,
          dh * z};
}

template <RnnCell kCell, class T>
HORNET_DEVICE_FN T simpleForward(T sum) {
  if constexpr (kCell == RnnCell::tanh) return math::tanh(sum);
  return sum < T(0) ? T(0) : sum;
}

template <RnnCell kCell, class T>
HORNET_DEVICE_FN T simpleBackward(T h, T dh) {
  if constexpr (kCell == RnnCell::tanh) return dh * (T(1) - h * h);
  return h > T(0) ? dh : T(0);
}

}  // namespace hornet

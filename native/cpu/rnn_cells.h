// One step of each recurrent cell for one sample, without its products: gates and states forward, their gradients back.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../fast_math.h"

namespace hornet {

/// `gates` hold the input's part of i, f, g and o and receive the gates; `recurrent` is the part of the state before.
template <class T>
void lstmForward(int64_t units, T* gates, const T* recurrent, const T* cBefore, T* c, T* h) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const T i = math::sigmoid(gates[u] + recurrent[u]);
    const T f = math::sigmoid(gates[units + u] + recurrent[units + u]);
    const T g = math::tanh(gates[2 * units + u] + recurrent[2 * units + u]);
    const T o = math::sigmoid(gates[3 * units + u] + recurrent[3 * units + u]);
    const T cell = f * cBefore[u] + i * g;
    gates[u] = i;
    gates[units + u] = f;
    gates[2 * units + u] = g;
    gates[3 * units + u] = o;
    c[u] = cell;
    h[u] = o * math::tanh(cell);
  }
}

/// Turns the gradients of the states after the step into those of the gates before their activations; `dc` becomes that
/// of the state before the step, `dh` zero: all of it goes through the gates.
template <class T>
void lstmBackward(int64_t units, const T* gates, const T* c, const T* cBefore, T* dh, T* dc, T* dGates) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const T i = gates[u], f = gates[units + u], g = gates[2 * units + u], o = gates[3 * units + u];
    const T squashed = math::tanh(c[u]);
    const T dCell = dc[u] + dh[u] * o * (1 - squashed * squashed);
    dGates[u] = dCell * g * i * (1 - i);
    dGates[units + u] = dCell * cBefore[u] * f * (1 - f);
    dGates[2 * units + u] = dCell * i * (1 - g * g);
    dGates[3 * units + u] = dh[u] * squashed * o * (1 - o);
    dc[u] = dCell * f;
    dh[u] = 0;
  }
}

/// `gates` hold the input's part of z, r and the candidate. The candidate's `recurrent` part, which r scales, is kept.
template <class T>
void gruForward(int64_t units, T* gates, const T* recurrent, const T* bias, const T* hBefore, T* kept, T* h) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const T z = math::sigmoid(gates[u] + recurrent[u]);
    const T r = math::sigmoid(gates[units + u] + recurrent[units + u]);
    const T inner = recurrent[2 * units + u] + bias[u];
    const T candidate = math::tanh(gates[2 * units + u] + r * inner);
    gates[u] = z;
    gates[units + u] = r;
    gates[2 * units + u] = candidate;
    kept[u] = inner;
    h[u] = z * hBefore[u] + (1 - z) * candidate;
  }
}

/// `dGates` are the gradients of the input's part, `dRecurrent` of the state's; they differ in the candidate. `dh`
/// becomes what reaches the state before the step past the gates.
template <class T>
void gruBackward(int64_t units, const T* gates, const T* kept, const T* hBefore, T* dh, T* dGates, T* dRecurrent) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const T z = gates[u], r = gates[units + u], candidate = gates[2 * units + u];
    const T dCandidate = dh[u] * (1 - z) * (1 - candidate * candidate);
    const T dz = dh[u] * (hBefore[u] - candidate) * z * (1 - z);
    const T dr = dCandidate * kept[u] * r * (1 - r);
    dGates[u] = dRecurrent[u] = dz;
    dGates[units + u] = dRecurrent[units + u] = dr;
    dGates[2 * units + u] = dCandidate;
    dRecurrent[2 * units + u] = dCandidate * r;
    dh[u] *= z;
  }
}

/// `h` holds the input's part and receives the state.
template <class T>
void tanhForward(int64_t units, T* h, const T* recurrent) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) h[u] = math::tanh(h[u] + recurrent[u]);
}

template <class T>
void reluForward(int64_t units, T* h, const T* recurrent) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const T sum = h[u] + recurrent[u];
    h[u] = sum < 0 ? T(0) : sum;
  }
}

template <class T>
void tanhBackward(int64_t units, const T* h, T* dh, T* dGates) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    dGates[u] = dh[u] * (1 - h[u] * h[u]);
    dh[u] = 0;
  }
}

template <class T>
void reluBackward(int64_t units, const T* h, T* dh, T* dGates) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    dGates[u] = h[u] > 0 ? dh[u] : T(0);
    dh[u] = 0;
  }
}

template <class T>
void accumulate(int64_t count, const T* from, T* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace hornet

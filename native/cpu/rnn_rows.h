// Steps of recurrent cells over the units of one sample. What one unit does is in ../rnn_cell.h.
#pragma once

#include <cstdint>

#include "../rnn_cell.h"

namespace hornet {

/// `gates` hold the input's part of i, f, g and o and receive the gates; `recurrent` is the part of the state before.
template <class T>
void lstmForward(int64_t units, T* gates, const T* recurrent, const T* cBefore, T* c, T* h) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const int64_t f = units + u, g = 2 * units + u, o = 3 * units + u;
    const LstmUnit<T> unit = lstmForward(gates[u] + recurrent[u], gates[f] + recurrent[f], gates[g] + recurrent[g],
                                         gates[o] + recurrent[o], cBefore[u]);
    gates[u] = unit.i;
    gates[f] = unit.f;
    gates[g] = unit.g;
    gates[o] = unit.o;
    c[u] = unit.c;
    h[u] = unit.h;
  }
}

/// Turns the gradients of the states after the step into those of the gates before their activations and those of the
/// states before the step, but for what reaches these through the gates.
template <class T>
void lstmBackward(int64_t units, const T* gates, const T* c, const T* cBefore, T* dh, T* dc, T* dGates) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const int64_t f = units + u, g = 2 * units + u, o = 3 * units + u;
    const LstmUnit<T> d = lstmBackward(gates[u], gates[f], gates[g], gates[o], c[u], cBefore[u], dh[u], dc[u]);
    dGates[u] = d.i;
    dGates[f] = d.f;
    dGates[g] = d.g;
    dGates[o] = d.o;
    dc[u] = d.c;
    dh[u] = d.h;
  }
}

/// `gates` hold the input's part of z, r and the candidate. The candidate's `recurrent` part is kept.
template <class T>
void gruForward(int64_t units, T* gates, const T* recurrent, const T* bias, const T* hBefore, T* kept, T* h) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const int64_t r = units + u, candidate = 2 * units + u;
    const T inner = recurrent[candidate] + bias[u];
    const GruUnit<T> unit =
        gruForward(gates[u] + recurrent[u], gates[r] + recurrent[r], gates[candidate], inner, hBefore[u]);
    gates[u] = unit.z;
    gates[r] = unit.r;
    gates[candidate] = unit.candidate;
    kept[u] = inner;
    h[u] = unit.h;
  }
}

/// `dGates` are the gradients of the input's part, `dRecurrent` of the state's; they differ in the candidate.
template <class T>
void gruBackward(int64_t units, const T* gates, const T* kept, const T* hBefore, T* dh, T* dGates, T* dRecurrent) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    const int64_t r = units + u, candidate = 2 * units + u;
    const GruSlopes<T> d = gruBackward(gates[u], gates[r], gates[candidate], kept[u], hBefore[u], dh[u]);
    dGates[u] = dRecurrent[u] = d.z;
    dGates[r] = dRecurrent[r] = d.r;
    dGates[candidate] = d.candidate;
    dRecurrent[candidate] = d.inner;
    dh[u] = d.h;
  }
}

/// `h` holds the input's part and receives the state.
template <RnnCell kCell, class T>
void simpleForward(int64_t units, T* h, const T* recurrent) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) h[u] = simpleForward<kCell>(h[u] + recurrent[u]);
}

template <RnnCell kCell, class T>
void simpleBackward(int64_t units, const T* h, T* dh, T* dGates) {
#pragma omp simd
  for (int64_t u = 0; u < units; ++u) {
    dGates[u] = simpleBackward<kCell>(h[u], dh[u]);
    dh[u] = 0;
  }
}

template <class T>
void accumulate(int64_t count, const T* from, T* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace hornet

// The arithmetic of recurrences as cuDNN defines it, one layer in one direction.
#pragma once

#include <cudnn.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace emulated::dnn {

/// Gates of a cell: how many matrices a layer has for the input, and as many for the state.
inline int gatesOf(cudnnRNNMode_t mode) { return mode == CUDNN_LSTM ? 4 : mode == CUDNN_GRU ? 3 : 1; }
/// What the reserve holds of each unit and step: activations, then their gradients.
inline int keptOf(cudnnRNNMode_t mode) { return mode == CUDNN_LSTM ? 5 : mode == CUDNN_GRU ? 4 : 1; }

struct CellSizes {
  cudnnRNNMode_t mode;
  int64_t inputs, units, batch, steps;

  int64_t gates() const { return gatesOf(mode); }
  int64_t kept() const { return keptOf(mode); }
  int64_t matrix(int64_t gate) const { return units * (gate < gates() ? inputs : units); }
};

/// Matrices [units, inputs] and biases of all gates, of the input first.
template <class S>
struct CellWeights {
  std::vector<std::vector<S>> matrices, biases;
};

/// Everything dense: x [batch, steps, inputs], y [batch, steps, units], states [batch, units]; the reserve
/// [steps, batch, 2 · kept, units].
template <class S>
struct CellRun {
  CellSizes sizes;
  std::vector<int32_t> lengths;
  CellWeights<S> weights;
  std::vector<S> x, y, hx, cx, hy, cy, reserve;
  // Going backward.
  std::vector<S> dy, dhy, dcy, dx, dhx, dcx;

  void forward();
  void backwardData();
  /// Adds to the gradients of weights.
  void backwardWeights(CellWeights<S>& gradients) const;

 private:
  S* place(int64_t step, int64_t sample, int64_t part) {
    return &reserve[size_t(((step * sizes.batch + sample) * 2 * sizes.kept() + part) * sizes.units)];
  }
  const S* place(int64_t step, int64_t sample, int64_t part) const {
    return const_cast<CellRun*>(this)->place(step, sample, part);
  }
  const S* before(int64_t step, int64_t sample) const {
    return step > 0 ? &y[size_t((sample * sizes.steps + step - 1) * sizes.units)] : &hx[size_t(sample * sizes.units)];
  }
  void forwardStep(int64_t step, int64_t sample, S* state, S* cell);
  void backwardStep(int64_t step, int64_t sample, std::vector<S>& dh, std::vector<S>& dc);
};

template <class S>
S logistic(S x) {
  return S(1) / (S(1) + std::exp(-x));
}

template <class S>
S product(const std::vector<S>& matrix, const S* vector, int64_t row, int64_t columns) {
  S sum = 0;
  for (int64_t i = 0; i < columns; ++i) sum += matrix[size_t(row * columns + i)] * vector[i];
  return sum;
}

template <class S>
void CellRun<S>::forwardStep(int64_t step, int64_t sample, S* state, S* cell) {
  const int64_t units = sizes.units, gates = sizes.gates();
  const S* input = &x[size_t((sample * sizes.steps + step) * sizes.inputs)];
  const std::vector<S> old(state, state + units);
  const auto in = [&](int64_t gate, int64_t u) {
    return product(weights.matrices[size_t(gate)], input, u, sizes.inputs) + weights.biases[size_t(gate)][size_t(u)];
  };
  const auto recurrent = [&](int64_t gate, int64_t u) {
    return product(weights.matrices[size_t(gates + gate)], old.data(), u, units) +
           weights.biases[size_t(gates + gate)][size_t(u)];
  };
  for (int64_t u = 0; u < units; ++u) {
    const auto keep = [&](int64_t part, S value) { return place(step, sample, part)[u] = value; };
    if (sizes.mode == CUDNN_LSTM) {
      const S i = keep(0, logistic(in(0, u) + recurrent(0, u))), f = keep(1, logistic(in(1, u) + recurrent(1, u)));
      const S g = keep(2, std::tanh(in(2, u) + recurrent(2, u))), o = keep(3, logistic(in(3, u) + recurrent(3, u)));
      const S c = keep(4, f * cell[u] + i * g);
      cell[u] = c;
      state[u] = o * std::tanh(c);
    } else if (sizes.mode == CUDNN_GRU) {
      const S r = keep(0, logistic(in(0, u) + recurrent(0, u))), z = keep(1, logistic(in(1, u) + recurrent(1, u)));
      const S inner = keep(3, recurrent(2, u));
      const S n = keep(2, std::tanh(in(2, u) + r * inner));
      state[u] = (S(1) - z) * n + z * old[size_t(u)];
    } else {
      const S sum = in(0, u) + recurrent(0, u);
      state[u] = keep(0, sizes.mode == CUDNN_RNN_TANH ? std::tanh(sum) : sum > S(0) ? sum : S(0));
    }
  }
}

template <class S>
void CellRun<S>::forward() {
  const int64_t units = sizes.units;
  hy = hx, cy = cx;
  for (int64_t sample = 0; sample < sizes.batch; ++sample)
    for (int64_t step = 0; step < lengths[size_t(sample)]; ++step) {
      S* state = &hy[size_t(sample * units)];
      forwardStep(step, sample, state, cy.empty() ? nullptr : &cy[size_t(sample * units)]);
      for (int64_t u = 0; u < units; ++u) y[size_t((sample * sizes.steps + step) * units + u)] = state[u];
    }
}

template <class S>
void CellRun<S>::backwardStep(int64_t step, int64_t sample, std::vector<S>& dh, std::vector<S>& dc) {
  const int64_t units = sizes.units, gates = sizes.gates(), kept = sizes.kept();
  const S* old = before(step, sample);
  std::vector<S> next(static_cast<size_t>(units));
  for (int64_t i = 0; i < units; ++i) {
    const size_t u = size_t(i);
    const auto value = [&](int64_t part) { return place(step, sample, part)[i]; };
    // The gradients of the sums before the activations; of a GRU's last gate that of the state's part, too.
    const auto keep = [&](int64_t part, S gradient) { place(step, sample, kept + part)[i] = gradient; };
    const S d = dh[u];
    if (sizes.mode == CUDNN_LSTM) {
      const S in = value(0), f = value(1), g = value(2), o = value(3), c = value(4), t = std::tanh(c);
      const S oldCell = step > 0 ? place(step - 1, sample, 4)[i] : cx[size_t(sample * units + i)];
      const S dCell = dc[u] + d * o * (S(1) - t * t);
      keep(0, dCell * g * in * (S(1) - in));
      keep(1, dCell * oldCell * f * (S(1) - f));
      keep(2, dCell * in * (S(1) - g * g));
      keep(3, d * t * o * (S(1) - o));
      dc[u] = dCell * f;
    } else if (sizes.mode == CUDNN_GRU) {
      const S r = value(0), z = value(1), n = value(2), inner = value(3);
      const S dn = d * (S(1) - z) * (S(1) - n * n);
      keep(0, dn * inner * r * (S(1) - r));
      keep(1, d * (old[i] - n) * z * (S(1) - z));
      keep(2, dn);
      keep(3, dn * r);
      next[u] = d * z;
    } else {
      const S h = value(0);
      keep(0, sizes.mode == CUDNN_RNN_TANH ? d * (S(1) - h * h) : h > S(0) ? d : S(0));
    }
  }
  for (int64_t gate = 0; gate < gates; ++gate) {
    const S* forInput = place(step, sample, kept + gate);
    const S* forState = place(step, sample, kept + (sizes.mode == CUDNN_GRU && gate == 2 ? 3 : gate));
    const std::vector<S>&w = weights.matrices[size_t(gate)], &r = weights.matrices[size_t(gates + gate)];
    for (int64_t u = 0; u < units; ++u) {
      for (int64_t i = 0; i < sizes.inputs; ++i)
        dx[size_t((sample * sizes.steps + step) * sizes.inputs + i)] += forInput[u] * w[size_t(u * sizes.inputs + i)];
      for (int64_t i = 0; i < units; ++i) next[size_t(i)] += forState[u] * r[size_t(u * units + i)];
    }
  }
  dh = next;
}

template <class S>
void CellRun<S>::backwardData() {
  const int64_t units = sizes.units;
  dhx.assign(hx.size(), S(0)), dcx.assign(cx.size(), S(0)), dx.assign(dx.size(), S(0));
  for (int64_t sample = 0; sample < sizes.batch; ++sample) {
    const auto row = [&](const std::vector<S>& values) {
      if (values.empty()) return std::vector<S>(size_t(units), S(0));
      return std::vector<S>(values.begin() + sample * units, values.begin() + (sample + 1) * units);
    };
    std::vector<S> dh = row(dhy), dc = row(dcy);
    for (int64_t step = lengths[size_t(sample)]; step-- > 0;) {
      for (int64_t u = 0; u < units; ++u) dh[size_t(u)] += dy[size_t((sample * sizes.steps + step) * units + u)];
      backwardStep(step, sample, dh, dc);
    }
    std::copy(dh.begin(), dh.end(), dhx.begin() + sample * units);
    if (!dcx.empty()) std::copy(dc.begin(), dc.end(), dcx.begin() + sample * units);
  }
}

template <class S>
void CellRun<S>::backwardWeights(CellWeights<S>& gradients) const {
  const int64_t units = sizes.units, gates = sizes.gates(), kept = sizes.kept();
  for (int64_t sample = 0; sample < sizes.batch; ++sample)
    for (int64_t step = 0; step < lengths[size_t(sample)]; ++step)
      for (int64_t gate = 0; gate < 2 * gates; ++gate) {
        const bool isInput = gate < gates;
        const int64_t own = gate % gates, columns = isInput ? sizes.inputs : units;
        const S* d = place(step, sample, kept + (sizes.mode == CUDNN_GRU && !isInput && own == 2 ? 3 : own));
        const S* from = isInput ? &x[size_t((sample * sizes.steps + step) * sizes.inputs)] : before(step, sample);
        for (int64_t u = 0; u < units; ++u) {
          gradients.biases[size_t(gate)][size_t(u)] += d[u];
          for (int64_t i = 0; i < columns; ++i)
            gradients.matrices[size_t(gate)][size_t(u * columns + i)] += d[u] * from[i];
        }
      }
}

}  // namespace emulated::dnn

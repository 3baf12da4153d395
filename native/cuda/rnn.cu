// Steps of recurrences between their products, and the ways to and from a library's weights.
#include "rnn.h"

#include "../convert.h"

namespace hornet {

/// One thread per sample and unit.
template <class Body>
__device__ inline void forEachUnit(const RnnStep& step, Body body) {
  const int64_t count = step.batch * step.units, stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    body(i, i / step.units, i % step.units);
  }
}

__device__ inline bool counts(const RnnStep& step, int64_t row) {
  return step.mask == nullptr || static_cast<const uint8_t*>(step.mask)[row] != 0;
}

template <class T, class C, RnnCell kCell>
__device__ void rnnForward(const RnnForwardArgs& args) {
  constexpr int64_t kGates = rnnGates(kCell), kSaved = rnnSaved(kCell);
  const RnnStep& step = args.step;
  const int64_t units = step.units;
  forEachUnit(step, [&](int64_t i, int64_t sample, int64_t u) {
    const int64_t row = sample * step.steps + step.here;
    T* y = static_cast<T*>(args.y) + row * units + u;
    T* saved = static_cast<T*>(args.saved) + row * kSaved * units + u;
    C& h = static_cast<C*>(args.h)[i];
    if (!counts(step, row)) {
      const bool repeats = !step.zeroOutput && step.before >= 0;
      *y = repeats ? y[(step.before - step.here) * units] : convert<T>(C(0));
      if constexpr (kCell == RnnCell::lstm) saved[4 * units] = convert<T>(static_cast<C*>(args.c)[i]);
      return;
    }
    const C* input = static_cast<const C*>(args.input) + row * kGates * units + u;
    const C* product = static_cast<const C*>(args.recurrent) + sample * kGates * units + u;
    const auto recurrent = [&](int64_t gate) {
      const T* bias = static_cast<const T*>(args.bias);
      return bias == nullptr ? product[gate * units] : product[gate * units] + convert<C>(bias[gate * units + u]);
    };
    const auto sum = [&](int64_t gate) { return input[gate * units] + recurrent(gate); };
    if constexpr (kCell == RnnCell::lstm) {
      C& c = static_cast<C*>(args.c)[i];
      const LstmUnit<C> unit = lstmForward(sum(0), sum(1), sum(2), sum(3), c);
      saved[0] = convert<T>(unit.i);
      saved[units] = convert<T>(unit.f);
      saved[2 * units] = convert<T>(unit.g);
      saved[3 * units] = convert<T>(unit.o);
      saved[4 * units] = convert<T>(unit.c);
      c = unit.c;
      h = unit.h;
    } else if constexpr (kCell == RnnCell::gru) {
      const C inner = recurrent(2);
      const GruUnit<C> unit = gruForward(sum(0), sum(1), input[2 * units], inner, h);
      saved[0] = convert<T>(unit.z);
      saved[units] = convert<T>(unit.r);
      saved[2 * units] = convert<T>(unit.candidate);
      saved[3 * units] = convert<T>(inner);
      h = unit.h;
    } else {
      h = simpleForward<kCell>(sum(0));
    }
    *y = convert<T>(h);
  });
}

template <class T, class C, RnnCell kCell>
__device__ void rnnBackward(const RnnBackwardArgs& args) {
  constexpr int64_t kGates = rnnGates(kCell), kSaved = rnnSaved(kCell);
  const RnnStep& step = args.step;
  const int64_t units = step.units;
  forEachUnit(step, [&](int64_t i, int64_t sample, int64_t u) {
    const int64_t row = sample * step.steps + step.here;
    C& past = static_cast<C*>(args.past)[i];
    C& pending = static_cast<C*>(args.pending)[i];
    C* gates = static_cast<C*>(args.dGates) + row * kGates * units + u;
    C* recurrents = static_cast<C*>(args.dRecurrent) + row * kGates * units + u;
    C* ofStep = static_cast<C*>(args.dStep) + sample * kGates * units + u;
    const auto put = [&](int64_t gate, C value, C recurrent) {
      gates[gate * units] = value;
      ofStep[gate * units] = recurrent;
      if constexpr (kCell == RnnCell::gru) recurrents[gate * units] = recurrent;
    };
    const C dy = args.dy == nullptr ? C(0) : convert<C>(static_cast<const T*>(args.dy)[row * units + u]);
    C dh = static_cast<const C*>(args.through)[i] + past;
    if (!counts(step, row)) {
      past = dh;
      // The output before this step was repeated here: its gradient waits for that step.
      if (!step.zeroOutput) pending += dy;
      for (int64_t gate = 0; gate < kGates; ++gate) put(gate, C(0), C(0));
      return;
    }
    dh += dy + pending;
    pending = C(0);
    past = C(0);
    const T* saved = static_cast<const T*>(args.saved) + row * kSaved * units + u;
    const auto value = [&](int64_t which) { return convert<C>(saved[which * units]); };
    if constexpr (kCell == RnnCell::lstm) {
      C& dc = static_cast<C*>(args.dc)[i];
      const T* firstC = static_cast<const T*>(args.firstC);
      const C cBefore = step.before >= 0    ? convert<C>(saved[((step.before - step.here) * kSaved + 4) * units])
                        : firstC == nullptr ? C(0)
                                            : convert<C>(firstC[i]);
      const LstmUnit<C> d = lstmBackward(value(0), value(1), value(2), value(3), value(4), cBefore, dh, dc);
      put(0, d.i, d.i);
      put(1, d.f, d.f);
      put(2, d.g, d.g);
      put(3, d.o, d.o);
      dc = d.c;
    } else if constexpr (kCell == RnnCell::gru) {
      const C before = static_cast<const C*>(args.before)[row * units + u];
      const GruSlopes<C> d = gruBackward(value(0), value(1), value(2), value(3), before, dh);
      put(0, d.z, d.z);
      put(1, d.r, d.r);
      put(2, d.candidate, d.inner);
      past = d.h;
    } else {
      const C d = simpleBackward<kCell>(convert<C>(static_cast<const T*>(args.y)[row * units + u]), dh);
      put(0, d, d);
    }
  });
}

template <class T, class C>
__device__ void rnnBefore(const RnnBeforeArgs& args) {
  const int64_t count = args.batch * args.units, stride = int64_t(gridDim.x) * blockDim.x;
  const uint8_t* mask = static_cast<const uint8_t*>(args.mask);
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int64_t sample = i / args.units, u = i % args.units;
    C h = args.firstH == nullptr ? C(0) : convert<C>(static_cast<const T*>(args.firstH)[i]);
    for (int64_t k = 0; k < args.steps; ++k) {
      const int64_t row = sample * args.steps + (args.reverse ? args.steps - 1 - k : k);
      static_cast<C*>(args.to)[row * args.units + u] = h;
      if (mask == nullptr || mask[row] != 0) h = convert<C>(static_cast<const T*>(args.y)[row * args.units + u]);
    }
  }
}

template <class From, class To>
__device__ void rnnConvert(const RnnConvertArgs& args) {
  const From *from = static_cast<const From*>(args.from), *plus = static_cast<const From*>(args.plus);
  const int64_t stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += stride) {
    To* to = static_cast<To*>(args.to) + i;
    if (from == nullptr) {
      *to = convert<To>(0.0f);
    } else if constexpr (std::is_arithmetic_v<From>) {
      *to = convert<To>(plus == nullptr ? from[i] : from[i] + plus[i]);
    } else {
      *to = convert<To>(from[i]);
    }
  }
}

template <class T>
__device__ void rnnReverse(const RnnReverseArgs& args) {
  const int64_t count = args.batch * args.steps * args.width, stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int64_t row = i / args.width, column = i % args.width, step = row % args.steps;
    const int64_t other = row - step + args.steps - 1 - step;
    static_cast<T*>(args.to)[other * args.width + column] = static_cast<const T*>(args.from)[i];
  }
}

__device__ void rnnLengths(const RnnLengthsArgs& args) {
  const int64_t stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += stride)
    args.to[i] = args.length;
}

/// Blocks of part y turn tiles of its matrix: `toLibrary` from the tensors, else to them.
template <class T, bool toLibrary>
__device__ void rnnWeights(const RnnWeightsArgs& args) {
  __shared__ T tile[kRnnTile][kRnnTile + 1];
  const RnnWeightsArgs::Part& part = args.parts[blockIdx.y];
  const int64_t rows = toLibrary ? part.inputs : args.units, columns = toLibrary ? args.units : part.inputs;
  T* matrix = static_cast<T*>(part.matrix);
  T* kernel = static_cast<T*>(part.kernel);
  const T* from = toLibrary ? kernel : matrix;
  T* to = toLibrary ? matrix : kernel;
  const int64_t fromStep = toLibrary ? args.width : part.inputs, toStep = toLibrary ? part.inputs : args.width;
  const int lane = int(threadIdx.x) % kRnnTile, line = int(threadIdx.x) / kRnnTile, lines = int(blockDim.x) / kRnnTile;
  const int64_t across = (columns + kRnnTile - 1) / kRnnTile, tiles = (rows + kRnnTile - 1) / kRnnTile * across;
  for (int64_t i = blockIdx.x; i < tiles; i += gridDim.x) {
    const int64_t row = i / across * kRnnTile, column = i % across * kRnnTile;
    for (int r = line; r < kRnnTile; r += lines) {
      if (row + r < rows && column + lane < columns) tile[r][lane] = from[(row + r) * fromStep + column + lane];
    }
    __syncthreads();
    for (int r = line; r < kRnnTile; r += lines) {
      if (column + r < columns && row + lane < rows) to[(column + r) * toStep + row + lane] = tile[lane][r];
    }
    __syncthreads();
  }
  if (part.bias == nullptr || blockIdx.x != 0) return;
  T *library = static_cast<T*>(part.bias), *tensor = static_cast<T*>(part.tensorBias);
  for (int64_t u = threadIdx.x; u < args.units; u += blockDim.x) {
    if (!toLibrary) {
      tensor[u] = library[u];
    } else {
      library[u] = tensor == nullptr ? convert<T>(0.0f) : tensor[u];
    }
  }
}

}  // namespace hornet

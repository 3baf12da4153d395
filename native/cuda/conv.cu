// Convolutions that cuDNN does not take, or is slow at: direct ones of any shape and type, and depthwise ones.
// Sums are made in C: integers in an unsigned type, where overflow is defined.
#include "conv.h"

#include "pack.h"

namespace hornet {

template <class T, class C>
__device__ inline void finishConv(const DirectConvArgs& args, int64_t i, C sum, int64_t channel) {
  if (args.bias) sum += convert<C>(static_cast<const T*>(args.bias)[channel]);
  if constexpr (std::is_floating_point_v<C>) {
    sum = activate(args.activation, sum);
  } else if constexpr (std::is_signed_v<T>) {
    if (args.activation == Activation::relu && T(sum) < T(0)) sum = 0;
  }
  static_cast<T*>(args.result)[i] = convert<T>(sum);
}

template <class T, class C>
__device__ void convDirect(const DirectConvArgs& args) {
  const ConvShape& s = args.shape;
  const Window& w = s.window;
  const T *x = static_cast<const T*>(args.a), *kernel = static_cast<const T*>(args.b);
  const int64_t perGroupIn = s.groupInputs(), perGroupOut = s.groupOutputs();
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    const int64_t o = i % s.outputs, place = i / s.outputs;
    const int64_t o2 = place % w.out[2], o1 = place / w.out[2] % w.out[1];
    const int64_t o0 = place / w.out[2] / w.out[1] % w.out[0], image = place / w.outputPositions();
    const auto r0 = w.taps(0, o0), r1 = w.taps(1, o1), r2 = w.taps(2, o2);
    C sum = 0;
    for (int64_t k0 = r0.begin; k0 < r0.end; ++k0) {
      for (int64_t k1 = r1.begin; k1 < r1.end; ++k1) {
        const int64_t row = ((image * w.in[0] + w.input(0, o0, k0)) * w.in[1] + w.input(1, o1, k1)) * w.in[2];
        for (int64_t k2 = r2.begin; k2 < r2.end; ++k2) {
          const int64_t tap = (k0 * w.size[1] + k1) * w.size[2] + k2;
          const T* from = x + (row + w.input(2, o2, k2)) * s.inputs + o / perGroupOut * perGroupIn;
          const T* weights = kernel + tap * perGroupIn * s.outputs + o;
          for (int64_t c = 0; c < perGroupIn; ++c) sum += convert<C>(from[c]) * convert<C>(weights[c * s.outputs]);
        }
      }
    }
    finishConv<T>(args, i, sum, o);
  }
}

/// The output that reads input `i` at this tap, or a negative number.
__device__ inline int64_t outputOf(const Window& w, int axis, int64_t i, int64_t tap) {
  const int64_t shifted = i + w.lo[axis] - tap * w.dilation[axis];
  if (shifted < 0 || shifted % w.stride[axis] != 0) return -1;
  const int64_t o = shifted / w.stride[axis];
  return o < w.out[axis] ? o : -1;
}

template <class T, class C>
__device__ void convInputGradDirect(const DirectConvArgs& args) {
  const ConvShape& s = args.shape;
  const Window& w = s.window;
  const T *dy = static_cast<const T*>(args.a), *kernel = static_cast<const T*>(args.b);
  const int64_t perGroupIn = s.groupInputs(), perGroupOut = s.groupOutputs();
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    const int64_t c = i % s.inputs, place = i / s.inputs, group = c / perGroupIn;
    const int64_t i2 = place % w.in[2], i1 = place / w.in[2] % w.in[1];
    const int64_t i0 = place / w.in[2] / w.in[1] % w.in[0], image = place / w.inputPositions();
    C sum = 0;
    for (int64_t k0 = 0; k0 < w.size[0]; ++k0) {
      const int64_t o0 = outputOf(w, 0, i0, k0);
      if (o0 < 0) continue;
      for (int64_t k1 = 0; k1 < w.size[1]; ++k1) {
        const int64_t o1 = outputOf(w, 1, i1, k1);
        if (o1 < 0) continue;
        for (int64_t k2 = 0; k2 < w.size[2]; ++k2) {
          const int64_t o2 = outputOf(w, 2, i2, k2);
          if (o2 < 0) continue;
          const int64_t position = ((image * w.out[0] + o0) * w.out[1] + o1) * w.out[2] + o2;
          const int64_t tap = (k0 * w.size[1] + k1) * w.size[2] + k2;
          const T* from = dy + position * s.outputs + group * perGroupOut;
          const T* weights = kernel + (tap * perGroupIn + c % perGroupIn) * s.outputs + group * perGroupOut;
          for (int64_t o = 0; o < perGroupOut; ++o) sum += convert<C>(from[o]) * convert<C>(weights[o]);
        }
      }
    }
    finishConv<T>(args, i, sum, c);
  }
}

template <class T, class C>
__device__ void convKernelGradDirect(const DirectConvArgs& args) {
  const ConvShape& s = args.shape;
  const Window& w = s.window;
  const T *x = static_cast<const T*>(args.a), *dy = static_cast<const T*>(args.b);
  const int64_t perGroupIn = s.groupInputs();
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    const int64_t o = i % s.outputs, c = i / s.outputs % perGroupIn + o / s.groupOutputs() * perGroupIn;
    const int64_t tap = i / s.outputs / perGroupIn;
    const int64_t k2 = tap % w.size[2], k1 = tap / w.size[2] % w.size[1], k0 = tap / w.size[2] / w.size[1];
    C sum = 0;
    for (int64_t image = 0; image < s.batch; ++image) {
      for (int64_t o0 = 0; o0 < w.out[0]; ++o0) {
        const int64_t i0 = w.input(0, o0, k0);
        if (i0 < 0 || i0 >= w.in[0]) continue;
        for (int64_t o1 = 0; o1 < w.out[1]; ++o1) {
          const int64_t i1 = w.input(1, o1, k1);
          if (i1 < 0 || i1 >= w.in[1]) continue;
          const T* from = x + ((image * w.in[0] + i0) * w.in[1] + i1) * w.in[2] * s.inputs + c;
          const T* gradient = dy + ((image * w.out[0] + o0) * w.out[1] + o1) * w.out[2] * s.outputs + o;
          for (int64_t o2 = 0; o2 < w.out[2]; ++o2) {
            const int64_t i2 = w.input(2, o2, k2);
            if (i2 < 0 || i2 >= w.in[2]) continue;
            sum += convert<C>(from[i2 * s.inputs]) * convert<C>(gradient[o2 * s.outputs]);
          }
        }
      }
    }
    static_cast<T*>(args.result)[i] = convert<T>(sum);
  }
}

/// A pack of the inputs that outputs from `first` on read at one place: one input each, or the same for neighbours.
template <bool kOneToOne, class T, class C, int kPack, class Index>
__device__ inline void loadDepthwise(const DepthwiseArgs<Index>& args, const T* from, Index first, C (&values)[kPack]) {
  if constexpr (kOneToOne) {
    loadPack(from + first, values);
  } else {
#pragma unroll
    for (int j = 0; j < kPack; ++j) values[j] = convert<C>(from[args.multiplier.divide(first + j)]);
  }
}

template <bool kOneToOne, class T, class C, int kPack, class Index>
__device__ void convDepthwise(const DepthwiseArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const Int o0 = place.at[0], o1 = place.at[1], o2 = place.at[2] * kDepthwiseColumns;
    const Index channel = place.pack * kPack;
    C sums[kDepthwiseColumns][kPack] = {};
    for (Int k0 = 0; k0 < w.size[0]; ++k0) {
      const Int i0 = w.input(0, o0, k0);
      if (i0 < 0 || i0 >= w.in[0]) continue;
      for (Int k1 = 0; k1 < w.size[1]; ++k1) {
        const Int i1 = w.input(1, o1, k1);
        if (i1 < 0 || i1 >= w.in[1]) continue;
        const T* row =
            static_cast<const T*>(args.from) + ((place.image * w.in[0] + i0) * w.in[1] + i1) * w.in[2] * args.inputs;
        const T* weights =
            static_cast<const T*>(args.kernel) + Index(k0 * w.size[1] + k1) * w.size[2] * args.outputs + channel;
        for (Int k2 = 0; k2 < w.size[2]; ++k2) {
          C weight[kPack];
          loadPack(weights + k2 * args.outputs, weight);
#pragma unroll
          for (int j = 0; j < kDepthwiseColumns; ++j) {
            const Int i2 = w.input(2, o2 + j, k2);
            if (i2 < 0 || i2 >= w.in[2]) continue;
            C values[kPack];
            loadDepthwise<kOneToOne>(args, row + i2 * args.inputs, channel, values);
#pragma unroll
            for (int c = 0; c < kPack; ++c) sums[j][c] += values[c] * weight[c];
          }
        }
      }
    }
    T* y = static_cast<T*>(args.result) +
           (((place.image * w.out[0] + o0) * w.out[1] + o1) * w.out[2] + o2) * args.outputs + channel;
    C shifts[kPack] = {};
    if (args.bias) loadPack(static_cast<const T*>(args.bias) + channel, shifts);
#pragma unroll
    for (int j = 0; j < kDepthwiseColumns; ++j) {
      if (o2 + j >= w.out[2]) continue;
#pragma unroll
      for (int c = 0; c < kPack; ++c) sums[j][c] = activate(args.activation, sums[j][c] + shifts[c]);
      storePack(y + j * args.outputs, sums[j]);
    }
  }
}

template <bool kOneToOne, class T, class C, int kPack, class Index>
__device__ void convDepthwiseInputGrad(const DepthwiseArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  const SlidingArgs<Index>& w = args.window;
  for (Index i = blockIdx.x * Index(blockDim.x) + threadIdx.x; i < args.count; i += gridDim.x * Index(blockDim.x)) {
    const SlidingPlace<Index> place = args.places(i);
    const Int i0 = place.at[0], i1 = place.at[1], i2 = place.at[2] * kDepthwiseColumns;
    const Index channel = place.pack * kPack, multiplier = args.multiplier.size;
    C sums[kDepthwiseColumns][kPack] = {};
    for (Int k0 = 0; k0 < w.size[0]; ++k0) {
      const Int o0 = w.output(0, i0, k0);
      if (o0 < 0) continue;
      for (Int k1 = 0; k1 < w.size[1]; ++k1) {
        const Int o1 = w.output(1, i1, k1);
        if (o1 < 0) continue;
        const T* row = static_cast<const T*>(args.from) +
                       ((place.image * w.out[0] + o0) * w.out[1] + o1) * w.out[2] * args.outputs + channel * multiplier;
        const T* weights = static_cast<const T*>(args.kernel) + Index(k0 * w.size[1] + k1) * w.size[2] * args.outputs +
                           channel * multiplier;
        for (Int k2 = 0; k2 < w.size[2]; ++k2) {
#pragma unroll
          for (int j = 0; j < kDepthwiseColumns; ++j) {
            const Int o2 = i2 + j < w.in[2] ? w.output(2, i2 + j, k2) : -1;
            if (o2 < 0) continue;
            const T *from = row + o2 * args.outputs, *weight = weights + k2 * args.outputs;
            if constexpr (kOneToOne) {
              C gradients[kPack], factors[kPack];
              loadPack(from, gradients);
              loadPack(weight, factors);
#pragma unroll
              for (int c = 0; c < kPack; ++c) sums[j][c] += gradients[c] * factors[c];
            } else {
              for (int c = 0; c < kPack; ++c) {
                for (Index m = 0; m < multiplier; ++m) {
                  sums[j][c] += convert<C>(from[c * multiplier + m]) * convert<C>(weight[c * multiplier + m]);
                }
              }
            }
          }
        }
      }
    }
    T* dx = static_cast<T*>(args.result) +
            (((place.image * w.in[0] + i0) * w.in[1] + i1) * w.in[2] + i2) * args.inputs + channel;
    C shifts[kPack] = {};
    if (args.bias) loadPack(static_cast<const T*>(args.bias) + channel, shifts);
#pragma unroll
    for (int j = 0; j < kDepthwiseColumns; ++j) {
      if (i2 + j >= w.in[2]) continue;
#pragma unroll
      for (int c = 0; c < kPack; ++c) sums[j][c] = activate(args.activation, sums[j][c] + shifts[c]);
      storePack(dx + j * args.inputs, sums[j]);
    }
  }
}

/// Blocks: x runs over stretches of channels, y over groups of taps, z over parts of the positions. The threads of a
/// block stand in `lanes` columns, one per pack of channels; each sums every n-th position of the part.
template <bool kOneToOne, class T, class C, int kPack, class Index>
__device__ void convDepthwiseKernelGrad(const DepthwiseKernelGradArgs<Index>& args) {
  using Int = typename SlidingArgs<Index>::Int;
  constexpr int threads = 256;
  __shared__ C shared[threads][kPack];
  const SlidingArgs<Index>& w = args.window;
  const int lane = int(threadIdx.x) % args.lanes, line = int(threadIdx.x) / args.lanes, lines = threads / args.lanes;
  const Index channel = (blockIdx.x * Index(args.lanes) + lane) * kPack;
  const bool isInside = channel < args.outputs;
  const Index firstTap = blockIdx.y * Index(kDepthwiseTaps);

  Int offsets[kDepthwiseTaps][3];
#pragma unroll
  for (int t = 0; t < kDepthwiseTaps; ++t) {
    const Index tap = firstTap + t < args.taps ? firstTap + t : args.taps - 1;
    const Index rest = tap / w.size[2];
    offsets[t][0] = Int(rest / w.size[1]) * w.dilation[0] - w.lo[0];
    offsets[t][1] = Int(rest % w.size[1]) * w.dilation[1] - w.lo[1];
    offsets[t][2] = Int(tap % w.size[2]) * w.dilation[2] - w.lo[2];
  }

  C sums[kDepthwiseTaps][kPack] = {};
  const Index begin = blockIdx.z * args.perPart;
  const Index end = begin + args.perPart < args.positions ? begin + args.perPart : args.positions;
  for (Index p = begin + line; isInside && p < end; p += lines) {
    const SlidingPlace<Index> place = args.places(p);
    const Int o0 = place.at[0] * Int(w.stride[0].size), o1 = place.at[1] * Int(w.stride[1].size),
              o2 = place.at[2] * Int(w.stride[2].size);
    C gradients[kPack];
    loadPack(static_cast<const T*>(args.dy) + p * args.outputs + channel, gradients);
#pragma unroll
    for (int t = 0; t < kDepthwiseTaps; ++t) {
      const Int i0 = o0 + offsets[t][0], i1 = o1 + offsets[t][1], i2 = o2 + offsets[t][2];
      if (i0 < 0 || i0 >= w.in[0] || i1 < 0 || i1 >= w.in[1] || i2 < 0 || i2 >= w.in[2]) continue;
      const T* from =
          static_cast<const T*>(args.x) + (((place.image * w.in[0] + i0) * w.in[1] + i1) * w.in[2] + i2) * args.inputs;
      C values[kPack];
      if constexpr (kOneToOne) {
        loadPack(from + channel, values);
      } else {
        for (int c = 0; c < kPack; ++c) values[c] = convert<C>(from[args.multiplier.divide(channel + c)]);
      }
#pragma unroll
      for (int c = 0; c < kPack; ++c) sums[t][c] += values[c] * gradients[c];
    }
  }

  // One tap after the other, the lines of the block are added up.
#pragma unroll
  for (int t = 0; t < kDepthwiseTaps; ++t) {
#pragma unroll
    for (int c = 0; c < kPack; ++c) shared[threadIdx.x][c] = sums[t][c];
    __syncthreads();
    for (int half = lines / 2; half > 0; half /= 2) {
      if (line < half) {
#pragma unroll
        for (int c = 0; c < kPack; ++c) shared[threadIdx.x][c] += shared[threadIdx.x + half * args.lanes][c];
      }
      __syncthreads();
    }
    if (line == 0 && isInside && firstTap + t < args.taps) {
      C* to = static_cast<C*>(args.sums) + (blockIdx.z * args.taps + firstTap + t) * args.outputs + channel;
#pragma unroll
      for (int c = 0; c < kPack; ++c) to[c] = shared[threadIdx.x][c];
    }
    __syncthreads();
  }
}

template <class T, class C>
__device__ void addDepthwiseParts(const DepthwisePartsArgs& args) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    C sum = 0;
    for (int64_t part = 0; part < args.parts; ++part) sum += static_cast<const C*>(args.sums)[part * args.count + i];
    static_cast<T*>(args.result)[i] = convert<T>(sum);
  }
}

}  // namespace hornet

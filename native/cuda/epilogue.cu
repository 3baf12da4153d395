// Bias and activation, in place.
#include "epilogue.h"

#include "pack.h"

namespace hornet {

template <class T, class C, int kPack>
__device__ void epilogue(const EpilogueArgs& args) {
  T* y = static_cast<T*>(args.y);
  const T* bias = static_cast<const T*>(args.bias);
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kPack;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kPack; i < args.count; i += step) {
    C values[kPack], shifts[kPack] = {};
    loadPack(y + i, values);
    if (bias) loadPack(bias + i % args.width, shifts);
#pragma unroll
    for (int j = 0; j < kPack; ++j) values[j] = activate(args.activation, values[j] + shifts[j]);
    storePack(y + i, values);
  }
}

}  // namespace hornet

// all_finite: whether any number of float tensors hold finite numbers only.
#include "finite.h"

#include <cstring>

namespace hornet {

/// One tensor per blockIdx.y. `Bits` is the unsigned integer of the floats' size.
template <class Bits>
__device__ void findNotFinite(const FiniteArgs& args) {
  constexpr int perLoad = 16 / sizeof(Bits);
  const Bits* x = static_cast<const Bits*>(args.tensors[blockIdx.y]);
  const Bits exponent = Bits(args.exponent);
  const int64_t count = args.counts[blockIdx.y];
  const int64_t loads = reinterpret_cast<uintptr_t>(x) % 16 == 0 ? count / perLoad : 0;
  const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, threads = int64_t(gridDim.x) * blockDim.x;
  bool found = false;
  for (int64_t i = thread; i < loads; i += threads) {
    const uint4 words = reinterpret_cast<const uint4*>(x)[i];
    Bits values[perLoad];
    memcpy(values, &words, 16);
#pragma unroll
    for (int k = 0; k < perLoad; k++) found |= Bits(values[k] & exponent) == exponent;
  }
  for (int64_t i = loads * perLoad + thread; i < count; i += threads) found |= Bits(x[i] & exponent) == exponent;
  // All that write write the same.
  if (found) *args.finite = 0;
}

}  // namespace hornet

// hash: of the decimal digits of integers.
#include "hash_args.h"

namespace hornet {

__device__ void hashDecimals(const HashArgs& args) {
  if (args.fault != nullptr && hasFault(args.fault)) return;
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step)
    args.hashes[i] = hash::ofDecimal(args.values[i], args.key);
}

}  // namespace hornet

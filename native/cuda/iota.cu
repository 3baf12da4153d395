// iota: the place along one axis as a value of any type.
#include "iota.h"

#include "../convert.h"

namespace hornet {

template <class T, class Index>
__device__ void fillIota(const IotaArgs<Index>& args) {
  if (args.fault != nullptr && hasFault(args.fault)) return;
  T* to = static_cast<T*>(args.to);
  const Index step = Index(gridDim.x) * blockDim.x;
  for (Index i = Index(blockIdx.x) * blockDim.x + threadIdx.x; i < args.count; i += step) {
    Index outside = args.inner.divide(i);
    to[i] = convert<T>(int64_t(takeDigit(outside, args.length)));
  }
}

}  // namespace hornet

// The team of team.h that is a block: its groups are warps.
#pragma once

#include "../team.h"
#include "block_reduce.h"
#include "fault.h"

namespace hornet {

struct BlockTeam {
  static constexpr int kThreads = 256;

  FaultRecord* faults;
  uint32_t site;

  __device__ int64_t thread() const { return threadIdx.x; }
  __device__ int64_t threads() const { return kThreads; }
  __device__ int64_t group() const { return threadIdx.x / 32; }
  __device__ int64_t groups() const { return kThreads / 32; }
  __device__ int64_t lane() const { return threadIdx.x % 32; }
  __device__ int64_t lanes() const { return 32; }
  __device__ void sync() const { __syncthreads(); }
  __device__ void groupSync() const { __syncwarp(); }
  __device__ double sum(double value) const { return blockReduce<Sum, kThreads>(value); }
  __device__ double groupSum(double value) const { return warpReduce<Sum>(value); }
  __device__ int64_t argmax(double value, int64_t index) const {
    return blockReduce<First<Maximum>, kThreads>(Indexed<double>{value, int32_t(index)}).index;
  }
  __device__ void fault(int64_t value) const {
    if (threadIdx.x == 0) reportFault(faults, site, value);
  }
};

}  // namespace hornet

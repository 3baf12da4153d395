// Kernels of the algorithms of batch.h: one block per problem.
#include "batched_args.h"

#include "../ctc.h"
#include "../eigen.h"
#include "../fourier.h"
#include "../orthogonal.h"
#include "../triangular.h"
#include "block_team.h"

namespace hornet {

template <class Algorithm>
__device__ void solveBatch(const BatchedArgs& args) {
  const BlockTeam team{args.faults, args.site};
  Algorithm::prepare(team, args.batch.at(blockIdx.x, blockIdx.x));
  for (int64_t i = blockIdx.x; i < args.batch.count; i += gridDim.x) {
    Algorithm::solve(team, args.batch.at(i, blockIdx.x));
    team.sync();
  }
}

}  // namespace hornet

// What the host tells the kernels of matmul.cu.
#pragma once

#include "../activation.h"

namespace hornet {

/// y[i, m, n] = sum over k of a[m, k] * b[k, n] of the matrices that product i reads, plus bias[n], which may be null.
/// Steps count elements, those of the batch whole matrices.
struct TiledMatmulArgs {
  static constexpr int kMaxBatchRank = 8;

  const void *a, *b, *bias;
  void* y;
  int64_t M, N, K;
  int64_t stepAM, stepAK, stepBK, stepBN;
  int64_t products;
  int batchRank;
  Activation activation;
  int64_t batch[kMaxBatchRank], batchA[kMaxBatchRank], batchB[kMaxBatchRank];
};

/// The tile that one block computes.
inline constexpr int kMatmulTile = 64;

}  // namespace hornet

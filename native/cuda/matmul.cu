// The matmul that takes every type and shape. One block computes a tile of the result from tiles of the operands in
// shared memory.
#include "matmul.h"

#include "../convert.h"

namespace hornet {

inline constexpr int kMatmulDepth = 16;
inline constexpr int kMatmulSide = 16;                         // along each side of a tile
inline constexpr int kMatmulEach = kMatmulTile / kMatmulSide;  // rows and columns of one thread

template <class Sum>
using MatmulTile = Sum[kMatmulDepth][kMatmulTile + 1];

/// Loads `lines` rows of a, or columns of b, from `first` on; zeros beyond their end. Neighbouring threads read along
/// the side that is dense in memory.
template <class Sum, class T>
__device__ inline void loadMatmulTile(MatmulTile<Sum>& tile, const T* from, int64_t first, int64_t lines,
                                      int64_t lineStep, int64_t firstDepth, int64_t depths, int64_t depthStep) {
  constexpr int threads = kMatmulSide * kMatmulSide;
  for (int i = int(threadIdx.x); i < kMatmulDepth * kMatmulTile; i += threads) {
    const int depth = depthStep == 1 ? i % kMatmulDepth : i / kMatmulTile;
    const int line = depthStep == 1 ? i / kMatmulDepth : i % kMatmulTile;
    const bool isInside = first + line < lines && firstDepth + depth < depths;
    tile[depth][line] =
        isInside ? convert<Sum>(from[(first + line) * lineStep + (firstDepth + depth) * depthStep]) : Sum(0);
  }
}

/// Integers are summed in an unsigned Sum, where overflow is defined.
template <class A, class B, class Bias, class Y, class Sum>
__device__ void matmulTiled(const TiledMatmulArgs& args) {
  __shared__ MatmulTile<Sum> tileA, tileB;
  const int row = int(threadIdx.x) / kMatmulSide, column = int(threadIdx.x) % kMatmulSide;
  const int64_t tilesN = (args.N + kMatmulTile - 1) / kMatmulTile;
  const int64_t tiles = (args.M + kMatmulTile - 1) / kMatmulTile * tilesN;
  for (int64_t block = blockIdx.x; block < args.products * tiles; block += gridDim.x) {
    const int64_t product = block / tiles;
    int64_t matrixA = 0, matrixB = 0, rest = product;
    for (int d = args.batchRank - 1; d >= 0; --d) {
      matrixA += rest % args.batch[d] * args.batchA[d];
      matrixB += rest % args.batch[d] * args.batchB[d];
      rest /= args.batch[d];
    }
    const A* a = static_cast<const A*>(args.a) + matrixA * args.M * args.K;
    const B* b = static_cast<const B*>(args.b) + matrixB * args.K * args.N;
    const int64_t firstM = block % tiles / tilesN * kMatmulTile, firstN = block % tiles % tilesN * kMatmulTile;

    Sum sums[kMatmulEach][kMatmulEach] = {};
    for (int64_t k = 0; k < args.K; k += kMatmulDepth) {
      loadMatmulTile<Sum>(tileA, a, firstM, args.M, args.stepAM, k, args.K, args.stepAK);
      loadMatmulTile<Sum>(tileB, b, firstN, args.N, args.stepBN, k, args.K, args.stepBK);
      __syncthreads();
#pragma unroll 4
      for (int depth = 0; depth < kMatmulDepth; ++depth) {
#pragma unroll
        for (int i = 0; i < kMatmulEach; ++i) {
#pragma unroll
          for (int j = 0; j < kMatmulEach; ++j) {
            sums[i][j] += tileA[depth][row + i * kMatmulSide] * tileB[depth][column + j * kMatmulSide];
          }
        }
      }
      __syncthreads();
    }

    const Bias* bias = static_cast<const Bias*>(args.bias);
    Y* y = static_cast<Y*>(args.y) + product * args.M * args.N;
    for (int i = 0; i < kMatmulEach; ++i) {
      const int64_t m = firstM + row + i * kMatmulSide;
      for (int j = 0; j < kMatmulEach; ++j) {
        const int64_t n = firstN + column + j * kMatmulSide;
        if (m >= args.M || n >= args.N) continue;
        Sum sum = sums[i][j];
        if (bias) sum += convert<Sum>(bias[n]);
        if constexpr (std::is_floating_point_v<Sum>) sum = activate(args.activation, sum);
        y[m * args.N + n] = convert<Y>(sum);
      }
    }
  }
}

}  // namespace hornet

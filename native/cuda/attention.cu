// attention and attention_grad for what cuDNN does not take: a warp per query, or per key, passes over the others in
// tiles that its block keeps in shared memory. Scores are never written out; the gradient computes them again. All sums
// have a fixed order. Method: Dao et al., "FlashAttention", 2022.
#include "../convert.h"
#include "attention.h"
#include "block_reduce.h"

namespace hornet {

/// Rows of a tile: as many as a warp has lanes, fewer where they are long. Two tiles and what the warps keep of their
/// own rows fit into the 48 KB that every block has.
template <class C, int kDepth>
inline constexpr int kAttentionTile = 8192 / (kDepth * int(sizeof(C))) < 32 ? 8192 / (kDepth * int(sizeof(C))) : 32;

/// Rows of one head in shared memory. One column more than the depth, so that lanes that read different rows meet
/// different banks.
template <class C, int kDepth>
struct AttentionRows {
  C at[kAttentionTile<C, kDepth>][kDepth + 1];

  /// Loads rows first, first + 1, … of a head that begins at `from`; rows beyond `count` are zero.
  template <class T>
  __device__ void load(const T* from, int64_t stride, int64_t first, int64_t count, int depth) {
    for (int i = int(threadIdx.x); i < kAttentionTile<C, kDepth> * kDepth; i += int(blockDim.x)) {
      const int row = i / kDepth, column = i % kDepth;
      const bool isInside = first + row < count && column < depth;
      at[row][column] = isInside ? convert<C>(from[(first + row) * stride + column]) : C(0);
    }
  }

  __device__ C dot(int row, const C (&other)[kDepth]) const {
    C sum = 0;
#pragma unroll 8
    for (int d = 0; d < kDepth; ++d) sum += at[row][d] * other[d];
    return sum;
  }
};

/// The part of the work that a warp has: one row of a head of a sample.
struct AttentionTask {
  int64_t sample, row;
  int head, warp, lane;

  __device__ AttentionTask(int heads, int64_t rows) {
    warp = int(threadIdx.x) / 32;
    lane = int(threadIdx.x) % 32;
    const int64_t blocks = (rows + kAttentionRows - 1) / kAttentionRows;
    const int64_t block = int64_t(blockIdx.x);
    row = block % blocks * kAttentionRows + warp;
    head = int(block / blocks % heads);
    sample = block / blocks / heads;
  }
};

__device__ inline int64_t queryAt(const AttentionArgs& args, int64_t sample, int head) {
  return (sample * args.queries * args.heads + head) * args.depth;
}
__device__ inline int64_t keyAt(const AttentionArgs& args, int64_t sample, int head) {
  return (sample * args.keys * args.kvHeads + head) * args.depth;
}

template <class C>
__device__ inline C warpSum(C value) {
  for (int mask = 16; mask > 0; mask /= 2) value += __shfl_xor_sync(kAllLanes, value, mask);
  return value;
}
template <class C>
__device__ inline C warpMaximum(C value) {
  for (int mask = 16; mask > 0; mask /= 2) {
    const C other = __shfl_xor_sync(kAllLanes, value, mask);
    value = other > value ? other : value;
  }
  return value;
}

/// A row of each warp in shared memory, from global memory; zero beyond the depth.
template <class T, class C, int kDepth>
__device__ inline void loadOwnRow(const T* from, bool exists, int depth, int lane, C (&to)[kDepth]) {
  for (int d = lane; d < kDepth; d += 32) to[d] = exists && d < depth ? convert<C>(from[d]) : C(0);
  __syncwarp();
}

template <class T, class C, int kDepth>
__device__ void attention(const AttentionArgs& args) {
  constexpr int tile = kAttentionTile<C, kDepth>, own = (kDepth + 31) / 32;
  __shared__ AttentionRows<C, kDepth> keys, values;
  __shared__ C queries[kAttentionRows][kDepth];
  const AttentionTask task(args.heads, args.queries);
  const bool exists = task.row < args.queries;
  const int64_t queryStride = int64_t(args.heads) * args.depth, keyStride = int64_t(args.kvHeads) * args.depth;
  const int64_t at = queryAt(args, task.sample, task.head) + task.row * queryStride;
  const int64_t key = keyAt(args, task.sample, task.head / (args.heads / args.kvHeads));
  loadOwnRow(static_cast<const T*>(args.q) + at, exists, args.depth, task.lane, queries[task.warp]);

  C highest = -std::numeric_limits<C>::infinity(), sum = 0, result[own] = {};
  const int64_t lastRow = task.row - task.warp + kAttentionRows;
  const int64_t seen = args.isCausal && lastRow < args.keys ? lastRow : args.keys;
  for (int64_t first = 0; first < seen; first += tile) {
    __syncthreads();
    keys.load(static_cast<const T*>(args.k) + key, keyStride, first, args.keys, args.depth);
    values.load(static_cast<const T*>(args.v) + key, keyStride, first, args.keys, args.depth);
    __syncthreads();
    const int64_t column = first + task.lane;
    const bool isSeen = task.lane < tile && column < args.keys && !(args.isCausal && column > task.row);
    const C score =
        isSeen ? C(args.scale) * keys.dot(task.lane, queries[task.warp]) : -std::numeric_limits<C>::infinity();
    const C newHighest = fn::max(highest, warpMaximum(score));
    // The first key is seen by every query: from the first tile on the maximum is finite.
    const C weight = isSeen ? exp(score - newHighest) : C(0), fade = exp(highest - newHighest);
    sum = sum * fade + warpSum(weight);
    highest = newHighest;
#pragma unroll
    for (int i = 0; i < own; ++i) result[i] *= fade;
    for (int j = 0; j < tile; ++j) {
      const C share = __shfl_sync(kAllLanes, weight, j);
#pragma unroll
      for (int i = 0; i < own; ++i) {
        const int d = task.lane + 32 * i;
        if (d < kDepth) result[i] += share * values.at[j][d];
      }
    }
  }
  if (!exists) return;
  T* y = static_cast<T*>(args.y) + at;
  for (int i = 0; i < own; ++i) {
    const int d = task.lane + 32 * i;
    if (d < args.depth) y[d] = convert<T>(result[i] / sum);
  }
  if (task.lane == 0) {
    static_cast<C*>(args.sums)[(task.sample * args.heads + task.head) * args.queries + task.row] = highest + log(sum);
  }
}

/// dq, and for attentionKeyGrad the products of y and dy.
template <class T, class C, int kDepth>
__device__ void attentionQueryGrad(const AttentionArgs& args) {
  constexpr int tile = kAttentionTile<C, kDepth>, own = (kDepth + 31) / 32;
  __shared__ AttentionRows<C, kDepth> keys, values;
  __shared__ C queries[kAttentionRows][kDepth], gradients[kAttentionRows][kDepth];
  const AttentionTask task(args.heads, args.queries);
  const bool exists = task.row < args.queries;
  const int64_t queryStride = int64_t(args.heads) * args.depth, keyStride = int64_t(args.kvHeads) * args.depth;
  const int64_t at = queryAt(args, task.sample, task.head) + task.row * queryStride;
  const int64_t key = keyAt(args, task.sample, task.head / (args.heads / args.kvHeads));
  const int64_t query = (task.sample * args.heads + task.head) * args.queries + task.row;
  loadOwnRow(static_cast<const T*>(args.q) + at, exists, args.depth, task.lane, queries[task.warp]);
  loadOwnRow(static_cast<const T*>(args.dy) + at, exists, args.depth, task.lane, gradients[task.warp]);
  C along = 0;
  for (int d = task.lane; d < args.depth; d += 32) {
    if (exists) along += convert<C>(static_cast<const T*>(args.y)[at + d]) * gradients[task.warp][d];
  }
  along = warpSum(along);
  const C sum = exists ? static_cast<const C*>(args.sums)[query] : C(0);
  if (exists && task.lane == 0) static_cast<C*>(args.along)[query] = along;

  C result[own] = {};
  const int64_t lastRow = task.row - task.warp + kAttentionRows;
  const int64_t seen = args.isCausal && lastRow < args.keys ? lastRow : args.keys;
  for (int64_t first = 0; first < seen; first += tile) {
    __syncthreads();
    keys.load(static_cast<const T*>(args.k) + key, keyStride, first, args.keys, args.depth);
    values.load(static_cast<const T*>(args.v) + key, keyStride, first, args.keys, args.depth);
    __syncthreads();
    const int64_t column = first + task.lane;
    const bool isSeen = exists && task.lane < tile && column < args.keys && !(args.isCausal && column > task.row);
    C slope = 0;
    if (isSeen) {
      const C weight = exp(C(args.scale) * keys.dot(task.lane, queries[task.warp]) - sum);
      slope = weight * (values.dot(task.lane, gradients[task.warp]) - along) * C(args.scale);
    }
    for (int j = 0; j < tile; ++j) {
      const C share = __shfl_sync(kAllLanes, slope, j);
#pragma unroll
      for (int i = 0; i < own; ++i) {
        const int d = task.lane + 32 * i;
        if (d < kDepth) result[i] += share * keys.at[j][d];
      }
    }
  }
  if (!exists) return;
  T* dq = static_cast<T*>(args.dq) + at;
  for (int i = 0; i < own; ++i) {
    const int d = task.lane + 32 * i;
    if (d < args.depth) dq[d] = convert<T>(result[i]);
  }
}

/// dk and dv.
template <class T, class C, int kDepth>
__device__ void attentionKeyGrad(const AttentionArgs& args) {
  constexpr int tile = kAttentionTile<C, kDepth>, own = (kDepth + 31) / 32;
  __shared__ AttentionRows<C, kDepth> queries, gradients;
  __shared__ C keys[kAttentionRows][kDepth], values[kAttentionRows][kDepth];
  const AttentionTask task(args.kvHeads, args.keys);
  const bool exists = task.row < args.keys;
  const int64_t queryStride = int64_t(args.heads) * args.depth, keyStride = int64_t(args.kvHeads) * args.depth;
  const int64_t at = keyAt(args, task.sample, task.head) + task.row * keyStride;
  loadOwnRow(static_cast<const T*>(args.k) + at, exists, args.depth, task.lane, keys[task.warp]);
  loadOwnRow(static_cast<const T*>(args.v) + at, exists, args.depth, task.lane, values[task.warp]);

  C dk[own] = {}, dv[own] = {};
  const int group = args.heads / args.kvHeads;
  const int64_t firstRow = task.row - task.warp;
  for (int head = task.head * group; head < (task.head + 1) * group; ++head) {
    const int64_t query = queryAt(args, task.sample, head), row = (task.sample * args.heads + head) * args.queries;
    for (int64_t first = args.isCausal ? firstRow / tile * tile : 0; first < args.queries; first += tile) {
      __syncthreads();
      queries.load(static_cast<const T*>(args.q) + query, queryStride, first, args.queries, args.depth);
      gradients.load(static_cast<const T*>(args.dy) + query, queryStride, first, args.queries, args.depth);
      __syncthreads();
      const int64_t column = first + task.lane;
      const bool sees = exists && task.lane < tile && column < args.queries && !(args.isCausal && task.row > column);
      C weight = 0, slope = 0;
      if (sees) {
        weight = exp(C(args.scale) * queries.dot(task.lane, keys[task.warp]) -
                     static_cast<const C*>(args.sums)[row + column]);
        slope = weight * C(args.scale) *
                (gradients.dot(task.lane, values[task.warp]) - static_cast<const C*>(args.along)[row + column]);
      }
      for (int j = 0; j < tile; ++j) {
        const C shareOfKey = __shfl_sync(kAllLanes, slope, j), shareOfValue = __shfl_sync(kAllLanes, weight, j);
#pragma unroll
        for (int i = 0; i < own; ++i) {
          const int d = task.lane + 32 * i;
          if (d >= kDepth) continue;
          dk[i] += shareOfKey * queries.at[j][d];
          dv[i] += shareOfValue * gradients.at[j][d];
        }
      }
    }
  }
  if (!exists) return;
  for (int i = 0; i < own; ++i) {
    const int d = task.lane + 32 * i;
    if (d >= args.depth) continue;
    static_cast<T*>(args.dk)[at + d] = convert<T>(dk[i]);
    static_cast<T*>(args.dv)[at + d] = convert<T>(dv[i]);
  }
}

}  // namespace hornet

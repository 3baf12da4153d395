// A pass of a stable radix sort over digits of eight bits, in three kernels: counts per part of a row, their sums over
// the parts before, and the scatter to where each key belongs.
#include "radix_sort.h"

#include "block_reduce.h"

namespace hornet {

namespace {

constexpr int kBlock = kRadixDigits;  // a thread per digit
constexpr int kWarps = kBlock / 32;

__device__ inline int lanesBefore(uint32_t mask) {
  uint32_t bits = mask & ((1u << (threadIdx.x % 32)) - 1);
  bits -= bits >> 1 & 0x55555555u;
  bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
  return int(((bits + (bits >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24);
}

}  // namespace

/// A block per part of a row.
template <class Key>
__device__ void radixCount(const RadixArgs& args) {
  __shared__ uint32_t counts[kRadixDigits];
  const int64_t row = blockIdx.x / args.parts, part = blockIdx.x % args.parts;
  const int64_t first = part * args.partLength, left = args.length - first;
  const int64_t count = left < args.partLength ? left : args.partLength;
  const Key* keys = static_cast<const Key*>(args.keys) + row * args.length + first;
  counts[threadIdx.x] = 0;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < count; i += kBlock) atomicAdd(&counts[keys[i] >> args.shift & 255], 1u);
  __syncthreads();
  args.counts[int64_t(blockIdx.x) * kRadixDigits + threadIdx.x] = counts[threadIdx.x];
}

/// Counts become sums over the parts before. A block per row and 32 digits, a warp per eighth of the parts.
__device__ void radixScan(const RadixArgs& args) {
  __shared__ uint32_t sums[kWarps][32];
  constexpr int groups = kRadixDigits / 32;
  const int64_t row = blockIdx.x / groups;
  const int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32);
  const int digit = int(blockIdx.x % groups) * 32 + lane;
  const int64_t begin = int64_t(args.parts) * warp / kWarps, end = int64_t(args.parts) * (warp + 1) / kWarps;
  uint32_t* counts = args.counts + row * args.parts * kRadixDigits + digit;
  uint32_t sum = 0;
  for (int64_t part = begin; part < end; part++) sum += counts[part * kRadixDigits];
  sums[warp][lane] = sum;
  __syncthreads();
  uint32_t before = 0, total = 0;
  for (int w = 0; w < kWarps; w++) {
    if (w < warp) before += sums[w][lane];
    total += sums[w][lane];
  }
  for (int64_t part = begin; part < end; part++) {
    const uint32_t count = counts[part * kRadixDigits];
    counts[part * kRadixDigits] = before;
    before += count;
  }
  if (warp == 0) args.totals[row * kRadixDigits + digit] = total;
}

/// A block per part of a row. Each tile is ordered in shared memory, so that neighbours are written together.
template <class Key>
__device__ void radixScatter(const RadixArgs& args) {
  constexpr int tile = kRadixTile<Key>, rounds = tile / kBlock;
  __shared__ union {
    uint32_t counts[kWarps][kRadixDigits];
    Key keys[tile];
    int32_t positions[tile];
  } shared;
  __shared__ uint32_t starts[kRadixDigits];  // where a digit of this tile goes in the row, less its place in the tile
  const int thread = int(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const int64_t row = blockIdx.x / args.parts, part = blockIdx.x % args.parts;
  const Key* rowKeys = static_cast<const Key*>(args.keys) + row * args.length;
  const int64_t end = (part + 1) * args.partLength < args.length ? (part + 1) * args.partLength : args.length;
  uint32_t next = blockScanBefore<Sum, kBlock>(args.totals[row * kRadixDigits + thread], 0u).before +
                  args.counts[int64_t(blockIdx.x) * kRadixDigits + thread];

  for (int64_t first = part * args.partLength; first < end; first += tile) {
    const int count = int(end - first < tile ? end - first : tile);
    Key keys[rounds];
    int32_t positions[rounds];
    uint32_t places[rounds];
    for (int w = 0; w < kWarps; w++) shared.counts[w][thread] = 0;
    __syncthreads();
#pragma unroll
    for (int round = 0; round < rounds; round++) {
      const int at = (warp * rounds + round) * 32 + lane;
      const bool isThere = at < count;
      keys[round] = isThere ? rowKeys[first + at] : Key(~Key(0));  // what is not there sorts behind all
      positions[round] = !isThere                    ? 0
                         : args.positions == nullptr ? int32_t(first + at)
                                                     : args.positions[row * args.length + first + at];
      const uint32_t digit = uint32_t(keys[round] >> args.shift) & 255u;
      uint32_t equals = kAllLanes;
#pragma unroll
      for (int bit = 0; bit < 8; bit++) {
        const uint32_t votes = __ballot_sync(kAllLanes, int(digit >> bit & 1u));
        equals &= (digit >> bit & 1u) != 0 ? votes : ~votes;
      }
      const int before = lanesBefore(equals);
      const uint32_t earlier = shared.counts[warp][digit];
      __syncwarp();
      places[round] = earlier + uint32_t(before);
      // The last of the equals counts them all.
      if ((equals >> lane) == 1u) shared.counts[warp][digit] = earlier + uint32_t(before) + 1;
      __syncwarp();
    }
    __syncthreads();
    uint32_t total = 0;
    for (int w = 0; w < kWarps; w++) {
      const uint32_t own = shared.counts[w][thread];
      shared.counts[w][thread] = total;
      total += own;
    }
    const uint32_t start = blockScanBefore<Sum, kBlock>(total, 0u).before;
    for (int w = 0; w < kWarps; w++) shared.counts[w][thread] += start;
    starts[thread] = next - start;
    next += total;
    __syncthreads();
#pragma unroll
    for (int round = 0; round < rounds; round++) {
      places[round] += shared.counts[warp][uint32_t(keys[round] >> args.shift) & 255u];
    }
    __syncthreads();
#pragma unroll
    for (int round = 0; round < rounds; round++) shared.keys[places[round]] = keys[round];
    __syncthreads();
    uint32_t targets[rounds];
#pragma unroll
    for (int round = 0; round < rounds; round++) {
      const int at = round * kBlock + thread;
      const Key key = shared.keys[at];
      targets[round] = starts[uint32_t(key >> args.shift) & 255u] + uint32_t(at);
      if (at < count && args.sortedKeys != nullptr)
        static_cast<Key*>(args.sortedKeys)[row * args.length + targets[round]] = key;
    }
    __syncthreads();
#pragma unroll
    for (int round = 0; round < rounds; round++) shared.positions[places[round]] = positions[round];
    __syncthreads();
#pragma unroll
    for (int round = 0; round < rounds; round++) {
      const int at = round * kBlock + thread;
      if (at < count) args.sortedPositions[row * args.length + targets[round]] = shared.positions[at];
    }
    __syncthreads();
  }
}

}  // namespace hornet

// What the host tells the kernels of attention.cu.
#pragma once

#include <cstdint>

namespace hornet {

/// q, y and their gradients are [batch, queries, heads, depth], k and v [batch, keys, kvHeads, depth]; `sums` holds the
/// logarithm of the sum of the exponentials of each query's scores, `along` the product of y and dy, both
/// [batch, heads, queries].
struct AttentionArgs {
  int64_t batch, queries, keys;
  int heads, kvHeads, depth;
  bool isCausal;
  double scale;
  const void *q, *k, *v;
  void *y, *sums;
  const void* dy;
  void *dq, *dk, *dv, *along;
};

/// Queries or keys that a block works on: one per warp.
inline constexpr int kAttentionRows = 8;

}  // namespace hornet

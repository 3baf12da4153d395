// What the attention kernels of both backends read from an instruction.
#pragma once

#include "kernel.h"

namespace hornet {

/// q is [batch, queries, heads, depth], k and v [batch, keys, kvHeads, depth]; a key head serves `group` query heads.
struct AttentionShape {
  int64_t batch, queries, keys, heads, kvHeads, depth;
  double scale;
  bool isCausal;

  AttentionShape() = default;
  explicit AttentionShape(const KernelArgs& args)
      : batch(args.inputs[0].shape[0]),
        queries(args.inputs[0].shape[1]),
        keys(args.inputs[1].shape[1]),
        heads(args.inputs[0].shape[2]),
        kvHeads(args.inputs[1].shape[2]),
        depth(args.inputs[0].shape[3]),
        scale(args.attrs.number("scale")),
        isCausal(args.attrs.flag("causal")) {}

  int64_t group() const { return heads / kvHeads; }
  /// Elements between neighbouring positions.
  int64_t queryStride() const { return heads * depth; }
  int64_t keyStride() const { return kvHeads * depth; }
  /// Where a head of a sample begins.
  int64_t queryAt(int64_t sample, int64_t head) const { return (sample * queries * heads + head) * depth; }
  int64_t keyAt(int64_t sample, int64_t head) const { return (sample * keys * kvHeads + head) * depth; }
};

/// The score of a key that a query must not see; see attention-core.ts.
inline constexpr double kUnseen = -0.7 * 3.4028234663852886e38;

}  // namespace hornet

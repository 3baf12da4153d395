// Attention or its gradients as a cuDNN graph, of the form that its fused kernels know.
#pragma once

#include <limits>

#include "../attention_shape.h"
#include "cudnn_graph.h"

namespace hornet {

/// Tensors of both graphs; those that a graph does not have are 0.
struct AttentionGraph {
  cudnn::Graph graph;
  cudnn::Tensor q = 0, k = 0, v = 0, y = 0, sums = 0, dy = 0, dq = 0, dk = 0, dv = 0;
  /// Numbers on the host: the scores' factor, 1, and minus infinity, the score of a key that must not be seen.
  cudnn::Tensor scale = 0, one = 0, unseen = 0;
  /// Memory of the graph's own: the product of y and dy, and dq as it is summed, both float32.
  cudnn::Tensor along = 0, dqSums = 0;
};

/// y and the logarithms of the sums. The type is a half one.
AttentionGraph attentionGraph(const AttentionShape& shape, DType dtype);

/// dq, dk and dv. Deterministic ones do not add up dq in memory, but want a workspace as large as all scores.
AttentionGraph attentionGradGraph(const AttentionShape& shape, DType dtype, bool isDeterministic);

}  // namespace hornet

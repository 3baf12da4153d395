// A convolution or one of its gradients as a cuDNN graph. cuDNN wants the channels of a filter innermost,
// [O, k…, C / groups], where Keras has [k…, C / groups, O]: the kernel's memory is that of a matrix to transpose.
#pragma once

#include "../window_args.h"
#include "cudnn_graph.h"

namespace hornet {

/// The shape has to be regular.
struct ConvGraph {
  cudnn::Graph graph;
  /// The operands in the op's order, and the result; bias is 0 where there is none.
  cudnn::Tensor a = 0, b = 0, bias = 0, result = 0;

  /// Whether a result of the forward direction gets a bias and, after it, a ReLU.
  struct Epilogue {
    bool hasBias = false, hasRelu = false;
  };
  ConvGraph(const ConvShape& shape, ConvDirection direction, DType dtype, Epilogue epilogue);
};

}  // namespace hornet

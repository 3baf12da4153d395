// Tensors and operations of attention.
#include "attention_graph.h"

#include <utility>

namespace hornet {
namespace {

using cudnn::Layout;
using cudnn::Tensor;

/// [batch, length, heads, depth] in cuDNN's order of dimensions: batch, heads, length, depth.
Layout byHead(int64_t batch, int64_t length, int64_t heads, int64_t depth) {
  return {{batch, heads, length, depth}, {length * heads * depth, depth, heads * depth, 1}};
}

/// A matrix's dimensions exchanged, in the same memory.
Layout transposed(Layout layout) {
  std::swap(layout.dims[2], layout.dims[3]);
  std::swap(layout.strides[2], layout.strides[3]);
  return layout;
}

/// What both directions have.
struct Builder {
  Builder(const AttentionShape& s, DType dtype)
      : dtype(dtype),
        isCausal(s.isCausal),
        queries(byHead(s.batch, s.queries, s.heads, s.depth)),
        keys(byHead(s.batch, s.keys, s.kvHeads, s.depth)),
        rows(cudnn::rowMajor({s.batch, s.heads, s.queries, 1})),
        square(cudnn::rowMajor({s.batch, s.heads, s.queries, s.keys})) {
    a.q = graph().tensor(dtype, queries);
    a.k = graph().tensor(dtype, transposed(keys));
    a.scale = graph().scalar(DType::float32, 4);
    if (isCausal) a.unseen = graph().scalar(DType::float32, 4);
  }

  cudnn::Graph& graph() { return a.graph; }

  /// A result that exists between operations only.
  Tensor pointwise(cudnnPointwiseMode_t mode, std::initializer_list<Tensor> in, const Layout& layout,
                   DType to = DType::float32) {
    const Tensor result = graph().between(layout, to);
    graph().pointwise(mode, in, result);
    return result;
  }
  Tensor reduce(cudnnReduceTensorOp_t mode, Tensor x) {
    const Tensor result = graph().between(rows);
    graph().reduce(mode, x, result);
    return result;
  }

  /// The scaled products of queries and keys.
  Tensor scores() {
    const Tensor products = graph().between(square);
    graph().matmul(a.q, a.k, products);
    return pointwise(CUDNN_POINTWISE_MUL, {products, a.scale}, square);
  }

  /// Where a causal query must not see a key, minus infinity.
  Tensor masked(Tensor scores) {
    if (!isCausal) return scores;
    const Tensor row = graph().between(square, DType::int32), column = graph().between(square, DType::int32);
    graph().index(scores, row, 2);
    graph().index(scores, column, 3);
    const Tensor isSeen = graph().between(square, DType::boolean);
    graph().pointwise(CUDNN_POINTWISE_CMP_GE, {row, column}, isSeen, DType::boolean);
    return pointwise(CUDNN_POINTWISE_BINARY_SELECT, {scores, a.unseen, isSeen}, square);
  }

  /// x [queries, keys] as [keys, queries], in the type that products take.
  Tensor transpose(Tensor x) {
    const Tensor result = graph().between(transposed(square), dtype);
    graph().reshape(x, result);
    return result;
  }

  /// A gradient of keys or values: a query head's own, summed over those that share a key head.
  Tensor keyGrad(Tensor weights, Tensor x) {
    const Tensor result = graph().tensor(dtype, keys);
    if (keys.dims[1] == queries.dims[1]) {
      graph().matmul(weights, x, result);
      return result;
    }
    const Tensor perHead =
        graph().between(cudnn::rowMajor({keys.dims[0], queries.dims[1], keys.dims[2], keys.dims[3]}), dtype);
    graph().matmul(weights, x, perHead);
    graph().reduce(CUDNN_REDUCE_TENSOR_ADD, perHead, result);
    return result;
  }

  AttentionGraph a;
  DType dtype;
  bool isCausal;
  Layout queries, keys, rows, square;
};

}  // namespace

AttentionGraph attentionGraph(const AttentionShape& s, DType dtype) {
  Builder b(s, dtype);
  AttentionGraph& a = b.a;
  a.v = b.graph().tensor(dtype, b.keys);
  a.sums = b.graph().tensor(DType::float32, b.rows);
  a.y = b.graph().tensor(dtype, b.queries);
  const Tensor scores = b.masked(b.scores());
  const Tensor highest = b.reduce(CUDNN_REDUCE_TENSOR_MAX, scores);
  const Tensor shifted = b.pointwise(CUDNN_POINTWISE_SUB, {scores, highest}, b.square);
  const Tensor powers = b.pointwise(CUDNN_POINTWISE_EXP, {shifted}, b.square);
  const Tensor sum = b.reduce(CUDNN_REDUCE_TENSOR_ADD, powers);
  const Tensor logarithm = b.pointwise(CUDNN_POINTWISE_LOG, {sum}, b.rows);
  b.graph().pointwise(CUDNN_POINTWISE_ADD, {highest, logarithm}, a.sums);
  const Tensor weights = b.pointwise(CUDNN_POINTWISE_DIV, {powers, sum}, b.square, dtype);
  b.graph().matmul(weights, a.v, a.y);
  return std::move(a);
}

AttentionGraph attentionGradGraph(const AttentionShape& s, DType dtype, bool isDeterministic) {
  Builder b(s, dtype);
  AttentionGraph& a = b.a;
  a.v = b.graph().tensor(dtype, transposed(b.keys));
  a.y = b.graph().tensor(dtype, b.queries);
  a.dy = b.graph().tensor(dtype, b.queries);
  a.sums = b.graph().tensor(DType::float32, b.rows);
  a.one = b.graph().scalar(DType::float32, 4);
  a.along = b.graph().tensor(DType::float32, b.rows);
  a.dq = b.graph().tensor(dtype, b.queries);

  const Tensor products = b.pointwise(CUDNN_POINTWISE_MUL, {a.dy, a.y}, b.queries);
  b.graph().pointwise(CUDNN_POINTWISE_MUL, {b.reduce(CUDNN_REDUCE_TENSOR_ADD, products), a.one}, a.along);

  const Tensor shifted = b.pointwise(CUDNN_POINTWISE_SUB, {b.scores(), a.sums}, b.square);
  const Tensor weights = b.pointwise(CUDNN_POINTWISE_EXP, {b.masked(shifted)}, b.square);
  a.dv = b.keyGrad(b.transpose(weights), a.dy);

  const Tensor slopes = b.graph().between(b.square);
  b.graph().matmul(a.dy, a.v, slopes);
  const Tensor centered = b.pointwise(CUDNN_POINTWISE_SUB, {slopes, a.along}, b.square);
  const Tensor inner = b.pointwise(CUDNN_POINTWISE_MUL, {centered, weights}, b.square);
  const Tensor scaled = b.pointwise(CUDNN_POINTWISE_MUL, {inner, a.scale}, b.square, dtype);
  a.dk = b.keyGrad(b.transpose(scaled), a.q);

  const Tensor keys = b.graph().between(b.keys, dtype);
  b.graph().reshape(a.k, keys);
  if (isDeterministic) {
    b.graph().matmul(scaled, keys, a.dq);
  } else {
    a.dqSums = b.graph().tensor(DType::float32, cudnn::rowMajor(b.queries.dims));
    b.graph().matmul(scaled, keys, a.dqSums);
    b.graph().pointwise(CUDNN_POINTWISE_IDENTITY, {a.dqSums}, a.dq);
  }
  return std::move(a);
}

}  // namespace hornet

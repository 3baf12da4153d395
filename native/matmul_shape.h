// The geometry of the matmul op: what is multiplied by what, as both backends read it from shapes and attributes.
#pragma once

#include "kernel.h"
#include "strides.h"

namespace hornet {

/// A batch of products [M, K] x [K, N] over `batch`, whose dimensions are merged as far as broadcasting allows. The
/// strides count the matrices of an operand; 0 where it is repeated.
struct MatmulShape {
  int64_t M, K, N;
  bool transposeA, transposeB;
  Dims batch, strideA, strideB;

  explicit MatmulShape(const KernelArgs& args)
      : transposeA(args.attrs.flag("transposeA")), transposeB(args.attrs.flag("transposeB")) {
    const Dims &a = args.inputs[0].shape, &b = args.inputs[1].shape, &y = args.outputs[0].shape;
    const size_t lead = y.size() - 2;
    M = y[lead];
    N = y[lead + 1];
    K = transposeA ? a[lead] : a[lead + 1];
    const auto outer = [lead](const Dims& shape) { return Dims(shape.begin(), shape.begin() + ptrdiff_t(lead)); };
    batch = outer(y);
    std::vector<Dims> strides{broadcastStrides(outer(a), batch), broadcastStrides(outer(b), batch)};
    mergeDims(batch, strides);
    strideA = std::move(strides[0]);
    strideB = std::move(strides[1]);
    // One matrix b under many matrices a is one taller product.
    if (batch.size() == 1 && strideA[0] == 1 && strideB[0] == 0 && !transposeA) {
      M *= batch[0];
      batch = strideA = strideB = {};
    }
  }

  int64_t products() const { return product(batch); }
  /// Calls fn(i, a, b) for each product: its own index and those of its matrices.
  template <class Fn>
  void forEachProduct(Fn&& fn) const {
    const int64_t count = products();
    if (count == 0) return;
    Odometer<2> at(batch, {&strideA, &strideB}, 0);
    for (int64_t i = 0; i < count; ++i, at.next()) fn(i, at[0], at[1]);
  }
};

}  // namespace hornet

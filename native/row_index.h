// Indices given at run time: which rows of an operand they name. Shared by gathers and scatters.
#pragma once

#include <string>

#include "kernel.h"
#include "strides.h"

namespace hornet {

/// The operand seen as outer x rows x inner, where an index (or a tuple of indices) names a row.
struct RowIndex {
  std::string op;
  DType dtype;
  int64_t count = 0, depth = 1;  // indices, and how many numbers each has
  int64_t firstAxis = 0;
  Dims sizes;  // of the indexed axes
  int64_t outer = 1, rows = 1, inner = 1;

  /// Indices into one axis.
  static RowIndex alongAxis(const KernelArgs& args, const TensorSpec& indices) {
    const int64_t axis = args.attrs.integer("axis");
    const AxisView view(args.inputs[0].shape, axis);
    return {args.op, indices.dtype, indices.numel(), 1, axis, {view.length}, view.outer, view.length, view.inner};
  }

  /// Tuples of indices into the first axes.
  static RowIndex tuples(const KernelArgs& args, const TensorSpec& indices) {
    const Dims& shape = args.inputs[0].shape;
    const int64_t depth = indices.shape.back();
    const Dims sizes(shape.begin(), shape.begin() + depth);
    return {args.op,
            indices.dtype,
            product(indices.shape, 0, indices.shape.size() - 1),
            depth,
            0,
            sizes,
            1,
            product(sizes),
            product(shape, size_t(depth))};
  }

  /// What is wrong with the number `index` at place k of a tuple.
  std::string outOfBounds(int64_t k, int64_t index) const {
    return "index " + std::to_string(index) + " is out of bounds for axis " + std::to_string(firstAxis + k) +
           " with size " + std::to_string(sizes[size_t(k)]);
  }
};

}  // namespace hornet

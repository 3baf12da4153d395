// Indices given at run time, checked and turned into row numbers: shared by gathers and scatters.
#pragma once

#include <string>

#include "../kernel.h"
#include "../strides.h"

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

  size_t scratchBytes() const { return (size_t(count) * sizeof(int64_t) + 63) / 64 * 64; }

  /// Writes the row number of every index. Negative indices count from the end.
  void resolve(const void* indices, int64_t* to) const {
    if (dtype == DType::int64)
      resolve(static_cast<const int64_t*>(indices), to);
    else
      resolve(static_cast<const int32_t*>(indices), to);
  }

 private:
  template <class Index>
  void resolve(const Index* indices, int64_t* to) const {
    for (int64_t i = 0; i < count; i++) {
      int64_t row = 0;
      for (int64_t k = 0; k < depth; k++) {
        const int64_t size = sizes[size_t(k)], index = indices[i * depth + k];
        if (index < -size || index >= size) {
          throw Error(op, "index " + std::to_string(index) + " is out of bounds for axis " +
                              std::to_string(firstAxis + k) + " with size " + std::to_string(size));
        }
        row = row * size + (index < 0 ? index + size : index);
      }
      to[i] = row;
    }
  }
};

}  // namespace hornet

// Index arithmetic of dense row-major tensors: strides, broadcasting, merging of dimensions. Strides count elements.
#pragma once

#include <cstdint>
#include <vector>

namespace hornet {

using Dims = std::vector<int64_t>;

inline int64_t product(const Dims& dims, size_t from = 0, size_t to = SIZE_MAX) {
  int64_t result = 1;
  for (size_t d = from; d < dims.size() && d < to; d++) result *= dims[d];
  return result;
}

inline Dims rowMajorStrides(const Dims& shape) {
  Dims strides(shape.size());
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0; step *= shape[d]) strides[d] = step;
  return strides;
}

/// Strides that read a tensor of `shape` as if it had the shape `target` it broadcasts to: 0 along repeated dimensions.
inline Dims broadcastStrides(const Dims& shape, const Dims& target) {
  const Dims own = rowMajorStrides(shape);
  Dims strides(target.size(), 0);
  const size_t lead = target.size() - shape.size();
  for (size_t d = 0; d < shape.size(); d++) strides[lead + d] = shape[d] == 1 ? 0 : own[d];
  return strides;
}

/// Drops dimensions of size 1 and merges neighbours that every stride list walks without a jump.
inline void mergeDims(Dims& shape, std::vector<Dims>& strides) {
  size_t kept = 0;
  for (size_t d = 0; d < shape.size(); d++) {
    if (shape[d] == 1) continue;
    bool joins = kept > 0;
    for (const Dims& s : strides) joins = joins && s[kept - 1] == s[d] * shape[d];
    if (joins)
      shape[kept - 1] *= shape[d];
    else
      shape[kept++] = shape[d];
    for (Dims& s : strides) s[kept - 1] = s[d];
  }
  shape.resize(kept);
  for (Dims& s : strides) s.resize(kept);
}

/// Walks the positions of a shape in row-major order and keeps an offset by the given strides.
class Walker {
 public:
  Walker(const int64_t* shape, const int64_t* strides, int rank) : shape_(shape), strides_(strides), rank_(rank) {}

  /// Offset of the position with this row-major number.
  int64_t offsetOf(int64_t position) const {
    int64_t offset = 0;
    for (int d = rank_ - 1; d > 0; d--) {
      offset += position % shape_[d] * strides_[d];
      position /= shape_[d];
    }
    return rank_ > 0 ? offset + position * strides_[0] : 0;
  }

  /// Calls visit(offset) for `count` positions from `first` on.
  template <class Visit>
  void walk(int64_t first, int64_t count, Visit visit) const {
    const int64_t inner = rank_ > 0 ? shape_[rank_ - 1] : 1, step = rank_ > 0 ? strides_[rank_ - 1] : 0;
    for (int64_t position = first; position < first + count;) {
      const int64_t column = position % inner;
      const int64_t end = inner - column < first + count - position ? inner : column + first + count - position;
      int64_t offset = offsetOf(position);
      position += end - column;
      for (int64_t i = column; i < end; i++, offset += step) visit(offset);
    }
  }

 private:
  const int64_t* shape_;
  const int64_t* strides_;
  int rank_;
};

}  // namespace hornet

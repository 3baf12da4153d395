// Index arithmetic of dense row-major tensors: strides, broadcasting, merging of dimensions. Strides count elements.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "error.h"

namespace hornet {

using Dims = std::vector<int64_t>;

inline int64_t product(const Dims& dims, size_t from = 0, size_t to = SIZE_MAX) {
  int64_t result = 1;
  for (size_t d = from; d < dims.size() && d < to; d++) result *= dims[d];
  return result;
}

inline int64_t dot(const Dims& a, const Dims& b) {
  int64_t sum = 0;
  for (size_t d = 0; d < a.size(); d++) sum += a[d] * b[d];
  return sum;
}

inline Dims times(Dims a, const Dims& b) {
  for (size_t d = 0; d < a.size(); d++) a[d] *= b[d];
  return a;
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

/// A tensor seen along one axis: outer x length x inner.
struct AxisView {
  int64_t outer, length, inner;

  AxisView(const Dims& shape, int64_t axis)
      : outer(product(shape, 0, size_t(axis))),
        length(shape.at(size_t(axis))),
        inner(product(shape, size_t(axis) + 1)) {}
};

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

/// Two strided views of one shape as a copy walks them: dimensions in the order of the target, merged.
struct CopyViews {
  Dims shape, from, to;

  CopyViews(const Dims& whole, const Dims& fromStrides, const Dims& toStrides) {
    std::vector<size_t> order(whole.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return toStrides[a] > toStrides[b]; });
    std::vector<Dims> strides(2);
    for (const size_t d : order) {
      shape.push_back(whole[d]);
      strides[0].push_back(fromStrides[d]);
      strides[1].push_back(toStrides[d]);
    }
    mergeDims(shape, strides);
    from = strides[0];
    to = strides[1];
  }
};

inline constexpr size_t kMaxRank = 32;

/// Walks the positions of a shape in row-major order and keeps an offset for each of N stride lists.
template <size_t N>
class Odometer {
 public:
  Odometer(const Dims& shape, const std::array<const Dims*, N>& strides, int64_t position) : rank_(shape.size()) {
    if (rank_ > kMaxRank) throw Error("strides", "more than 32 dimensions");
    shape_ = shape.data();
    for (size_t i = 0; i < N; i++) strides_[i] = strides[i]->data();
    for (size_t d = rank_; d-- > 0;) {
      index_[d] = d > 0 ? position % shape_[d] : position;
      if (d > 0) position /= shape_[d];
      for (size_t i = 0; i < N; i++) offsets_[i] += index_[d] * strides_[i][d];
    }
  }

  int64_t operator[](size_t i) const { return offsets_[i]; }

  void next() {
    for (size_t d = rank_; d-- > 0;) {
      for (size_t i = 0; i < N; i++) offsets_[i] += strides_[i][d];
      if (++index_[d] < shape_[d]) return;
      for (size_t i = 0; i < N; i++) offsets_[i] -= strides_[i][d] * shape_[d];
      index_[d] = 0;
    }
  }

 private:
  size_t rank_;
  const int64_t* shape_;
  const int64_t* strides_[N];
  int64_t offsets_[N] = {};
  int64_t index_[kMaxRank];
};

}  // namespace hornet

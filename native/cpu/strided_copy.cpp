// Strided copies: dimensions in the order of the target, merged, then the best inner loop for what remains.
#include "strided_copy.h"

#include <algorithm>
#include <cstring>

#include "../dispatch.h"
#include "parallel.h"

namespace hornet {

namespace {

constexpr int64_t kParallelBytes = 128 * 1024;
constexpr int64_t kBlock = 32;  // side of the squares in which a transpose works

template <class T>
T get(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void put(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

template <class T>
void copyStrided(const std::byte* from, int64_t step, std::byte* to, int64_t toStep, int64_t n) {
  for (int64_t i = 0; i < n; i++) put(to + i * toStep, get<T>(from + i * step));
}

/// `to` has `rows` rows of `length` dense elements; `from` is dense along the rows' dimension.
template <class T>
void transposeBlocks(const std::byte* from, int64_t fromStep, std::byte* to, int64_t toStep, int64_t rows,
                     int64_t length) {
  constexpr int64_t size = sizeof(T);
  for (int64_t column = 0; column < length; column += kBlock) {
    const int64_t columns = std::min(kBlock, length - column);
    for (int64_t row = 0; row < rows; row += kBlock) {
      T block[kBlock * kBlock];
      const int64_t count = std::min(kBlock, rows - row);
      const std::byte* source = from + column * fromStep + row * size;
      for (int64_t j = 0; j < columns; j++) {
        for (int64_t i = 0; i < count; i++) block[i * kBlock + j] = get<T>(source + j * fromStep + i * size);
      }
      for (int64_t i = 0; i < count; i++) {
        std::memcpy(to + (row + i) * toStep + column * size, block + i * kBlock, size_t(columns * size));
      }
    }
  }
}

}  // namespace

StridedCopy::StridedCopy(size_t itemBytes, const Dims& shape, const Dims& from, const Dims& to)
    : itemBytes_(int64_t(itemBytes)) {
  const CopyViews views(shape, from, to);
  shape_ = views.shape;
  from_ = views.from;
  to_ = views.to;
  for (Dims* strides : {&from_, &to_}) {
    for (int64_t& stride : *strides) stride *= itemBytes_;
  }
  chooseInner();
}

void StridedCopy::chooseInner() {
  const auto take = [&](size_t d, int64_t& size, int64_t& fromStep, int64_t& toStep) {
    size = shape_[d];
    fromStep = from_[d];
    toStep = to_[d];
    for (Dims* dims : {&shape_, &from_, &to_}) dims->erase(dims->begin() + int64_t(d));
  };
  int64_t toStep = itemBytes_;
  fromStep_ = itemBytes_;
  if (!shape_.empty()) {
    const auto isDense = [&](size_t d) { return from_[d] == itemBytes_ && to_[d] == itemBytes_; };
    // A short dense run is one larger item.
    if (const size_t last = shape_.size() - 1; isDense(last)) {
      const int64_t bytes = shape_[last] * itemBytes_;
      if (shape_.size() > 1 && (bytes == 2 || bytes == 4 || bytes == 8)) {
        itemBytes_ = bytes;
        for (Dims* dims : {&shape_, &from_, &to_}) dims->pop_back();
      }
    }
    take(shape_.size() - 1, length_, fromStep_, toStep);
  }
  rowToStep_ = toStep;
  if (toStep != itemBytes_)
    inner_ = Inner::strided;
  else if (fromStep_ == itemBytes_)
    inner_ = Inner::run;
  else if (fromStep_ == 0)
    inner_ = Inner::repeat;
  else {
    inner_ = Inner::strided;
    const auto dense = std::ranges::find(from_, itemBytes_);
    if (dense != from_.end() && length_ > 1) {
      take(size_t(dense - from_.begin()), rows_, rowFromStep_, rowToStep_);
      inner_ = Inner::transpose;
    }
  }
  positions_ = product(shape_);
  // One position is cut into parts so that few long ones keep all threads busy.
  const int64_t cut = inner_ == Inner::transpose ? rows_ : length_;
  const int64_t bytesEach = std::max<int64_t>(1, (inner_ == Inner::transpose ? length_ : 1) * itemBytes_);
  partLength_ = std::max<int64_t>(kBlock, kParallelBytes / bytesEach / kBlock * kBlock);
  parts_ = (cut + partLength_ - 1) / partLength_;
  grain_ = std::max<int64_t>(1, kParallelBytes / std::max<int64_t>(1, std::min(cut, partLength_) * bytesEach));
}

void StridedCopy::run(const void* from, void* to) const {
  const std::byte* source = static_cast<const std::byte*>(from);
  std::byte* target = static_cast<std::byte*>(to);
  parallelFor(positions_ * parts_, grain_, [&](int64_t begin, int64_t end) {
    Odometer<2> at(shape_, {&from_, &to_}, begin / parts_);
    for (int64_t i = begin; i < end; i++) {
      const int64_t part = i % parts_ * partLength_;
      const int64_t whole = inner_ == Inner::transpose ? rows_ : length_;
      copyPart(source + at[0], target + at[1], part, std::min(whole, part + partLength_));
      if (i % parts_ == parts_ - 1) at.next();
    }
  });
}

void StridedCopy::copyPart(const std::byte* from, std::byte* to, int64_t begin, int64_t end) const {
  if (inner_ == Inner::run) {
    std::memcpy(to + begin * itemBytes_, from + begin * itemBytes_, size_t((end - begin) * itemBytes_));
    return;
  }
  withSizedType(size_t(itemBytes_), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    if (inner_ == Inner::transpose) {
      transposeBlocks<T>(from + begin * itemBytes_, fromStep_, to + begin * rowToStep_, rowToStep_, end - begin,
                         length_);
    } else if (inner_ == Inner::repeat) {
      const T value = get<T>(from);
      for (int64_t i = begin; i < end; i++) put(to + i * int64_t(sizeof(T)), value);
    } else {
      copyStrided<T>(from + begin * fromStep_, fromStep_, to + begin * rowToStep_, rowToStep_, end - begin);
    }
  });
}

}  // namespace hornet

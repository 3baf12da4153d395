// Copies elements of any size between two strided views of one shape: the engine of transpose, slice, pad, concat, ….
#pragma once

#include "../strides.h"

namespace hornet {

class StridedCopy {
 public:
  /// Strides count elements of `itemBytes`; those of `from` may be 0 (repeat) or negative.
  StridedCopy(size_t itemBytes, const Dims& shape, const Dims& from, const Dims& to);

  /// Copies from and to views that begin at these elements.
  void run(const void* from, void* to) const;

 private:
  enum class Inner { run, repeat, strided, transpose };

  void chooseInner();
  void copyPart(const std::byte* from, std::byte* to, int64_t begin, int64_t end) const;

  int64_t itemBytes_;
  Dims shape_, from_, to_;  // outer dimensions; strides in bytes
  Inner inner_ = Inner::run;
  int64_t length_ = 1, fromStep_ = 0;                   // the innermost dimension, dense in `to`; step in bytes
  int64_t rows_ = 1, rowFromStep_ = 0, rowToStep_ = 0;  // the dimension outside of it: dense in `from` for transpose
  int64_t positions_ = 1, parts_ = 1, partLength_ = 1, grain_ = 1;
};

}  // namespace hornet

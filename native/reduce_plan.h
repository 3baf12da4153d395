// How the input of a reduction over any axes is seen: as few runs of neighbouring values as possible.
#pragma once

#include <vector>

#include "strides.h"

namespace hornet {

/// The input as blocks of `rows` x `columns` neighbouring values whose rows are to be reduced. Kept and reduced
/// positions outside of the block have offsets of their own.
struct ReducePlan {
  Dims keptShape, keptStrides, reducedShape, reducedStrides;
  int64_t kept = 1, reduced = 1, rows = 1, columns = 1;

  ReducePlan(const Dims& shape, const std::vector<int64_t>& axes) {
    const Dims strides = rowMajorStrides(shape);
    std::vector<bool> isReduced(shape.size(), false);
    for (const int64_t axis : axes) isReduced.at(size_t(axis)) = true;

    struct Run {
      int64_t size, stride;
      bool isReduced;
    };
    std::vector<Run> runs;  // neighbouring dimensions of one kind
    for (size_t d = 0; d < shape.size(); d++) {
      if (shape[d] == 1) continue;
      if (!runs.empty() && runs.back().isReduced == isReduced[d]) {
        runs.back().size *= shape[d];
        runs.back().stride = strides[d];
      } else {
        runs.push_back({shape[d], strides[d], isReduced[d]});
      }
    }
    if (!runs.empty() && !runs.back().isReduced) {
      columns = runs.back().size;
      runs.pop_back();
    }
    if (!runs.empty()) {
      rows = runs.back().size;
      runs.pop_back();
    }
    for (const Run& run : runs) {
      (run.isReduced ? reducedShape : keptShape).push_back(run.size);
      (run.isReduced ? reducedStrides : keptStrides).push_back(run.stride);
    }
    kept = product(keptShape);
    reduced = product(reducedShape);
  }
};

}  // namespace hornet

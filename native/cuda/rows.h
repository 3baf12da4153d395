// Rows of a matrix over groups of threads: how many threads share a row, and what each of them keeps in registers.
// A group is a part of a warp or a whole block.
#pragma once

#include <string>
#include <vector>

#include "device.h"
#include "pack.h"

namespace hornet {

/// One row for `lanes` threads; each holds `packs` packs of `pack` values, which are `lanes` packs apart.
struct RowPlan {
  int lanes, pack, packs;

  static constexpr int kMostKept = 32;  // values in the registers of one thread

  RowPlan(size_t valueBytes, int64_t width) : lanes(1), pack(packFor(valueBytes, width)), packs(1) {
    const int64_t needed = width / pack;
    if (width > 32 * kMostKept) {
      lanes = kThreads;
    } else {
      while (lanes < 32 && lanes < needed) lanes *= 2;
    }
    while (packs * pack < kMostKept && int64_t(packs) * lanes < needed) packs *= 2;
  }

  /// Whether the registers hold a whole row.
  bool holds(int64_t width) const { return int64_t(lanes) * pack * packs >= width; }
  int rowsPerBlock() const { return kThreads / lanes; }
  unsigned blocks(int64_t rows, int64_t most = 1 << 20) const { return blocksFor(rows, rowsPerBlock(), most); }
  /// Appends the template arguments of a kernel that works on such rows.
  void appendTo(std::vector<std::string>& arguments) const {
    for (const int number : {lanes, pack, packs}) arguments.push_back(std::to_string(number));
  }
};

}  // namespace hornet

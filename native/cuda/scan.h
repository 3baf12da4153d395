// Scans along an axis: what host and device share. The device's part is scan.cu.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// Values of a tile, which a warp or a block scans at a time: so many for each thread.
inline constexpr int kScanItems = 8;

/// A tensor seen as outer x length x inner. Long axes are divided into parts.
struct ScanArgs {
  const void* x;
  void* y;
  void* totals;  // [outer][inner][parts]; null: one part
  int64_t outer, length, inner, parts, partLength;
  bool isReversed;
};

}  // namespace hornet

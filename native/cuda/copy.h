// What the kernels of copy.cu are given: strided views of one shape. Strides and places count items, which are one or
// several elements.
#pragma once

#include "digits.h"
#include "fault.h"

namespace hornet {

inline constexpr int kCopyRank = 32;
/// Items that each thread copies at once, so that several loads are under way.
inline constexpr int kCopyItems = 4;
/// Threads per block: what device.h calls kThreads.
inline constexpr int kCopyThreads = 256;
/// Bytes that one thread moves at best.
inline constexpr int kVectorBytes = 16;

/// A stretch of bytes, both ends aligned for vectors.
struct DenseCopyArgs {
  const void* from;
  void* to;
  const FaultRecord* fault;  // null: copy even after a fault
  int64_t vectors;
  int32_t tail;  // bytes after the last vector
};

/// A view of `rank` dimensions, the last one innermost in the target.
template <class Index>
struct CopyArgs {
  const void* from;
  void* to;
  const FaultRecord* fault;
  Index count;
  int32_t rank;
  Radix<Index> sizes[kCopyRank];
  int64_t fromStrides[kCopyRank], toStrides[kCopyRank];
};

/// A place that is only known on the device: it is moved so that the window fits.
struct WindowStart {
  const void* numbers;
  int32_t rank;
  bool isLong, movesTarget;
  int64_t strides[kCopyRank], limits[kCopyRank];
};

template <class Index>
struct WindowCopyArgs {
  CopyArgs<Index> copy;
  WindowStart start;
};

/// Rows that are dense in the source become columns that are dense in the target, in square tiles.
struct TransposeArgs {
  const void* from;
  void* to;
  const FaultRecord* fault;
  int64_t rows, columns, columnFromStride, rowToStride;
  uint32_t tiles;
  Radix<uint32_t> rowTiles, columnTiles;
  int32_t rank;  // of the positions that tiles repeat at
  Radix<uint32_t> sizes[kCopyRank];
  int64_t fromStrides[kCopyRank], toStrides[kCopyRank];
};

/// Side of the tiles for items of a size.
constexpr int transposeSide(int itemBytes) { return itemBytes <= 2 ? 64 : 32; }

}  // namespace hornet

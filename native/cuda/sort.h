// Sorting along an axis: what host and device share. The device's part is sort.cu, and radix_sort.cu for long rows.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// Entries that a block orders in shared memory.
inline constexpr int kSortSlots = 2048;
/// Values that a block looks at between two looks at how full its slots are.
inline constexpr int kSelectStep = 1024;

/// Rows along the axis of outer x length x inner: of all of them, `rows` from `firstRow` on.
struct SortArgs {
  const void* x;
  void* values;
  int32_t* indices;
  void* keys;                // [rows][length]: for a radix sort
  const int32_t* positions;  // [rows][length]: its result
  int64_t firstRow, rows, length, inner, kept;
  int32_t width;  // slots of a row: a power of 2
  bool isDescending;
};

/// The best `kept` of each row: of every part of it first, then of what the parts gave.
struct SelectArgs {
  const void* x;
  void* values;
  int32_t* indices;
  const void* entries;  // [rows][count] of a first round; null: the values are looked at themselves
  void* selected;       // [rows][parts][kept] entries; null: values and indices are wanted
  int64_t length, count, parts, kept;
};

}  // namespace hornet

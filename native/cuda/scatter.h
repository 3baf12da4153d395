// What the kernels of scatter.cu are given. Updates are taken in the order of the rows they go to, those of one row in
// their own order, so that results are the same in each run.
#pragma once

#include "gather.h"

namespace hornet {

/// As many indices are ordered by comparing each with each; more by a radix sort.
inline constexpr int64_t kFewIndices = 4096;

/// From indices to rows as keys, in order where they are few.
struct RowOrderArgs {
  RowLookup lookup;
  void* keys;
  int32_t* order;  // index by place in the order
};

/// Updates of [outer, count, inner] to rows of [outer, rows, inner]; `inner` counts packs or items.
struct ScatterArgs {
  const void* updates;
  void* to;  // already holds what the updates are combined with
  const FaultRecord* guard;
  const void* keys;      // rows in order
  const int32_t* order;  // the update of each key
  int64_t outer, count, inner, rows;
  // The ordered updates are divided into chunks. What belongs to a row that has updates in several chunks is left here
  // first: [chunks][outer][inner], for rows that come from the chunk before, and for rows that go on.
  void* heads;
  void* tails;
  int64_t chunk, chunks;
};

/// Updates that replace: items of [outer, places in the order, inner].
template <class Index>
struct ReplaceArgs {
  const void* updates;
  void* to;
  const FaultRecord* guard;
  const void* keys;
  const int32_t* order;
  Index count;
  Radix<Index> inner, places;
  int64_t rows;
};

/// Updates in their own order, added at once: elements of [outer, indices, inner].
template <class Index>
struct AddAtOnceArgs {
  RowLookup lookup;
  const float* updates;
  float* to;
  const FaultRecord* guard;
  Index count;
  Radix<Index> inner, indices;
  int64_t rows;
};

}  // namespace hornet

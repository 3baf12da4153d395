// Stable sorting of long rows of unsigned keys with their positions, digit by digit: for sorts, and for whoever has to
// bring equal indices together. The device's part is radix_sort.cu.
#pragma once

#include "../device_fn.h"

namespace hornet {

inline constexpr int kRadixDigits = 256;

/// Keys that a block orders in one go.
template <class Key>
inline constexpr int kRadixTile = 256 * 64 / int(sizeof(Key));

/// A pass over one digit. Rows lie one after the other; each is divided into parts of whole tiles, one per block.
struct RadixArgs {
  const void* keys;
  const int32_t* positions;  // null: each key is where it was
  void* sortedKeys;          // null: nobody wants them
  int32_t* sortedPositions;
  uint32_t* counts;  // [rows][parts][digits]
  uint32_t* totals;  // [rows][digits]
  int64_t length, partLength;
  uint32_t parts;
  int32_t shift;
};

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include "../scratch.h"
#include "device.h"

namespace hornet {

class RadixSort {
 public:
  RadixSort() = default;
  /// For rows of at most 2^31 - 1 keys of 4 or 8 bytes, of which only the lowest `bits` bits may be set. Without
  /// `wantsKeys` only the positions come out.
  RadixSort(Device& device, int64_t rows, int64_t length, int keyBytes, int bits, bool wantsKeys = true);

  size_t scratchBytes() const { return plan_.bytes(); }
  /// Enqueues the sort of `keys`, a buffer that is overwritten, as is `spareKeys`. Returns the one of the two that then
  /// holds the sorted keys; which it is depends on nothing but `bits`.
  void* run(void* keys, void* spareKeys, int32_t* sortedPositions, void* scratch) const {
    return run(keys, spareKeys, sortedPositions, scratch, rows_);
  }
  /// The same for the first `rows` rows.
  void* run(void* keys, void* spareKeys, int32_t* sortedPositions, void* scratch, int64_t rows) const;

 private:
  int64_t rows_ = 0, length_ = 0, partLength_ = 0, parts_ = 0;
  int passes_ = 0;
  bool wantsKeys_ = true;
  DeviceKernel count_, scan_, scatter_;
  ScratchPlan plan_;
  size_t positionsAt_ = 0, countsAt_ = 0, totalsAt_ = 0;
};

}  // namespace hornet

#endif

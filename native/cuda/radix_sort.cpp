// The passes of a radix sort: per digit count, sum up the counts, scatter.
#include "radix_sort.h"

#include <algorithm>

namespace hornet {

RadixSort::RadixSort(Device& device, int64_t rows, int64_t length, int keyBytes, int bits, bool wantsKeys)
    : rows_(rows), length_(length), passes_(std::max(1, (bits + 7) / 8)), wantsKeys_(wantsKeys) {
  if (rows == 0 || length == 0) return;
  const int64_t tile = keyBytes == 8 ? kRadixTile<uint64_t> : kRadixTile<uint32_t>;
  const int64_t tiles = (length + tile - 1) / tile;
  const int64_t wanted = std::clamp<int64_t>(8 * device.multiprocessors() / rows, 1, tiles);
  partLength_ = (tiles + wanted - 1) / wanted * tile;
  parts_ = (length + partLength_ - 1) / partLength_;
  if (passes_ > 1) positionsAt_ = plan_.reserve(size_t(rows * length) * sizeof(int32_t));
  countsAt_ = plan_.reserve(size_t(rows * parts_ * kRadixDigits) * sizeof(uint32_t));
  totalsAt_ = plan_.reserve(size_t(rows * kRadixDigits) * sizeof(uint32_t));
  const std::string key = keyBytes == 8 ? "uint64_t" : "uint32_t";
  count_ = DeviceKernel(device, "radix_sort.cu", instantiate("radixCount", {key}));
  scan_ = DeviceKernel(device, "radix_sort.cu", "radixScan");
  scatter_ = DeviceKernel(device, "radix_sort.cu", instantiate("radixScatter", {key}));
}

void* RadixSort::run(void* keys, void* spareKeys, int32_t* sortedPositions, void* scratch, int64_t rows) const {
  if (rows == 0 || length_ == 0) return keys;
  void* keyBuffers[] = {keys, spareKeys};
  int32_t* positionBuffers[] = {sortedPositions, scratchAt<int32_t>(scratch, positionsAt_)};
  const int32_t* positions = nullptr;
  for (int pass = 0; pass < passes_; pass++) {
    const int left = passes_ - 1 - pass;
    const RadixArgs args{.keys = keyBuffers[pass % 2],
                         .positions = positions,
                         .sortedKeys = left > 0 || wantsKeys_ ? keyBuffers[(pass + 1) % 2] : nullptr,
                         .sortedPositions = positionBuffers[left % 2],
                         .counts = scratchAt<uint32_t>(scratch, countsAt_),
                         .totals = scratchAt<uint32_t>(scratch, totalsAt_),
                         .length = length_,
                         .partLength = partLength_,
                         .parts = uint32_t(parts_),
                         .shift = 8 * pass};
    count_.launch({unsigned(rows * parts_)}, args);
    scan_.launch({unsigned(rows * (kRadixDigits / 32))}, args);
    scatter_.launch({unsigned(rows * parts_)}, args);
    positions = args.sortedPositions;
  }
  return keyBuffers[passes_ % 2];
}

}  // namespace hornet

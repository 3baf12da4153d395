// Copies elements of any size between two strided views of one shape, on the device's stream: the engine of transpose,
// slice, concat, ….
#pragma once

#include "../strides.h"
#include "copy.h"
#include "device.h"

namespace hornet {

/// The fault that keeps a kernel from writing state; null where it may always write.
inline const FaultRecord* guardOf(const KernelArgs& args) {
  return args.writesState ? args.device->faults().record() : nullptr;
}

/// The unsigned type that holds an item of 1, 2, 4, 8 or 16 bytes.
const char* itemType(int64_t bytes);

/// Blocks for kernels of copy.cu.
inline unsigned copyBlocks(int64_t items) { return blocksFor(items, kThreads * kCopyItems, (int64_t(1) << 31) - 1); }

/// Two views with elements joined to larger items where both allow it. Strides and places count items.
struct CopyPlan {
  int64_t itemBytes;
  Dims shape, from, to;
  int64_t fromFirst, toFirst;
  Dims moves;  // strides by which the device may move a view's first item

  CopyPlan(size_t itemBytes, const Dims& shape, const Dims& from, const Dims& to, int64_t fromFirst = 0,
           int64_t toFirst = 0, const Dims& moves = {});

  int64_t count() const { return product(shape); }
  /// Arguments of the strided kernels, without pointers.
  template <class Index>
  CopyArgs<Index> args() const;
};

class StridedCopy {
 public:
  StridedCopy() = default;
  /// Strides and first places count elements of `itemBytes`; strides of `from` may be 0 (repeat) or negative. With a
  /// guard nothing is written after a fault.
  StridedCopy(Device& device, size_t itemBytes, const Dims& shape, const Dims& from, const Dims& to,
              int64_t fromFirst = 0, int64_t toFirst = 0, const FaultRecord* guard = nullptr);

  void run(const void* from, void* to) const;

 private:
  enum class Kind { nothing, dense, strided, transposed };

  void planDense(Device& device, const CopyPlan& plan);
  bool planTransposed(Device& device, const CopyPlan& plan);
  void planStrided(Device& device, CopyPlan plan);

  Kind kind_ = Kind::nothing;
  DeviceKernel kernel_;
  unsigned blocks_ = 1;
  int64_t fromOffset_ = 0, toOffset_ = 0;  // bytes
  DenseCopyArgs dense_{};
  TransposeArgs transposed_{};
  CopyArgs<uint32_t> strided_{};
  std::unique_ptr<CopyArgs<uint64_t>> stridedLong_;
};

}  // namespace hornet

// Reductions over any axes: what host and device share, and how the host enqueues one. The device's part is reduce.cu.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// Positions of a shape in row-major order, and where each lies. Shapes alternate kept and reduced dimensions, so that
/// of 32 at most 16 are of one kind.
struct Places {
  int32_t rank;
  int64_t shape[16], strides[16];

  HORNET_DEVICE_FN int64_t offset(int64_t position) const {
    int64_t offset = 0;
    for (int d = rank - 1; d > 0; d--) {
      offset += position % shape[d] * strides[d];
      position /= shape[d];
    }
    return rank > 0 ? offset + position * strides[0] : offset;
  }
};

/// A reduction as in ReducePlan: `reduced` x `rows` positions are folded for each of `kept` x `columns`.
struct ReduceArgs {
  const void* x;
  void* y;
  void* partials;  // [splits][kept][columns] for a second reduction; null: the results go to y
  Places keptPlaces, reducedPlaces;
  int64_t kept, reduced, rows, columns;
  int64_t splits;  // how many blocks share the positions that are folded
  int64_t tail;    // values behind the last whole pack of the only row
};

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include "../reduce_plan.h"
#include "device.h"

namespace hornet {

/// One or two kernels that fold, in an order that depends on shapes and device only.
class Reduction {
 public:
  /// `fold` is a fold of reduce.cu for items of `itemBytes`, `secondFold` the one for its partial results; if that is
  /// empty there are none.
  Reduction(Device& device, const ReducePlan& plan, int64_t itemBytes, const std::string& fold, int64_t partialBytes,
            const std::string& secondFold);

  size_t scratchBytes() const { return scratchBytes_; }
  /// Names the kernels.
  std::string implementation() const;
  void run(const void* x, void* y, void* scratch) const;

 private:
  void planRows(Device& device, int64_t itemBytes, const std::string& fold, bool maySplit);
  void planColumns(Device& device, int64_t itemBytes, const std::string& fold, bool maySplit);

  ReduceArgs args_{};
  DeviceKernel kernel_;
  unsigned blocks_ = 0;
  size_t scratchBytes_ = 0;
  std::unique_ptr<Reduction> second_;
};

}  // namespace hornet

#endif

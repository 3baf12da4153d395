// The host's side of indices given at run time: how the device looks them up, and what it says of a bad one.
#pragma once

#include "../row_index.h"
#include "gather.h"
#include "strided_copy.h"

namespace hornet {

/// The lookup of an operand's rows, without the pointer to the indices.
RowLookup makeLookup(const KernelArgs& args, const RowIndex& index);

/// The largest item, up to a vector, that rows of so many bytes consist of.
inline int64_t rowItemBytes(int64_t rowBytes) {
  int64_t bytes = kVectorBytes;
  while (rowBytes % bytes != 0) bytes /= 2;
  return bytes;
}

/// Looks only whether all indices are in bounds.
class RowCheck {
 public:
  RowCheck() = default;
  explicit RowCheck(Device& device) : kernel_(device, "gather.cu", "checkRows") {}

  void run(const RowLookup& lookup) const { kernel_.launch({blocksFor(lookup.count)}, lookup); }

 private:
  DeviceKernel kernel_;
};

}  // namespace hornet

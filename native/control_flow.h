// Loops and branches: kernels that run programs of their own. They are the same on every backend but for how memory is
// copied and how a number is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "kernel.h"

namespace hornet {

/// What loops and branches do with device memory, in the order of the work of kernels.
class ControlMemory {
 public:
  virtual ~ControlMemory() = default;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  /// One int32, or one bool, as soon as it is computed. Throws when the work before it has failed.
  virtual int32_t readNumber(const void* from, DType dtype) = 0;
  /// Of operands that kernels take; slices that begin elsewhere are copied.
  virtual size_t alignment() const = 0;
};

/// How a backend makes kernels: its name, its device and the memory of that.
struct ControlBackend {
  std::string name;
  Device* device;
  std::shared_ptr<ControlMemory> memory;
};

// docs/architecture.md says what they do. The last output of each is the arena of its programs.
std::unique_ptr<Kernel> makeScan(const KernelArgs& args, ControlBackend backend);
std::unique_ptr<Kernel> makeWhile(const KernelArgs& args, ControlBackend backend);
std::unique_ptr<Kernel> makeBranch(const KernelArgs& args, ControlBackend backend);

}  // namespace hornet

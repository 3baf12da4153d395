// The interface of kernels and the registry that backends find them in.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "error.h"
#include "program.h"
#include "tensor.h"

namespace hornet {

/// A backend's own view of its device; the CPU has none.
class Device;

/// What a kernel is made for: the op, its operands' types and shapes, its attributes.
struct KernelArgs {
  const std::string& op;
  std::vector<TensorSpec> inputs, outputs;
  const Attrs& attrs;
  Device* device = nullptr;
  /// Whether an output is the model's state, which a failed run must leave alone.
  bool writesState = false;
};

/// For ops of floats only.
inline void requireFloat(const KernelArgs& args) {
  const DType dtype = args.inputs[0].dtype;
  if (!isFloat(dtype)) throw Error(args.op, std::string("not defined for ") + dtypeName(dtype));
}

/// One instruction, ready to run any number of times. Made once per program; `run` allocates nothing.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Memory that `run` may use for itself, shared by all kernels of a program.
  virtual size_t scratchBytes() const { return 0; }
  /// What runs it, where there is a choice: a library's name for its implementation.
  virtual std::string implementation() const { return {}; }
  /// Whether `run` waits for numbers that the device computes, so that nobody can record its work once for all runs.
  virtual bool readsNumbers() const { return false; }
  /// Takes over the work of another kernel that is independent of this one, so that both run at once; the operands of
  /// `run` are then those of this one followed by the other's. False where they do not fit.
  virtual bool join(Kernel&) { return false; }
  /// Does the work, or enqueues it on the device's stream.
  virtual void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) = 0;
};

using KernelFactory = std::unique_ptr<Kernel> (*)(const KernelArgs&);

/// Kernels by op name, entered by static initializers beside each kernel.
inline std::map<std::string, KernelFactory>& kernelRegistry() {
  static std::map<std::string, KernelFactory> registry;
  return registry;
}

inline KernelFactory findKernel(const std::string& op) {
  const auto found = kernelRegistry().find(op);
  return found == kernelRegistry().end() ? nullptr : found->second;
}

struct KernelRegistration {
  KernelRegistration(const char* op, KernelFactory factory) { kernelRegistry().emplace(op, factory); }
};

#define HORNET_JOIN_(a, b) a##b
#define HORNET_JOIN(a, b) HORNET_JOIN_(a, b)
/// Enters a kernel under the name of its op: REGISTER_KERNEL("conv", makeConv);
#define REGISTER_KERNEL(name, factory) \
  static const ::hornet::KernelRegistration HORNET_JOIN(registration, __LINE__)(name, factory)

}  // namespace hornet

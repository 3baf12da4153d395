// The kernels of a program with the addresses of their operands: what the executables of all backends are made of.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel.h"
#include "program.h"

namespace hornet {

class Steps {
 public:
  /// Makes all kernels; throws an Error that names the op of one that cannot be made.
  Steps(std::shared_ptr<const Program> program, const std::string& backend, Device* device);

  size_t count() const { return steps_.size(); }
  /// What the greediest kernel needs.
  size_t scratchBytes() const { return scratchBytes_; }
  /// Whether a run waits for numbers that the device computes.
  bool readsNumbers() const;
  /// What runs each instruction, with `notes` on the steps.
  std::vector<std::string> implementations(const std::vector<std::string>& notes) const;

  /// Writes the addresses of all operands; most calls find them as they were.
  void pointTo(std::byte* arena, std::byte* constants, std::span<void* const> parameters,
               std::span<void* const> results);
  /// Runs one kernel; what it throws becomes an Error that names the op.
  void run(size_t i, void* scratch);

 private:
  /// One kernel, for one instruction or for several that it has joined.
  struct Step {
    std::unique_ptr<Kernel> kernel;
    std::vector<size_t> instructions;
    std::vector<const void*> in;
    std::vector<void*> out;
  };

  Step makeStep(const Instruction& instruction, const std::string& backend, Device* device) const;
  bool joinEarlier(Step& step);
  bool conflict(size_t earlier, size_t later) const;
  void* address(uint32_t id) const;

  std::shared_ptr<const Program> program_;
  std::vector<Step> steps_;
  size_t scratchBytes_ = 0;
  std::byte *arena_ = nullptr, *constants_ = nullptr;
  std::vector<void*> parameters_, results_;
};

}  // namespace hornet

// A program on the CPU: its kernels, run one after the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../backend.h"
#include "../steps.h"
#include "host_memory.h"

namespace hornet {

/// Memory that all programs of a device share, because they run one at a time: arena and scratch. It only grows.
class Workspace {
 public:
  explicit Workspace(HostPool& pool) : pool_(pool) {}
  ~Workspace() { pool_.release(std::move(memory_), bytes_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// At least so many bytes, which stay where they are until somebody reserves more.
  std::byte* reserve(size_t bytes);

 private:
  HostPool& pool_;
  HostMemory memory_;
  size_t bytes_ = 0;
};

class CpuExecutable : public Executable {
 public:
  CpuExecutable(std::shared_ptr<const Program> program, std::shared_ptr<Workspace> workspace);

  void run(std::span<void* const> parameters, std::span<void* const> results) override;
  std::vector<std::string> implementations() const override;

 private:
  Steps steps_;
  std::shared_ptr<Workspace> workspace_;
  HostMemory constants_;
  size_t scratchOffset_, workspaceBytes_;
  /// Time of each instruction in the last run; empty unless HORNET_PROFILE is set.
  std::vector<std::atomic<int64_t>> nanoseconds_;
};

}  // namespace hornet

// A program on a GPU: its kernels, enqueued one after the other, or recorded once as a CUDA graph and replayed.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "../backend.h"
#include "../steps.h"
#include "device.h"

namespace hornet {

class CudaExecutable : public Executable {
 public:
  CudaExecutable(std::shared_ptr<const Program> program, Device& device, std::shared_ptr<cuda::Workspace> workspace);
  ~CudaExecutable() override;

  void run(std::span<void* const> parameters, std::span<void* const> results) override;
  std::vector<std::string> implementations() const override;

 private:
  /// A run with certain memory: enqueued the first time, recorded the second, replayed from then on.
  struct Recording {
    std::byte* arena;
    std::vector<void*> parameters, results;
    cuda::GraphExec graph;
  };

  Recording& recordingFor(std::byte* arena, std::span<void* const> parameters, std::span<void* const> results,
                          bool& isNew);
  void enqueue(const Recording& recording);
  cuda::GraphExec record(const Recording& recording);
  void profile(const Recording& recording);

  Device& device_;
  Steps steps_;
  std::shared_ptr<cuda::Workspace> workspace_;
  size_t constantBytes_, scratchOffset_, workspaceBytes_;
  void* constants_ = nullptr;
  bool usesGraphs_;
  /// The latest first.
  std::vector<std::unique_ptr<Recording>> recordings_;
  mutable std::mutex timesMutex_;
  /// Milliseconds of each instruction in the last run; empty unless HORNET_PROFILE is set.
  std::vector<float> milliseconds_;
};

}  // namespace hornet

// cuDNN on one device: a plan per operation graph, shared while somebody uses it, and calls that run plans.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cudnn_plan.h"
#include "device.h"
#include "disk_cache.h"

namespace hornet::cudnn {

struct HandleDestroyer {
  void operator()(cudnnHandle_t handle) const noexcept { functions().cudnnDestroy(handle); }
};

class Handle {
 public:
  explicit Handle(Device& device);

  /// What runs a graph; null where the library has no engine for it. Equal graphs share a plan. With HORNET_AUTOTUNE=1
  /// candidates are timed on the device, and the choice is kept on disk.
  std::shared_ptr<const Plan> plan(const Graph& graph);

  /// The library's handle, enqueueing where the device's kernels do.
  cudnnHandle_t get();

 private:
  std::optional<Plan> choose(const Graph& graph, const std::string& text);

  Device& device_;
  std::unique_ptr<std::remove_pointer_t<cudnnHandle_t>, HandleDestroyer> handle_;
  std::optional<Target> target_;
  CUstream stream_ = nullptr;
  Rules rules_;
  bool autotunes_;
  cuda::DiskCache choices_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Plan>> plans_;
};

/// A plan with its operands: made once, then run any number of times, without allocating while addresses stay the same.
class Call {
 public:
  /// Without a plan, and false.
  Call() = default;
  /// False where the library has no engine for the graph.
  Call(Device& device, const std::string& op, const Graph& graph);

  explicit operator bool() const { return plan_ != nullptr; }
  size_t scratchBytes() const { return plan_->workspaceBytes; }
  /// E.g. `cudnn engine 37 2=1 24=5`.
  std::string implementation() const { return "cudnn engine " + plan_->name; }

  /// Enqueues the graph; every tensor in memory has its address, scalars one on the host.
  void run(std::span<const Operands::Address> operands, void* scratch);
  void run(std::initializer_list<Operands::Address> operands, void* scratch) {
    run(std::span<const Operands::Address>(operands.begin(), operands.size()), scratch);
  }

 private:
  Device* device_ = nullptr;
  std::string op_;
  std::shared_ptr<const Plan> plan_;
  std::optional<Operands> operands_;
};

}  // namespace hornet::cudnn

// From an operation graph to what runs it: cuDNN's heuristics name engines, the first that may be used becomes a plan.
// Plans can also be made for a device that is not there, from its description.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cudnn_graph.h"

namespace hornet::cudnn {

/// The device that plans are made for: the one of a handle, or one that is only described (cuDNN 9.8 and later).
class Target {
 public:
  explicit Target(cudnnHandle_t handle) : handle_(handle) {}
  explicit Target(const std::string& properties);

  /// Tells a descriptor its device: by the attribute for a handle, where it has one, or that for a description.
  void apply(Descriptor& descriptor, std::optional<cudnnBackendAttributeName_t> handleName,
             std::optional<cudnnBackendAttributeName_t> propertiesName) const;

 private:
  cudnnHandle_t handle_ = nullptr;
  std::optional<Descriptor> properties_;
};

/// Which engines may be used.
struct Rules {
  bool allowsTf32 = true, isDeterministic = true;
  size_t workspaceLimit = size_t(1) << 30;
};

/// An engine with the values of its knobs: how one operation graph may be computed.
struct EngineConfig {
  Descriptor descriptor;
  /// E.g. `37 2=1 24=5`: the engine's number and its knobs, from which the config can be made again.
  std::string name;
};

/// A config made ready to run; immutable.
struct Plan {
  Descriptor descriptor;
  std::string name;
  size_t workspaceBytes;
};

/// A finalized operation graph.
struct Operations {
  Operations(const Target& target, const Graph& graph);

  Descriptor descriptor;
  bool multipliesFloat32;
};

/// What a heuristic suggests, best first, without what the rules exclude.
std::vector<EngineConfig> suggest(const Target& target, const Operations& operations, cudnnBackendHeurMode_t mode,
                                  const Rules& rules);

/// The config of that name, e.g. from a cache; nothing if the library does not have it.
std::optional<EngineConfig> namedConfig(const Target& target, const Operations& operations, const std::string& name);

/// Makes a config ready; nothing if it turns out not to be supported.
std::optional<Plan> makePlan(const Target& target, const EngineConfig& config);

/// The first plan that can be made; nothing if cuDNN has no engine for this graph under these rules.
std::optional<Plan> choosePlan(const Target& target, const Graph& graph, const Rules& rules);

/// Addresses of a graph's tensors, and of the workspace.
class Operands {
 public:
  using Address = std::pair<Tensor, const void*>;

  Operands(std::span<const Address> addresses, void* workspace);

  bool equal(std::span<const Address> addresses, void* workspace) const;
  /// Enqueues the plan on the handle's stream.
  void run(cudnnHandle_t handle, const Plan& plan) const;

 private:
  std::vector<Address> addresses_;
  void* workspace_;
  Descriptor pack_;
};

}  // namespace hornet::cudnn

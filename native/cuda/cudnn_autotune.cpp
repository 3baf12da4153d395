// The fastest of cuDNN's plans: asking the heuristics, and running what they suggest.
#include "cudnn_autotune.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "timing.h"

namespace hornet::cudnn {
namespace {

constexpr size_t kCandidates = 16;

}  // namespace

std::optional<Plan> fastestPlan(Device& device, cudnnHandle_t handle, const Target& target, const Graph& graph,
                                const Operations& operations, const Rules& rules) {
  // Both heuristics rank the engines; the fallback is for graphs that neither knows.
  std::vector<EngineConfig> candidates;
  std::set<std::string> names;
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK}) {
    const size_t most = mode == CUDNN_HEUR_MODE_A ? kCandidates / 2 : kCandidates;
    for (EngineConfig& config : suggest(target, operations, mode, rules)) {
      if (candidates.size() < most && names.insert(config.name).second) candidates.push_back(std::move(config));
    }
  }

  std::vector<Temporary> memory;
  std::vector<std::pair<Tensor, const void*>> addresses;
  static constexpr double zero = 0;
  for (Tensor tensor = 1; tensor <= graph.tensors(); ++tensor) {
    if (graph.isScalar(tensor)) addresses.emplace_back(tensor, &zero);
    const size_t bytes = graph.bytes(tensor);
    if (bytes > 0) addresses.emplace_back(tensor, memory.emplace_back(device, bytes).get());
  }

  std::optional<Plan> best;
  float bestTime = 0;
  for (const EngineConfig& config : candidates) {
    std::optional<Plan> plan = makePlan(target, config);
    if (!plan || plan->workspaceBytes > rules.workspaceLimit) continue;
    try {
      const Temporary workspace(device, plan->workspaceBytes);
      const Operands operands(addresses, workspace.get());
      const float time = timeOf(device, [&] { operands.run(handle, *plan); });
      if (best && time >= bestTime) continue;
      best = std::move(plan);
      bestTime = time;
    } catch (const Error&) {
      // No memory left, or an engine that does not run after all: the others are still there.
    }
  }
  return best;
}

}  // namespace hornet::cudnn

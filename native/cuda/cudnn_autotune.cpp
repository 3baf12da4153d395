// Timing plans with events around a few runs.
#include "cudnn_autotune.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace hornet::cudnn {
namespace {

using cuda::check;
using cuda::driver;

constexpr size_t kCandidates = 16;
constexpr int kRuns = 5;

/// Zeroed device memory for the time of a measurement.
class Temporary {
 public:
  Temporary(Device& device, size_t bytes)
      : device_(device), bytes_(bytes), memory_(device.memory().allocate(bytes, device.stream())) {
    if (bytes > 0) {
      check(driver().cuMemsetD8Async(CUdeviceptr(memory_), 0, bytes, device.stream()), "clearing memory");
    }
  }
  ~Temporary() { device_.memory().release(memory_, bytes_, device_.computeStream()); }
  Temporary(Temporary&& other) noexcept
      : device_(other.device_),
        bytes_(std::exchange(other.bytes_, 0)),
        memory_(std::exchange(other.memory_, nullptr)) {}

  void* get() const { return memory_; }

 private:
  Device& device_;
  size_t bytes_;
  void* memory_;
};

cuda::Event makeTimer() {
  CUevent event = nullptr;
  check(driver().cuEventCreate(&event, CU_EVENT_DEFAULT), "creating an event");
  return cuda::Event(event);
}

/// Milliseconds of a run, after one that is not counted.
float timeOf(Device& device, cudnnHandle_t handle, const Plan& plan, const Operands& operands) {
  const cuda::Event begin = makeTimer(), end = makeTimer();
  operands.run(handle, plan);
  check(driver().cuEventRecord(begin.get(), device.stream()), "recording an event");
  for (int i = 0; i < kRuns; ++i) operands.run(handle, plan);
  check(driver().cuEventRecord(end.get(), device.stream()), "recording an event");
  check(driver().cuEventSynchronize(end.get()), "waiting for an event");
  float milliseconds = 0;
  check(driver().cuEventElapsedTime(&milliseconds, begin.get(), end.get()), "reading a time");
  return milliseconds / kRuns;
}

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
      const float time = timeOf(device, handle, *plan, Operands(addresses, workspace.get()));
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

// Which of cuDNN's plans for a graph is the fastest, by the device's own clock.
#pragma once

#include <optional>

#include "cudnn_plan.h"
#include "device.h"

namespace hornet::cudnn {

/// The fastest of what the heuristics suggest, run on memory of its own; waits for the device. Nothing if none runs.
std::optional<Plan> fastestPlan(Device& device, cudnnHandle_t handle, const Target& target, const Graph& graph,
                                const Operations& operations, const Rules& rules);

}  // namespace hornet::cudnn

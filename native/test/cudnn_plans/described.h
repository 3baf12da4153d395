// GPUs that are only described, as targets of plans.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../../cuda/cudnn_plan.h"
#include "../test.h"

namespace hornet::test {

struct DescribedGpu {
  const char* name;
  int capability, multiprocessors;
  int sharedBytes;  // per block, where a kernel asks for it
  int64_t cacheBytes, memoryBytes;

  /// What cuDNN's own descriptor of device properties says about such a GPU.
  std::string properties() const;
  bool takes(DType dtype) const { return dtype != DType::bfloat16 || capability >= 80; }
};

/// Those of data centres first.
const std::vector<DescribedGpu>& describedGpus();

/// Whether cuDNN is there and can make plans for described GPUs; if not, says so once.
bool canDescribe();

/// A plan for the graph on the GPU.
std::optional<cudnn::Plan> planFor(const DescribedGpu& gpu, const cudnn::Graph& graph, const cudnn::Rules& rules);

/// Reports what has no plan.
void expectPlan(const DescribedGpu& gpu, const cudnn::Graph& graph, const cudnn::Rules& rules, const std::string& what);

}  // namespace hornet::test

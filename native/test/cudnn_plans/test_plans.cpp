// Described GPUs, and what holds for plans of any graph.
#include <dlfcn.h>

#include <cstdlib>

#include "described.h"

namespace hornet::test {

std::string DescribedGpu::properties() const {
  std::string json = "{\"deviceVer\":" + std::to_string(capability * 10) + ",\"deviceName\":\"" + name +
                     "\",\"multiProcessorCount\":" + std::to_string(multiprocessors) +
                     ",\"maxSharedMemoryPerBlockOptin\":" + std::to_string(sharedBytes) +
                     ",\"l2CacheSize\":" + std::to_string(cacheBytes) +
                     ",\"totalGlobalMem\":" + std::to_string(memoryBytes);
  json +=
      ",\"driverVer\":13000,\"cudaDeviceId\":0,\"smCountOrigin\":0,\"maxGridSize\":[2147483647,65535,65535],"
      "\"maxBlockSize\":[1024,1024,64],\"regsPerBlock\":65536,\"warpSize\":32,\"maxSharedMemoryPerBlock\":49152,"
      "\"reservedSharedMemoryPerBlock\":1024,\"maxRegistersPerSM\":65536,\"maxCtasPerSM\":32,"
      "\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":2048,\"pciDeviceId\":0,\"isTccDriver\":0,"
      "\"supportCoopLaunch\":1,\"smClockRateKHz\":1980000,\"memClockRateKHz\":3201000}";
  return json;
}

const std::vector<DescribedGpu>& describedGpus() {
  static const std::vector<DescribedGpu> list = {
      {"NVIDIA H200", 90, 132, 232448, 62914560, 150000000000},
      {"NVIDIA A100-SXM4-40GB", 80, 108, 166912, 41943040, 42000000000},
      {"NVIDIA B200", 100, 148, 232448, 132120576, 190000000000},
      {"NVIDIA GeForce RTX 4090", 89, 128, 101376, 75497472, 25000000000},
      {"NVIDIA GeForce RTX 5090", 120, 170, 101376, 100663296, 33000000000},
      {"Tesla T4", 75, 40, 65536, 4194304, 15800000000},
  };
  return list;
}

bool canDescribe() {
  static const bool can = [] {
    // Plans of engines that are compiled at run time want a driver; a real one would do, too.
    if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL)) dlopen(DESCRIBED_DRIVER, RTLD_NOW | RTLD_GLOBAL);
    std::string reason;
    try {
      if (cudnn::functions().cudnnGetVersion() >= 90800) return true;
      reason = "cuDNN 9.8 or later is needed";
    } catch (const std::exception& error) {
      reason = error.what();
    }
    std::printf("skipped: %s\n", reason.c_str());
    return false;
  }();
  return can;
}

std::optional<cudnn::Plan> planFor(const DescribedGpu& gpu, const cudnn::Graph& graph, const cudnn::Rules& rules) {
  return cudnn::choosePlan(cudnn::Target(gpu.properties()), graph, rules);
}

void expectPlan(const DescribedGpu& gpu, const cudnn::Graph& graph, const cudnn::Rules& rules,
                const std::string& what) {
  const auto plan = planFor(gpu, graph, rules);
  check(plan.has_value(), (what + " has no plan on " + gpu.name).c_str(), __FILE__, __LINE__);
  if (plan && std::getenv("HORNET_TEST_ENGINES")) {
    std::printf("  %s on %s: engine %s, workspace %zu\n", what.c_str(), gpu.name, plan->name.c_str(),
                plan->workspaceBytes);
  }
}

namespace {

/// A convolution, or one with another number of channels.
cudnn::Graph smallGraph(int64_t channels) {
  cudnn::Graph graph;
  const auto x = graph.tensor(DType::bfloat16, cudnn::channelsLast({8, 28, 28, channels}));
  const auto w = graph.tensor(DType::bfloat16, cudnn::channelsLast({64, 3, 3, channels}));
  const auto y = graph.tensor(DType::bfloat16, cudnn::channelsLast({8, 28, 28, 64}));
  graph.convolve(x, w, y, {{1, 1}, {1, 1}, {1, 1}, {1, 1}});
  return graph;
}

TEST("channels-last tensors are described in cuDNN's order of dimensions") {
  const cudnn::Layout layout = cudnn::channelsLast({2, 5, 7, 3});
  CHECK(layout.dims == std::vector<int64_t>{2, 3, 5, 7});
  CHECK(layout.strides == std::vector<int64_t>{105, 1, 21, 3});
}

TEST("equal graphs have equal texts, others don't") {
  if (!canDescribe()) return;
  CHECK(smallGraph(32).text() == smallGraph(32).text());
  CHECK(smallGraph(32).text() != smallGraph(64).text());
}

TEST("the bytes of tensors are known") {
  if (!canDescribe()) return;
  cudnn::Graph graph;
  const auto dense = graph.tensor(DType::float16, cudnn::channelsLast({2, 3, 4, 5}));
  const auto between = graph.between(cudnn::channelsLast({2, 3, 4, 5}));
  const auto scalar = graph.scalar(DType::float32, 4);
  CHECK(graph.tensors() == 3);
  CHECK(graph.bytes(dense) == 240);
  CHECK(graph.bytes(between) == 0 && !graph.isScalar(between));
  CHECK(graph.bytes(scalar) == 0 && graph.isScalar(scalar));
}

TEST("a plan can be made again from its name") {
  if (!canDescribe()) return;
  const cudnn::Graph graph = smallGraph(64);
  const cudnn::Target target(describedGpus()[0].properties());
  const cudnn::Operations operations(target, graph);
  for (const cudnn::EngineConfig& config : cudnn::suggest(target, operations, CUDNN_HEUR_MODE_A, {})) {
    const auto first = cudnn::makePlan(target, config);
    const auto again = cudnn::namedConfig(target, operations, config.name);
    CHECK(again && again->name == config.name);
    const auto second = again ? cudnn::makePlan(target, *again) : std::nullopt;
    CHECK(first.has_value() == second.has_value());
    if (first && second) CHECK(first->workspaceBytes == second->workspaceBytes);
  }
  CHECK(!cudnn::namedConfig(target, operations, "9999 1=2"));
  CHECK(!cudnn::namedConfig(target, operations, "nonsense"));
}

TEST("a limit of the workspace is kept") {
  if (!canDescribe()) return;
  cudnn::Rules rules;
  rules.workspaceLimit = 4096;
  const auto plan = planFor(describedGpus()[0], smallGraph(64), rules);
  CHECK(plan && plan->workspaceBytes <= 4096);
}

TEST("errors of the library tell what was asked for") {
  if (!canDescribe()) return;
  const std::string message = thrownBy([] {
    cudnn::Graph graph;
    graph.tensor(DType::float32, cudnn::rowMajor({2, -1, 3, 4}));
  });
  CHECK(message.starts_with("[cudnn] ") && message.find("902=2,-1,3,4") != std::string::npos);
}

}  // namespace
}  // namespace hornet::test

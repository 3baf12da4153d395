// Running a program on a GPU.
#include "executable.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace hornet {
namespace {

using cuda::check;
using cuda::driver;

constexpr size_t kAlignment = 256;
/// Programs meet few memories: a training loop always the same, eager ops always others.
constexpr size_t kRecordings = 4;

bool wantsGraphs() {
  const char* setting = std::getenv("HORNET_CUDA_GRAPHS");
  return !setting || std::string_view(setting) != "0";
}

/// Lets kernels enqueue on another stream while in scope.
class Redirection {
 public:
  Redirection(Device& device, CUstream stream) : device_(device) { device_.enqueueOn(stream); }
  ~Redirection() { device_.enqueueOn(device_.computeStream()); }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;

 private:
  Device& device_;
};

}  // namespace

CudaExecutable::CudaExecutable(std::shared_ptr<const Program> program, Device& device,
                               std::shared_ptr<cuda::Workspace> workspace)
    : device_(device),
      steps_(program, "cuda", &device),
      workspace_(std::move(workspace)),
      constantBytes_(program->constants.size()),
      scratchOffset_((program->arenaBytes + kAlignment - 1) / kAlignment * kAlignment),
      workspaceBytes_(scratchOffset_ + steps_.scratchBytes()),
      usesGraphs_(wantsGraphs() && !steps_.readsNumbers()) {
  constants_ = device.memory().allocate(constantBytes_, device.computeStream());
  if (constantBytes_ > 0) {
    // From pageable memory the driver copies before it returns.
    check(driver().cuMemcpyHtoDAsync_v2(reinterpret_cast<CUdeviceptr>(constants_), program->constants.data(),
                                        constantBytes_, device.computeStream()),
          "copying constants to the GPU");
  }
  if (std::getenv("HORNET_PROFILE")) milliseconds_.resize(steps_.count());
}

CudaExecutable::~CudaExecutable() {
  if (!device_.tryActivate()) return;
  // A graph may not go while it is replayed.
  driver().cuStreamSynchronize(device_.computeStream());
  device_.memory().release(constants_, constantBytes_, device_.computeStream());
}

void CudaExecutable::run(std::span<void* const> parameters, std::span<void* const> results) {
  std::byte* arena = workspace_->reserve(workspaceBytes_);
  bool isNew = false;
  Recording& recording = recordingFor(arena, parameters, results, isNew);
  if (!milliseconds_.empty()) return profile(recording);
  if (!usesGraphs_ || isNew) return enqueue(recording);
  if (!recording.graph) recording.graph = record(recording);
  check(driver().cuGraphLaunch(recording.graph.get(), device_.computeStream()), "replaying a step");
}

CudaExecutable::Recording& CudaExecutable::recordingFor(std::byte* arena, std::span<void* const> parameters,
                                                        std::span<void* const> results, bool& isNew) {
  const auto fits = [&](const std::unique_ptr<Recording>& known) {
    return known->arena == arena && std::ranges::equal(known->parameters, parameters) &&
           std::ranges::equal(known->results, results);
  };
  auto found = std::ranges::find_if(recordings_, fits);
  isNew = found == recordings_.end();
  if (isNew) {
    if (recordings_.size() == kRecordings) {
      if (recordings_.back()->graph) check(driver().cuStreamSynchronize(device_.computeStream()), "waiting for a step");
      recordings_.pop_back();
    }
    recordings_.push_back(std::make_unique<Recording>(
        Recording{arena, {parameters.begin(), parameters.end()}, {results.begin(), results.end()}, nullptr}));
    found = recordings_.end() - 1;
  }
  std::rotate(recordings_.begin(), found, found + 1);
  return *recordings_.front();
}

void CudaExecutable::enqueue(const Recording& recording) {
  steps_.pointTo(recording.arena, static_cast<std::byte*>(constants_), recording.parameters, recording.results);
  for (size_t i = 0; i < steps_.count(); ++i) steps_.run(i, recording.arena + scratchOffset_);
}

cuda::GraphExec CudaExecutable::record(const Recording& recording) {
  // Thread-local: other threads may allocate pinned memory and enqueue copies meanwhile.
  const CUstream stream = device_.captureStream();
  check(driver().cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "recording a step");
  CUgraph recorded = nullptr;
  try {
    const Redirection redirection(device_, stream);
    enqueue(recording);
  } catch (...) {
    driver().cuStreamEndCapture(stream, &recorded);
    const cuda::Graph dropped(recorded);
    throw;
  }
  check(driver().cuStreamEndCapture(stream, &recorded), "recording a step");
  const cuda::Graph graph(recorded);
  CUgraphExec executable = nullptr;
  check(driver().cuGraphInstantiateWithFlags(&executable, graph.get(), 0), "preparing a recorded step");
  return cuda::GraphExec(executable);
}

void CudaExecutable::profile(const Recording& recording) {
  const CUstream stream = device_.computeStream();
  std::vector<cuda::Event> events;
  for (size_t i = 0; i <= steps_.count(); ++i) {
    CUevent event = nullptr;
    check(driver().cuEventCreate(&event, CU_EVENT_DEFAULT), "creating an event");
    events.emplace_back(event);
  }
  steps_.pointTo(recording.arena, static_cast<std::byte*>(constants_), recording.parameters, recording.results);
  check(driver().cuEventRecord(events[0].get(), stream), "recording an event");
  for (size_t i = 0; i < steps_.count(); ++i) {
    steps_.run(i, recording.arena + scratchOffset_);
    check(driver().cuEventRecord(events[i + 1].get(), stream), "recording an event");
  }
  check(driver().cuEventSynchronize(events.back().get()), "waiting for the GPU");
  const std::lock_guard lock(timesMutex_);
  for (size_t i = 0; i < steps_.count(); ++i) {
    check(driver().cuEventElapsedTime(&milliseconds_[i], events[i].get(), events[i + 1].get()), "timing a kernel");
  }
}

std::vector<std::string> CudaExecutable::implementations() const {
  const std::lock_guard lock(timesMutex_);
  std::vector<std::string> times;
  for (const float time : milliseconds_) times.push_back(" " + std::to_string(int(time * 1000)) + " us");
  return steps_.implementations(times);
}

}  // namespace hornet

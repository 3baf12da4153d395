// The order of work on emulated devices: queues that are emptied when somebody waits, and their recording as graphs.
#include "stream.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

#include "settings.h"

namespace emulated {
namespace {

constexpr size_t kMostItems = 2000;

CUresult sticky = CUDA_SUCCESS;

std::vector<std::unique_ptr<Stream>>& streamList() {
  static auto& list = *new std::vector<std::unique_ptr<Stream>>();  // Never destroyed: programs end in any order.
  return list;
}

/// Captures of this thread, for the modes that only concern the thread that captures.
thread_local int capturesHere = 0;

bool isEager() {
  static const bool eager = !setting("EAGER").empty();
  return eager;
}

}  // namespace

std::recursive_mutex& globalLock() {
  static std::recursive_mutex mutex;
  return mutex;
}

void report(const std::string& text) {
  const std::string line = "emulated CUDA: " + text + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

CUresult stickyError() { return sticky; }

CUresult fail(CUresult error, const std::string& text) {
  report(text);
  return sticky = error;
}

std::vector<int> Graph::order() const {
  std::vector<int> order, missing(nodes.size());
  std::vector<std::vector<int>> followers(nodes.size());
  std::set<int> ready;
  for (size_t i = 0; i < nodes.size(); ++i) {
    missing[i] = int(nodes[i].after.size());
    for (const int earlier : nodes[i].after) followers[size_t(earlier)].push_back(int(i));
    if (missing[i] == 0) ready.insert(int(i));
  }
  while (!ready.empty()) {
    const int node = *ready.rbegin();
    ready.erase(node);
    order.push_back(node);
    for (const int later : followers[size_t(node)])
      if (--missing[size_t(later)] == 0) ready.insert(later);
  }
  return order;
}

CUresult Stream::enqueue(Work work) {
  if (graph_) {
    if (graph_->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    graph_->nodes.push_back({std::move(work), last_});
    last_ = {int(graph_->nodes.size()) - 1};
    return CUDA_SUCCESS;
  }
  return push({std::move(work), nullptr, nullptr});
}

CUresult Stream::push(Item item) {
  items_.push_back(std::move(item));
  if (isEager() || items_.size() > kMostItems) return drain();
  return CUDA_SUCCESS;
}

CUresult Stream::record(Event& event) {
  if (graph_) {
    event.graph = graph_;
    // A node of its own, so that what comes later in this stream is no part of it.
    if (const CUresult error = enqueue([] { return CUDA_SUCCESS; })) return error;
    event.node = last_.front();
    return CUDA_SUCCESS;
  }
  event.graph.reset();
  event.node = -1;
  event.queriesUntilDone = 1;
  event.marker = std::make_shared<Marker>();
  event.marker->stream = this;
  return push({nullptr, event.marker, nullptr});
}

CUresult Stream::wait(Event& event) {
  if (const auto graph = event.graph.lock()) {
    if (graph_ && graph_ != graph) return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    if (!graph_) {
      for (const auto& other : streamList())
        if (other->graph_ == graph && !other->origin_) origin_ = other.get();
      if (!origin_) return CUDA_ERROR_CAPTURED_EVENT;
      graph_ = graph;
      mode_ = origin_->mode_;
      last_.clear();
    }
    if (std::find(last_.begin(), last_.end(), event.node) == last_.end()) last_.push_back(event.node);
    return CUDA_SUCCESS;
  }
  if (!event.marker) return CUDA_SUCCESS;
  if (graph_) {
    report("a capturing stream waits for an event from outside of the capture");
    invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  return push({nullptr, nullptr, event.marker});
}

CUresult Stream::drain(const Marker* until) {
  while (!items_.empty() && !(until && until->done)) {
    Item item = std::move(items_.front());
    items_.pop_front();
    if (item.awaited && !item.awaited->done) item.awaited->stream->drain(item.awaited.get());
    if (item.work && sticky == CUDA_SUCCESS) {
      if (const CUresult error = item.work(); error != CUDA_SUCCESS && sticky == CUDA_SUCCESS) sticky = error;
    }
    if (item.recorded) {
      item.recorded->time = std::chrono::steady_clock::now();
      item.recorded->done = true;
    }
  }
  return sticky;
}

CUresult Stream::beginCapture(CUstreamCaptureMode mode) {
  if (graph_) return CUDA_ERROR_ILLEGAL_STATE;
  graph_ = std::make_shared<Graph>();
  mode_ = mode;
  last_.clear();
  if (mode != CU_STREAM_CAPTURE_MODE_RELAXED) ++capturesHere;
  return CUDA_SUCCESS;
}

CUresult Stream::endCapture(std::shared_ptr<Graph>& graph) {
  if (!graph_) return CUDA_ERROR_ILLEGAL_STATE;
  if (origin_) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  if (mode_ != CU_STREAM_CAPTURE_MODE_RELAXED) {
    if (capturesHere == 0) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    --capturesHere;
  }
  const auto own = std::move(graph_);
  graph_ = nullptr;
  // Every node must lead to where the origin ended.
  std::set<int> reached(last_.begin(), last_.end());
  for (int node = int(own->nodes.size()) - 1; node >= 0; --node)
    if (reached.count(node))
      reached.insert(own->nodes[size_t(node)].after.begin(), own->nodes[size_t(node)].after.end());
  for (const auto& other : streamList())
    if (other->graph_ == own) other->graph_ = nullptr, other->origin_ = nullptr;
  if (own->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (reached.size() != own->nodes.size()) return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  graph = own;
  return CUDA_SUCCESS;
}

void Stream::invalidateCapture() {
  if (graph_) graph_->invalid = true;
}

const std::vector<std::unique_ptr<Stream>>& streams() { return streamList(); }

Stream* createStream(int device) {
  streamList().push_back(std::make_unique<Stream>(device));
  return streamList().back().get();
}

CUresult destroyStream(Stream* stream) {
  auto& list = streamList();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& candidate) { return candidate.get() == stream; });
  if (found == list.end()) return CUDA_ERROR_INVALID_HANDLE;
  if (stream->isCapturing()) stream->invalidateCapture();
  const CUresult result = stream->drain();
  list.erase(found);
  return result;
}

Stream* findStream(CUstream handle) {
  for (const auto& stream : streamList())
    if (stream.get() == reinterpret_cast<Stream*>(handle)) return stream.get();
  return nullptr;
}

CUresult drainAll(int device) {
  for (const auto& stream : streamList())
    if (stream->device() == device) stream->drain();
  return sticky;
}

CUresult refuseWhileCapturing(const char* call) {
  bool refused = false;
  for (const auto& stream : streamList()) {
    if (!stream->isCapturing()) continue;
    const bool here = stream->captureMode() == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && capturesHere > 0;
    if (!here && stream->captureMode() != CU_STREAM_CAPTURE_MODE_GLOBAL) continue;
    stream->invalidateCapture();
    refused = true;
  }
  if (!refused) return CUDA_SUCCESS;
  report(std::string(call) + " while a stream captures");
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

}  // namespace emulated

// The driver API of emulated devices: streams, events and graphs.
#include <cuda.h>

#include <algorithm>

#include "driver_call.h"

using namespace emulated;

namespace {

std::vector<std::unique_ptr<Event>>& events() {
  static auto& list = *new std::vector<std::unique_ptr<Event>>();  // Never destroyed: programs end in any order.
  return list;
}

struct GraphHandle {
  std::shared_ptr<Graph> graph;
};

/// An instantiated graph keeps the work, whatever becomes of the graph.
struct ExecHandle {
  std::shared_ptr<const Graph> graph;
  std::vector<int> order;
};

template <class T, class Handle>
T* as(Handle handle) {
  return reinterpret_cast<T*>(handle);
}

bool isCaptured(const Event& event) { return !event.graph.expired(); }

CUresult refuseCaptured(Event& event, const char* call) {
  const auto graph = event.graph.lock();
  if (!graph) return CUDA_SUCCESS;
  report(std::string(call) + " of an event that was recorded by a capture");
  graph->invalid = true;
  return CUDA_ERROR_CAPTURED_EVENT;
}

}  // namespace

extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  EMULATED_CALL(true);
  if (flags != CU_STREAM_NON_BLOCKING) report("a stream that waits for the default stream is made");
  *stream = reinterpret_cast<CUstream>(createStream(currentDevice()));
  return CUDA_SUCCESS;
}

CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int) { return cuStreamCreate(stream, flags); }

CUresult cuStreamDestroy_v2(CUstream stream) {
  EMULATED_CALL(false);
  return destroyStream(findStream(stream));
}

CUresult cuStreamSynchronize(CUstream handle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuStreamSynchronize"));
  if (stream->isCapturing()) {
    report("cuStreamSynchronize of a stream that captures");
    stream->invalidateCapture();
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return stream->drain();
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuStreamWaitEvent"));
  return stream->wait(*as<Event>(event));
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* status) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuStreamIsCapturing"));
  *status = stream->isCapturing() ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuStreamBeginCapture"));
  return stream->beginCapture(mode);
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  *graph = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuStreamEndCapture"));
  std::shared_ptr<Graph> recorded;
  EMULATED_TRY(stream->endCapture(recorded));
  *graph = reinterpret_cast<CUgraph>(new GraphHandle{recorded});
  return CUDA_SUCCESS;
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode*) {
  report("cuThreadExchangeStreamCaptureMode is not emulated");
  return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuEventCreate(CUevent* event, unsigned flags) {
  EMULATED_CALL(true);
  events().push_back(std::make_unique<Event>(flags));
  *event = reinterpret_cast<CUevent>(events().back().get());
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent handle) {
  EMULATED_CALL(false);
  const size_t count = std::erase_if(events(), [&](const auto& event) { return event.get() == as<Event>(handle); });
  return count == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuEventRecord(CUevent event, CUstream handle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(handle, stream, "cuEventRecord"));
  return stream->record(*as<Event>(event));
}

CUresult cuEventQuery(CUevent handle) {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuEventQuery"));
  Event& event = *as<Event>(handle);
  EMULATED_TRY(refuseCaptured(event, "cuEventQuery"));
  if (!event.marker || event.marker->done) return CUDA_SUCCESS;
  // The first to ask is told to wait.
  if (event.queriesUntilDone-- > 0) return CUDA_ERROR_NOT_READY;
  return event.marker->stream->drain(event.marker.get());
}

CUresult cuEventSynchronize(CUevent handle) {
  EMULATED_CALL(true);
  EMULATED_TRY(refuseWhileCapturing("cuEventSynchronize"));
  Event& event = *as<Event>(handle);
  EMULATED_TRY(refuseCaptured(event, "cuEventSynchronize"));
  if (!event.marker || event.marker->done) return CUDA_SUCCESS;
  return event.marker->stream->drain(event.marker.get());
}

CUresult cuEventElapsedTime_v2(float* milliseconds, CUevent start, CUevent end) {
  EMULATED_CALL(true);
  const Event &from = *as<Event>(start), &to = *as<Event>(end);
  if ((from.flags | to.flags) & CU_EVENT_DISABLE_TIMING) return CUDA_ERROR_INVALID_HANDLE;
  if (isCaptured(from) || isCaptured(to) || !from.marker || !to.marker) return CUDA_ERROR_INVALID_HANDLE;
  if (!from.marker->done || !to.marker->done) return CUDA_ERROR_NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(to.marker->time - from.marker->time).count();
  return CUDA_SUCCESS;
}

#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  EMULATED_CALL(true);
  const auto& recorded = as<GraphHandle>(graph)->graph;
  *exec = reinterpret_cast<CUgraphExec>(new ExecHandle{recorded, recorded->order()});
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  EMULATED_CALL(false);
  delete as<GraphHandle>(graph);
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  EMULATED_CALL(false);
  delete as<ExecHandle>(exec);
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  EMULATED_CALL(true);
  Stream* stream = nullptr;
  EMULATED_TRY(streamOf(streamHandle, stream, "cuGraphLaunch"));
  EMULATED_TRY(countWork());
  const ExecHandle& exec = *as<ExecHandle>(handle);
  return stream->enqueue([graph = exec.graph, order = exec.order] {
    for (const int node : order) EMULATED_TRY(graph->nodes[size_t(node)].work());
    return CUDA_SUCCESS;
  });
}

}  // extern "C"

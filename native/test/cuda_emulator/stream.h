// Streams, events and graphs of emulated devices. Work is done as late as the order of streams and events allows, when
// somebody waits for it: what the host reads too early, or overwrites too early, shows.
#pragma once

#include <cuda.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace emulated {

class Stream;
class Graph;

/// A place in a stream's order, made when an event is recorded.
struct Marker {
  Stream* stream = nullptr;
  bool done = false;
  std::chrono::steady_clock::time_point time;
};

struct Event {
  explicit Event(unsigned flags) : flags(flags) {}
  unsigned flags;
  std::shared_ptr<Marker> marker;
  /// While its last record belongs to a capture.
  std::weak_ptr<Graph> graph;
  int node = -1;
  int queriesUntilDone = 0;
};

/// What a device does, once; returns an error that then stays with the context.
using Work = std::function<CUresult()>;

/// Recorded work. A node waits for the nodes in `after`.
class Graph {
 public:
  struct Node {
    Work work;
    std::vector<int> after;
  };
  std::vector<Node> nodes;
  bool invalid = false;

  /// The nodes in an order that their dependencies allow and that is as far as possible from that of recording.
  std::vector<int> order() const;
};

class Stream {
 public:
  explicit Stream(int device) : device_(device) {}

  int device() const { return device_; }
  /// Does or records work.
  CUresult enqueue(Work work);
  CUresult record(Event& event);
  CUresult wait(Event& event);

  /// Does all that was enqueued, or all up to a marker.
  CUresult drain(const Marker* until = nullptr);

  CUresult beginCapture(CUstreamCaptureMode mode);
  CUresult endCapture(std::shared_ptr<Graph>& graph);
  bool isCapturing() const { return graph_ != nullptr; }
  CUstreamCaptureMode captureMode() const { return mode_; }
  void invalidateCapture();

 private:
  struct Item {
    Work work;
    std::shared_ptr<Marker> recorded, awaited;
  };
  CUresult push(Item item);

  int device_;
  std::deque<Item> items_;
  // While capturing: the graph, and the nodes that the next one comes after.
  std::shared_ptr<Graph> graph_;
  Stream* origin_ = nullptr;
  CUstreamCaptureMode mode_ = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::vector<int> last_;
};

/// All calls into the emulated libraries hold it.
std::recursive_mutex& globalLock();
const std::vector<std::unique_ptr<Stream>>& streams();
Stream* createStream(int device);
CUresult destroyStream(Stream* stream);
/// Null unless the handle is a stream.
Stream* findStream(CUstream handle);
/// Does everything that was enqueued on any stream of a device.
CUresult drainAll(int device);

/// The error that stays, after a kernel failed or the device vanished; then the text of the report on stderr.
CUresult stickyError();
CUresult fail(CUresult error, const std::string& report);
void report(const std::string& text);

/// Whether a call that may not be made while this thread captures is made; invalidates the captures then.
CUresult refuseWhileCapturing(const char* call);

}  // namespace emulated

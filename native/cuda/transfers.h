// Copies between host and device that wait for nobody: through pinned blocks, told as done by a thread of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "device.h"

namespace hornet::cuda {

struct FreePinned {
  void operator()(std::byte* memory) const noexcept { driver().cuMemFreeHost(memory); }
};
using PinnedMemory = std::unique_ptr<std::byte, FreePinned>;

/// A pinned block with the event that tells when the device is done with it.
struct PinnedBlock {
  PinnedMemory memory;
  size_t bytes = 0;
  Event done;
};

/// Pinned blocks, kept for the next transfer: making one takes the driver a millisecond.
class PinnedPool {
 public:
  /// Blocks are at most this long: longer transfers take several.
  static constexpr size_t kMostBytes = (size_t(8) << 20) - 4096;

  PinnedBlock take(size_t bytes);
  void give(PinnedBlock block);

 private:
  static constexpr size_t kKept = 16;  // blocks of a size

  std::mutex mutex_;
  std::multimap<size_t, PinnedBlock> free_;
};

class Transfers {
 public:
  explicit Transfers(Device& device);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// Copies to the device in the order of `stream`; `from` may be reused at once.
  void toDevice(void* to, const void* from, size_t bytes, CUstream stream);
  /// Copies to the host after the compute stream's earlier work, then calls `done` on the thread of transfers, with the
  /// error of a fault that no earlier read has told.
  void toHost(void* to, const void* from, size_t bytes, Completion done);
  /// No completion is called afterwards.
  void stop() noexcept;

 private:
  struct Arrival {
    PinnedBlock block;
    void* to;  // where the block's first `bytes` go
    size_t bytes;
    bool tellsFault;  // whether the fault record follows in the block
    Completion done;  // empty for all but the last block of a read
  };

  void work();
  std::exception_ptr finish(Arrival& arrival);

  Device& device_;
  PinnedPool pinned_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Arrival> arrivals_;
  std::deque<PinnedBlock> departures_;  // uploads on their way
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hornet::cuda

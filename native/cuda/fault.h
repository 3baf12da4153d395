// Faults that only the device sees, e.g. an index out of bounds: kernels report them, the host tells them at the next
// read. Until then nothing that belongs to the model is written: kernels that write state ask `hasFault` first.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// In device memory. `site` is one more than the index of the reporter in the host's table; 0: no fault.
struct FaultRecord {
  uint32_t site;
  uint32_t unused;
  int64_t value;
};

#if defined(__CUDACC__) || defined(HORNET_DEVICE_CODE)

/// The first fault wins.
__device__ inline void reportFault(FaultRecord* record, uint32_t site, int64_t value) {
  if (atomicCAS(&record->site, 0u, site) == 0u) record->value = value;
}

__device__ inline bool hasFault(const FaultRecord* record) {
  return *reinterpret_cast<const volatile uint32_t*>(&record->site) != 0;
}

#endif

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "driver.h"

namespace hornet {

/// The host's side: the record in device memory, and what the sites say.
class Faults {
 public:
  Faults(CUmemoryPool pool, CUstream stream);
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  FaultRecord* record() const { return record_; }
  /// Enters a reporter; `message` makes the error's text from the value, without the op's name.
  uint32_t addSite(const std::string& op, std::function<std::string(int64_t value)> message);
  /// Enqueues that the record be empty again.
  void clear() const;
  /// The Error of a record that was copied to the host; null where there was no fault.
  std::exception_ptr errorOf(const FaultRecord& fault) const;

 private:
  struct Site {
    std::string op;
    std::function<std::string(int64_t)> message;
  };
  CUstream stream_;
  FaultRecord* record_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<Site> sites_;
};

}  // namespace hornet

#endif

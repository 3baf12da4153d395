// The host's side of faults.
#include "../error.h"
#include "fault.h"

namespace hornet {

Faults::Faults(CUmemoryPool pool, CUstream stream) : stream_(stream) {
  CUdeviceptr memory = 0;
  cuda::check(cuda::driver().cuMemAllocFromPoolAsync(&memory, sizeof(FaultRecord), pool, stream),
              "allocating the fault record");
  record_ = reinterpret_cast<FaultRecord*>(memory);
  clear();
}

Faults::~Faults() { cuda::driver().cuMemFreeAsync(reinterpret_cast<CUdeviceptr>(record_), stream_); }

void Faults::clear() const {
  cuda::check(cuda::driver().cuMemsetD8Async(reinterpret_cast<CUdeviceptr>(record_), 0, sizeof(FaultRecord), stream_),
              "clearing a fault");
}

uint32_t Faults::addSite(const std::string& op, std::function<std::string(int64_t value)> message) {
  const std::lock_guard lock(mutex_);
  sites_.push_back({op, std::move(message)});
  return uint32_t(sites_.size());
}

std::exception_ptr Faults::errorOf(const FaultRecord& fault) const {
  const std::lock_guard lock(mutex_);
  if (fault.site == 0 || fault.site > sites_.size()) return nullptr;
  const Site& site = sites_[fault.site - 1];
  return std::make_exception_ptr(Error(site.op, site.message(fault.value)));
}

}  // namespace hornet

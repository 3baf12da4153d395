// Timing plans with events around a few runs.
#include "timing.h"

#include <cstdlib>
#include <string_view>
#include <utility>

namespace hornet {
namespace {

using cuda::check;
using cuda::driver;

constexpr int kRuns = 5;

cuda::Event makeTimer() {
  CUevent event = nullptr;
  check(driver().cuEventCreate(&event, CU_EVENT_DEFAULT), "creating an event");
  return cuda::Event(event);
}

}  // namespace

bool autotunes(const Device& device) {
  const char* value = std::getenv("HORNET_AUTOTUNE");
  return value && *value && std::string_view(value) != "0" && !device.isDeterministic();
}

Temporary::Temporary(Device& device, size_t bytes)
    : device_(device), bytes_(bytes), memory_(device.memory().allocate(bytes, device.stream())) {
  if (bytes > 0) {
    check(driver().cuMemsetD8Async(CUdeviceptr(memory_), 0, bytes, device.stream()), "clearing memory");
  }
}

Temporary::~Temporary() { device_.memory().release(memory_, bytes_, device_.computeStream()); }

Temporary::Temporary(Temporary&& other) noexcept
    : device_(other.device_), bytes_(std::exchange(other.bytes_, 0)), memory_(std::exchange(other.memory_, nullptr)) {}

float timeOf(Device& device, const std::function<void()>& run) {
  const cuda::Event begin = makeTimer(), end = makeTimer();
  run();
  check(driver().cuEventRecord(begin.get(), device.stream()), "recording an event");
  for (int i = 0; i < kRuns; ++i) run();
  check(driver().cuEventRecord(end.get(), device.stream()), "recording an event");
  check(driver().cuEventSynchronize(end.get()), "waiting for an event");
  float milliseconds = 0;
  check(driver().cuEventElapsedTime(&milliseconds, begin.get(), end.get()), "reading a time");
  return milliseconds / kRuns;
}

}  // namespace hornet

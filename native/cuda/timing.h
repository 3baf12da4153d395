// Choosing among plans by running them: memory to run on, and the device's own clock.
#pragma once

#include <functional>

#include "device.h"

namespace hornet {

/// Whether plans are chosen by running them: with HORNET_AUTOTUNE=1. Not where results must be equal from run to run:
/// clocks don't measure the same twice.
bool autotunes(const Device& device);

/// Zeroed device memory for the time of a measurement.
class Temporary {
 public:
  Temporary(Device& device, size_t bytes);
  ~Temporary();
  Temporary(Temporary&& other) noexcept;

  void* get() const { return memory_; }

 private:
  Device& device_;
  size_t bytes_;
  void* memory_;
};

/// Milliseconds that what `run` enqueues takes, after one run that is not counted. Waits for the device.
float timeOf(Device& device, const std::function<void()>& run);

}  // namespace hornet

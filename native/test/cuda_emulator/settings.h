// What the environment says of the emulated devices. HORNET_EMULATED_…
//   DEVICES=1 CAPABILITY=90 MULTIPROCESSORS=6   how many devices, and of what kind
//   MEMORY=4294967296     bytes of memory of each device
//   EAGER=1               work is done when it is enqueued, not as late as the streams allow
//   REVERSE=1             blocks run from last to first
//   FAIL_AFTER=100        the devices vanish after so many launches and copies
//   FAIL_FILE=path        the devices vanish when this file exists
//   SOURCES=folder        keep each distinct source given to NVRTC in this folder
//   CACHE=folder          where compiled kernels are kept
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace emulated {

inline std::string setting(const char* name) {
  const char* text = std::getenv((std::string("HORNET_EMULATED_") + name).c_str());
  return text ? text : "";
}

inline int64_t numberSetting(const char* name, int64_t otherwise) {
  const std::string text = setting(name);
  return text.empty() ? otherwise : std::strtoll(text.c_str(), nullptr, 0);
}

}  // namespace emulated

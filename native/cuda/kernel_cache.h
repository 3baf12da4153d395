// Compiled kernels of one device: those built with this library, those of earlier runs on disk, and NVRTC for the rest.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "disk_cache.h"
#include "driver.h"

namespace hornet::cuda {

class KernelCache {
 public:
  explicit KernelCache(int capability) : capability_(capability) {}

  /// `source`: a translation unit, or the name of a file in native/cuda; `instance`: see DeviceKernel.
  CUfunction get(const std::string& source, const std::string& instance, int threads);

 private:
  CUfunction load(const std::string& source, const std::string& instance, int threads);
  CUfunction prebuilt(const std::string& key);

  int capability_;
  DiskCache disk_{"kernels"};
  std::mutex mutex_;
  std::vector<Module> modules_;
  std::unordered_map<std::string, CUfunction> kernels_;
  std::unordered_map<const void*, Module> images_;  // null where the GPU cannot take it
};

/// The translation unit of one kernel: the source and an entry around the instance.
std::string translationUnit(const std::string& source, const std::string& instance, int threads);

}  // namespace hornet::cuda

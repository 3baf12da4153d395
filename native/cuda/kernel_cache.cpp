// Where a kernel comes from.
#include "kernel_cache.h"

#include <algorithm>
#include <string_view>

#include "compiler.h"
#include "prebuilt.h"
#include "sources.h"

namespace hornet::cuda {
namespace {

constexpr const char* kEntry = "hornet_kernel";

CUfunction functionOf(CUmodule module, const char* name) {
  CUfunction function = nullptr;
  check(driver().cuModuleGetFunction(&function, module, name), "looking up a kernel");
  return function;
}

}  // namespace

std::string translationUnit(const std::string& source, const std::string& instance, int threads) {
  const bool isFile = source.find('\n') == std::string::npos;
  return (isFile ? "#include \"" + source + "\"\n" : source) +
         "namespace hornet {\n"
         "template <class Args>\n"
         "Args argumentOf(void (*)(const Args&));\n"
         "extern \"C\" __global__ void __launch_bounds__(" +
         std::to_string(threads) + ") " + kEntry + "(const __grid_constant__ decltype(argumentOf(&" + instance +
         ")) args) {\n  " + instance + "(args);\n}\n}\n";
}

CUfunction KernelCache::get(const std::string& source, const std::string& instance, int threads) {
  const std::lock_guard lock(mutex_);
  const std::string key = source + "|" + instance + "|" + std::to_string(threads);
  if (const auto found = kernels_.find(key); found != kernels_.end()) return found->second;
  CUfunction function = prebuilt(key);
  if (!function) function = load(source, instance, threads);
  kernels_.emplace(key, function);
  return function;
}

CUfunction KernelCache::prebuilt(const std::string& key) {
  const auto known = prebuiltKernels();
  const auto found = std::ranges::find_if(known, [&](const PrebuiltKernel& kernel) { return key == kernel.key; });
  if (found == known.end()) return nullptr;
  auto image = images_.find(found->image);
  if (image == images_.end()) {
    CUmodule module = nullptr;
    // A GPU newer than all architectures of the image, and without a compiler in its driver, cannot take it.
    if (driver().cuModuleLoadData(&module, found->image) != CUDA_SUCCESS) module = nullptr;
    image = images_.emplace(found->image, module).first;
  }
  return image->second ? functionOf(image->second.get(), found->symbol) : nullptr;
}

CUfunction KernelCache::load(const std::string& source, const std::string& instance, int threads) {
  const std::string unit = translationUnit(source, instance, threads);
  const std::string key =
      hashOf(unit + sourcesHash() + compilerIdentity() + " sm_" + std::to_string(capability_)) + ".cubin";
  const auto cached = disk_.find(key);
  const std::string cubin = cached ? *cached : compileToCubin(unit, capability_);
  CUmodule module = nullptr;
  check(driver().cuModuleLoadData(&module, cubin.data()), "loading a kernel");
  modules_.emplace_back(module);
  if (!cached) disk_.store(key, cubin);
  return functionOf(module, kEntry);
}

}  // namespace hornet::cuda

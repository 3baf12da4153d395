// Which backend library to open: of the CPU's, the one for the highest instruction set level that this machine has.
#include "backend_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "error.h"

namespace hornet {
namespace {

struct Level {
  const char* name;
  bool supported;
};

std::vector<Level> levels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return {{"v4", bool(__builtin_cpu_supports("x86-64-v4"))},
          {"v3", bool(__builtin_cpu_supports("x86-64-v3"))},
          {"v2", bool(__builtin_cpu_supports("x86-64-v2"))}};
#else
  return {{"base", true}};
#endif
}

/// The folder that this addon was loaded from.
std::filesystem::path ownFolder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(&ownFolder), &info)) throw Error("device", "cannot find the addon's own folder");
  return std::filesystem::path(info.dli_fname).parent_path();
}

std::string findCpuLibrary() {
  // Must be set before libgomp is loaded. Threads that spin for long starve other processes and the event loop; threads
  // that sleep at once cost 30 microseconds to wake. A thousand spins, about 15 microseconds, bridge a run of kernels.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  if (std::getenv("OMP_WAIT_POLICY") == std::string_view("passive")) setenv("GOMP_SPINCOUNT", "1000", 0);
  for (const Level& level : levels()) {
    const auto path = ownFolder() / (std::string("libhornet_cpu_") + level.name + ".so");
    if (level.supported && std::filesystem::exists(path)) return path.string();
  }
  throw Error("device", "no CPU library for this machine in " + ownFolder().string() + "; run: npx hornet build");
}

}  // namespace

std::string findBackendLibrary(const std::string& kind) {
  if (kind == "cpu") return findCpuLibrary();
  if (kind != "cuda")
    throw Error("device", "expected the kind of device to be 'cpu' or 'cuda', received '" + kind + "'");
  const auto path = ownFolder() / "libhornet_cuda.so";
  if (std::filesystem::exists(path)) return path.string();
  throw Error("device", "this build has no CUDA backend: there is no libhornet_cuda.so in " + ownFolder().string());
}

void* backendSymbol(const std::string& path, const char* name) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("device", std::string("cannot open the backend: ") + dlerror());
  void* symbol = dlsym(library, name);
  if (!symbol) throw Error("device", path + " has no " + name + "; build the addon anew");
  return symbol;
}

}  // namespace hornet

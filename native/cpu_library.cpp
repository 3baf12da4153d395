// Which CPU library to open: the one for the highest instruction set level that this machine has.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "error.h"
#include "objects.h"

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

}  // namespace

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

}  // namespace hornet

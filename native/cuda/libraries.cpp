// Opens the CUDA libraries that search.cpp finds, and keeps them.
#include "libraries.h"

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <optional>

#include "../error.h"
#include "search.h"

namespace hornet::cuda {
namespace {

struct Opened {
  std::recursive_mutex mutex;
  std::array<std::optional<FoundLibrary>, 4> all;
};

Opened& opened() {
  static auto& neverDestroyed = *new Opened;
  return neverDestroyed;
}

/// Opens by absolute path, or by name among what is loaded or known to the system. Symbols stay private to the library:
/// other software in the process may hold another version.
void* open(const Candidate& candidate) {
  const int onlyLoaded = candidate.origin == "loaded" ? RTLD_NOLOAD : 0;
  return dlopen(candidate.file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | onlyLoaded);
}

std::string pathOf(void* handle, const std::string& fallback) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || !map || !*map->l_name) return fallback;
  return map->l_name;
}

template <class Function>
Function find(void* handle, const char* name) {
  return reinterpret_cast<Function>(dlsym(handle, name));
}

/// The CUDA version of an opened library by its own word, where the place did not tell.
int majorOf(Library which, void* handle, int known) {
  if (which != Library::cudnn) return known;
  const auto version = find<size_t (*)()>(handle, "cudnnGetCudartVersion");
  return version ? int(version() / 1000) : known;
}

std::string driverText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string tooNew(const std::string& file, int major, int driver) {
  return file + " needs a driver for CUDA " + std::to_string(major) + ", this one is for " + driverText(driver);
}

std::string describePlaces(Library which) {
  if (which == Library::driver) return "neither in HORNET_CUDA_LIBRARIES nor where the system keeps libraries";
  return "not in HORNET_CUDA_LIBRARIES, " + cacheFolder(processEnvironment()).string() +
         ", the wheels of pip, the system's libraries or CUDA_HOME";
}

std::string filesText(Library which) {
  std::string text;
  for (const auto& [major, file] : filesOf(which)) text += (text.empty() ? "" : " or ") + file;
  return text;
}

[[noreturn]] void missing(Library which, const std::vector<std::string>& refused) {
  std::string message = nameOf(which) + " (" + filesText(which) + ") ";
  if (refused.empty()) {
    message += "was not found: " + describePlaces(which);
  } else {
    message += "could not be opened: ";
    for (size_t i = 0; i < refused.size(); ++i) message += (i > 0 ? "; " : "") + refused[i];
  }
  throw Error("cuda", message + ". " + remedyFor(which));
}

/// NVRTC looks for its built-in functions by name when it first compiles; those of the wheels don't find them beside
/// themselves. What is loaded already is found wherever it lies.
void openBuiltins(const std::string& nvrtc) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(nvrtc).parent_path(), error)) {
    if (!entry.path().filename().string().starts_with("libnvrtc-builtins.so")) continue;
    dlopen(entry.path().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  }
}

/// cuDNN looks for its cuBLAS and NVRTC by name, too.
void openCompanions(int major) {
  for (const Library which : {Library::cublasLt, Library::nvrtc}) {
    for (const Candidate& candidate : candidates(which, processEnvironment())) {
      void* handle = candidate.major == major ? open(candidate) : nullptr;
      if (!handle) continue;
      if (which == Library::nvrtc) openBuiltins(pathOf(handle, candidate.file));
      break;
    }
  }
}

FoundLibrary search(Library which) {
  const int driver = which == Library::driver ? 0 : driverVersion();
  std::vector<std::string> refused;
  for (const Candidate& candidate : candidates(which, processEnvironment())) {
    const bool isPath = candidate.file.front() == '/';
    if (!fits(candidate.major, driver)) {
      if (isPath) refused.push_back(tooNew(candidate.file, candidate.major, driver));
      continue;
    }
    void* handle = open(candidate);
    if (!handle) {
      if (isPath) refused.emplace_back(dlerror());
      continue;
    }
    const int major = majorOf(which, handle, candidate.major);
    if (!fits(major, driver)) {
      refused.push_back(tooNew(pathOf(handle, candidate.file), major, driver));
      continue;
    }
    if (which == Library::nvrtc) openBuiltins(pathOf(handle, candidate.file));
    if (which == Library::cudnn) openCompanions(major);
    return {handle, pathOf(handle, candidate.file), candidate.origin};
  }
  missing(which, refused);
}

}  // namespace

const FoundLibrary& openLibrary(Library which) {
  const std::lock_guard lock(opened().mutex);
  auto& found = opened().all.at(size_t(which));
  // What is missing is looked for again at the next call: it may have been installed.
  if (!found) found = search(which);
  return *found;
}

void* symbolOf(Library which, const char* name) {
  const FoundLibrary& library = openLibrary(which);
  void* symbol = dlsym(library.handle, name);
  if (symbol) return symbol;
  throw Error("cuda", nameOf(which) + " " + versionOf(which) + " (" + library.path + ") has no " + name + ". " +
                          remedyFor(which));
}

int driverVersion() {
  try {
    int version = 0;
    const auto ask = find<int (*)(int*)>(openLibrary(Library::driver).handle, "cuDriverGetVersion");
    return ask && ask(&version) == 0 ? version : 0;
  } catch (const Error&) {
    return 0;
  }
}

std::string versionOf(Library which) {
  void* handle = openLibrary(which).handle;
  if (which == Library::driver) return driverText(driverVersion());
  if (which == Library::nvrtc) {
    int major = 0, minor = 0;
    const auto ask = find<int (*)(int*, int*)>(handle, "nvrtcVersion");
    if (!ask || ask(&major, &minor) != 0) return "?";
    return std::to_string(major) + "." + std::to_string(minor);
  }
  const auto ask = find<size_t (*)()>(handle, which == Library::cudnn ? "cudnnGetVersion" : "cublasLtGetVersion");
  if (!ask) return "?";
  const size_t version = ask();
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

std::string remedyFor(Library which) {
  if (which != Library::driver) return "Get it with: npx hornet install-cuda";
  return "Install NVIDIA's driver, 525 or newer (Debian: apt-get install nvidia-driver; Ubuntu: ubuntu-drivers "
         "install)";
}

}  // namespace hornet::cuda

// Where the CUDA libraries may be.
#include "search.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace hornet::cuda {
namespace {

namespace fs = std::filesystem;

/// The CUDA versions that Hornet runs with, best first.
constexpr int kMajors[] = {13, 12};

/// The folders of a text like `PATH`.
std::vector<fs::path> split(const std::string& folders) {
  std::vector<fs::path> result;
  for (size_t start = 0; start <= folders.size();) {
    const size_t end = std::min(folders.find(':', start), folders.size());
    if (end > start) result.emplace_back(folders.substr(start, end - start));
    start = end + 1;
  }
  return result;
}

/// Numbers within names count as numbers: python3.9 before python3.12.
bool versionLess(const fs::path& left, const fs::path& right) { return strverscmp(left.c_str(), right.c_str()) < 0; }

/// The folders `parent/prefix*`, the highest version first.
std::vector<fs::path> matching(const fs::path& parent, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator entry(parent, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    if (entry->path().filename().string().starts_with(prefix)) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return versionLess(b, a); });
  return found;
}

/// Where the wheels of Python put their files, under a folder of packages.
std::vector<fs::path> wheelFolders(const fs::path& packages) {
  std::vector<fs::path> folders;
  for (const char* wheel : {"cu13", "cublas", "cuda_nvrtc", "cudnn"})
    folders.push_back(packages / "nvidia" / wheel / "lib");
  return folders;
}

/// The folders of packages of a Python below `prefix`.
std::vector<fs::path> packageFolders(const fs::path& prefix) {
  std::vector<fs::path> folders;
  for (const fs::path& python : matching(prefix / "lib", "python3")) {
    for (const char* name : {"site-packages", "dist-packages"}) folders.push_back(python / name);
  }
  return folders;
}

/// The CUDA version of the cuDNN wheel in a folder of packages: its files do not tell.
int cudnnMajor(const fs::path& library) {
  const fs::path packages = library.parent_path().parent_path().parent_path().parent_path();
  for (const int major : kMajors) {
    if (!matching(packages, "nvidia_cudnn_cu" + std::to_string(major) + "-").empty()) return major;
  }
  return 0;
}

class Search {
 public:
  Search(Library which, const SearchEnvironment& environment)
      : which_(which), environment_(environment), files_(filesOf(which)) {}

  std::vector<Candidate> run() {
    addName("loaded");
    for (const fs::path& folder : split(environment_.variable("HORNET_CUDA_LIBRARIES"))) {
      addFolders("environment", {folder});
      addFolders("environment", wheelFolders(folder));
    }
    if (which_ != Library::driver) {
      if (const fs::path cache = cacheFolder(environment_); !cache.empty()) addFolders("cache", wheelFolders(cache));
      addPip();
    }
    addName("system");
    addSystem();
    return std::move(found_);
  }

 private:
  fs::path system(const char* path) const { return environment_.root / path; }

  /// To be looked up by the loader: among what is loaded, or where the system keeps libraries.
  void addName(const char* origin) {
    for (const auto& [major, file] : files_) found_.push_back({file, origin, major});
  }

  void addFolders(const char* origin, const std::vector<fs::path>& folders) {
    std::error_code ignored;
    for (const auto& [major, file] : files_) {
      for (const fs::path& folder : folders) {
        const fs::path path = folder / file;
        if (!fs::exists(path, ignored)) continue;
        found_.push_back({path.string(), origin, which_ == Library::cudnn ? cudnnMajor(path) : major});
      }
    }
  }

  void addPip() {
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
      const fs::path prefix = environment_.variable(name);
      if (prefix.empty()) continue;
      for (const fs::path& packages : packageFolders(prefix)) addFolders("pip", wheelFolders(packages));
      addFolders("pip", {prefix / "lib", prefix / "targets/x86_64-linux/lib"});  // conda's own packages
    }
    std::vector<fs::path> prefixes;
    const fs::path home = environment_.variable("HOME");
    if (!home.empty()) prefixes.push_back(home / ".local");
    prefixes.push_back(system("usr/local"));
    prefixes.push_back(system("usr"));
    for (const fs::path& prefix : prefixes) {
      for (const fs::path& packages : packageFolders(prefix)) addFolders("pip", wheelFolders(packages));
    }
  }

  /// What the loader's own list may lack.
  void addSystem() {
    if (which_ == Library::driver) {
      addFolders("system", {system("usr/lib/wsl/lib"), system("run/opengl-driver/lib")});
      return;
    }
    std::vector<fs::path> toolkits;
    for (const char* name : {"CUDA_HOME", "CUDA_PATH"}) {
      if (const fs::path toolkit = environment_.variable(name); !toolkit.empty()) toolkits.push_back(toolkit);
    }
    toolkits.push_back(system("usr/local/cuda"));
    for (const fs::path& toolkit : matching(system("usr/local"), "cuda-")) toolkits.push_back(toolkit);
    for (const fs::path& toolkit : toolkits) addFolders("toolkit", {toolkit / "lib64", toolkit / "lib"});
  }

  Library which_;
  const SearchEnvironment& environment_;
  std::map<int, std::string, std::greater<>> files_;
  std::vector<Candidate> found_;
};

}  // namespace

std::string SearchEnvironment::variable(const std::string& name) const {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

SearchEnvironment processEnvironment() {
  SearchEnvironment environment;
  for (const char* name : {"HORNET_CUDA_LIBRARIES", "HORNET_CACHE", "XDG_CACHE_HOME", "HOME", "VIRTUAL_ENV",
                           "CONDA_PREFIX", "CUDA_HOME", "CUDA_PATH"}) {
    if (const char* value = std::getenv(name)) environment.variables[name] = value;
  }
  return environment;
}

std::string nameOf(Library which) {
  switch (which) {
    case Library::driver:
      return "the NVIDIA driver";
    case Library::nvrtc:
      return "NVRTC";
    case Library::cublasLt:
      return "cuBLAS";
    case Library::cudnn:
      return "cuDNN";
  }
  return {};
}

std::map<int, std::string, std::greater<>> filesOf(Library which) {
  if (which == Library::driver) return {{0, "libcuda.so.1"}};
  if (which == Library::cudnn) return {{0, "libcudnn.so.9"}};
  const std::string stem = which == Library::nvrtc ? "libnvrtc.so." : "libcublasLt.so.";
  std::map<int, std::string, std::greater<>> files;
  for (const int major : kMajors) files[major] = stem + std::to_string(major);
  return files;
}

fs::path cacheFolder(const SearchEnvironment& environment) {
  const auto variable = [&](const char* name) { return fs::path(environment.variable(name)); };
  if (const auto own = variable("HORNET_CACHE"); !own.empty()) return own / "cuda";
  if (const auto all = variable("XDG_CACHE_HOME"); !all.empty()) return all / "hornet" / "cuda";
  const auto home = variable("HOME");
  return home.empty() ? home : home / ".cache" / "hornet" / "cuda";
}

std::vector<Candidate> candidates(Library which, const SearchEnvironment& environment) {
  return Search(which, environment).run();
}

bool fits(int major, int driverVersion) { return major == 0 || driverVersion == 0 || major <= driverVersion / 1000; }

}  // namespace hornet::cuda

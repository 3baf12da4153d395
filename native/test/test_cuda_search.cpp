// Where the CUDA libraries are looked for, on trees of empty files.
#include <cstdlib>
#include <fstream>

#include "../cuda/search.h"
#include "test.h"

namespace hornet::cuda {
namespace {

namespace fs = std::filesystem;

/// A folder that plays the system and is removed in the end.
class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "hornet-search-XXXXXX").string();
    root_ = mkdtemp(name.data());
    environment.root = root_;
    environment.variables["HOME"] = at("home");
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  std::string at(const std::string& path) const { return (root_ / path).string(); }

  void add(const std::string& path) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path).put('\n');
  }

  /// `origin:path` of all that is found, one after the other; paths relative to the tree.
  std::string found(Library which) const {
    std::string text;
    for (const Candidate& candidate : candidates(which, environment)) {
      const bool inside = candidate.file.starts_with(root_.string());
      const std::string file = inside ? candidate.file.substr(root_.string().size() + 1) : candidate.file;
      text += (text.empty() ? "" : " ") + candidate.origin + ":" + file;
    }
    return text;
  }

  SearchEnvironment environment;

 private:
  fs::path root_;
};

TEST("without any folder, libraries are looked for by name: what is loaded, then the system's") {
  const Tree tree;
  CHECK(tree.found(Library::driver) == "loaded:libcuda.so.1 system:libcuda.so.1");
  CHECK(tree.found(Library::cudnn) == "loaded:libcudnn.so.9 system:libcudnn.so.9");
  CHECK(tree.found(Library::nvrtc) ==
        "loaded:libnvrtc.so.13 loaded:libnvrtc.so.12 system:libnvrtc.so.13 system:libnvrtc.so.12");
}

TEST("the rules come in their order, the newer version first within one") {
  Tree tree;
  tree.environment.variables["HORNET_CUDA_LIBRARIES"] = tree.at("own") + "::" + tree.at("wheels");
  tree.environment.variables["VIRTUAL_ENV"] = tree.at("venv");
  tree.environment.variables["CUDA_HOME"] = tree.at("toolkit");
  tree.add("own/libcublasLt.so.12");
  tree.add("wheels/nvidia/cublas/lib/libcublasLt.so.12");
  tree.add("wheels/nvidia/cu13/lib/libcublasLt.so.13");
  tree.add("home/.cache/hornet/cuda/nvidia/cu13/lib/libcublasLt.so.13");
  tree.add("venv/lib/python3.9/site-packages/nvidia/cublas/lib/libcublasLt.so.12");
  tree.add("venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12");
  tree.add("home/.local/lib/python3.11/site-packages/nvidia/cu13/lib/libcublasLt.so.13");
  tree.add("usr/local/lib/python3.11/dist-packages/nvidia/cu13/lib/libcublasLt.so.13");
  tree.add("toolkit/lib64/libcublasLt.so.13");
  tree.add("usr/local/cuda-12.4/lib64/libcublasLt.so.12");
  tree.add("usr/local/cuda-13.0/lib64/libcublasLt.so.13");
  CHECK(tree.found(Library::cublasLt) ==
        "loaded:libcublasLt.so.13 loaded:libcublasLt.so.12 "
        "environment:own/libcublasLt.so.12 "
        "environment:wheels/nvidia/cu13/lib/libcublasLt.so.13 environment:wheels/nvidia/cublas/lib/libcublasLt.so.12 "
        "cache:home/.cache/hornet/cuda/nvidia/cu13/lib/libcublasLt.so.13 "
        "pip:venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12 "
        "pip:venv/lib/python3.9/site-packages/nvidia/cublas/lib/libcublasLt.so.12 "
        "pip:home/.local/lib/python3.11/site-packages/nvidia/cu13/lib/libcublasLt.so.13 "
        "pip:usr/local/lib/python3.11/dist-packages/nvidia/cu13/lib/libcublasLt.so.13 "
        "system:libcublasLt.so.13 system:libcublasLt.so.12 "
        "toolkit:toolkit/lib64/libcublasLt.so.13 "
        "toolkit:usr/local/cuda-13.0/lib64/libcublasLt.so.13 toolkit:usr/local/cuda-12.4/lib64/libcublasLt.so.12");
}

TEST("the driver comes from the environment or the system, never from wheels or a toolkit") {
  Tree tree;
  tree.environment.variables["HORNET_CUDA_LIBRARIES"] = tree.at("own");
  tree.environment.variables["CUDA_HOME"] = tree.at("toolkit");
  tree.add("own/libcuda.so.1");
  tree.add("toolkit/lib64/libcuda.so.1");
  tree.add("home/.cache/hornet/cuda/nvidia/cu13/lib/libcuda.so.1");
  tree.add("usr/lib/wsl/lib/libcuda.so.1");
  CHECK(tree.found(Library::driver) ==
        "loaded:libcuda.so.1 environment:own/libcuda.so.1 system:libcuda.so.1 system:usr/lib/wsl/lib/libcuda.so.1");
}

TEST("the CUDA version of a cuDNN is that of its wheel") {
  Tree tree;
  tree.environment.variables["HORNET_CUDA_LIBRARIES"] = tree.at("a") + ":" + tree.at("b") + ":" + tree.at("c");
  for (const char* folder : {"a", "b", "c"}) tree.add(std::string(folder) + "/nvidia/cudnn/lib/libcudnn.so.9");
  tree.add("a/nvidia_cudnn_cu12-9.24.0.43.dist-info/METADATA");
  tree.add("b/nvidia_cudnn_cu13-9.24.0.43.dist-info/METADATA");
  std::string majors;
  for (const Candidate& candidate : candidates(Library::cudnn, tree.environment)) {
    if (candidate.origin == "environment") majors += std::to_string(candidate.major) + " ";
  }
  CHECK(majors == "12 13 0 ");
}

TEST("the cache follows HORNET_CACHE, then XDG_CACHE_HOME, then HOME") {
  SearchEnvironment environment;
  environment.variables = {{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}, {"HORNET_CACHE", "/c"}};
  CHECK(cacheFolder(environment) == "/c/cuda");
  environment.variables["HORNET_CACHE"] = "";
  CHECK(cacheFolder(environment) == "/x/hornet/cuda");
  environment.variables.erase("XDG_CACHE_HOME");
  CHECK(cacheFolder(environment) == "/h/.cache/hornet/cuda");
  environment.variables.erase("HOME");
  CHECK(cacheFolder(environment).empty());
}

TEST("libraries fit drivers of their version and newer") {
  CHECK(fits(13, 13000) && fits(12, 13020) && fits(12, 12040) && !fits(13, 12090));
  CHECK(fits(13, 0) && fits(0, 12000));
}

}  // namespace
}  // namespace hornet::cuda

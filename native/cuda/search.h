// Where the CUDA libraries may be, in the order in which they are tried: a pure function of an environment and a tree
// of folders. Opening them is the business of libraries.cpp.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libraries.h"

namespace hornet::cuda {

/// What the search depends on; tests make their own.
struct SearchEnvironment {
  std::map<std::string, std::string> variables;
  /// Where the system's own folders (/usr …) are looked for.
  std::filesystem::path root = "/";

  std::string variable(const std::string& name) const;
};

/// The environment of this process.
SearchEnvironment processEnvironment();

struct Candidate {
  /// An absolute path of a file that exists, or a bare name that the loader looks up.
  std::string file;
  /// The rule: loaded, environment, cache, pip, system or toolkit.
  std::string origin;
  /// The CUDA version that the library is made for; 0 where its place does not tell.
  int major = 0;
};

/// What a library is called in messages, e.g. `cuBLAS`.
std::string nameOf(Library which);
/// The names of a library's file by CUDA version, newest first; of the driver and cuDNN there is one for all.
std::map<int, std::string, std::greater<>> filesOf(Library which);
/// The folder of libraries that `hornet install-cuda` fills; empty where there is no home.
std::filesystem::path cacheFolder(const SearchEnvironment& environment);
/// All places in which a library may be, best first. Whether it opens and fits the driver is not known yet.
std::vector<Candidate> candidates(Library which, const SearchEnvironment& environment);
/// Whether libraries made for a CUDA version run with this driver (the number of cuDriverGetVersion; 0: none).
bool fits(int major, int driverVersion);

}  // namespace hornet::cuda

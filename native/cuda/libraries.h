// The CUDA libraries, opened at run time: nothing of CUDA is linked, so that one package works with and without a GPU.
#pragma once

#include <string>
#include <vector>

namespace hornet::cuda {

enum class Library { driver, nvrtc, cublasLt, cudnn };

/// Where a library was found. `origin` is the rule that found it: loaded, environment, cache, pip, system or toolkit.
struct FoundLibrary {
  void* handle = nullptr;
  std::string path, origin;
};

/// Opens a library, which then stays loaded. Throws an Error that says what is missing and the command that gets it.
const FoundLibrary& openLibrary(Library which);

/// The address of a function of a library; throws an Error that names the library's version when it lacks it.
void* symbolOf(Library which, const char* name);

/// The CUDA version that the driver supports, e.g. 13000; 0 where there is no driver.
int driverVersion();
/// The version of a library that can be opened, e.g. `9.24.0`; of the driver, that of CUDA.
std::string versionOf(Library which);
/// One sentence: how to get a library.
std::string remedyFor(Library which);

/// What is there and what is not, as JSON: for `hornet doctor` and the error of a device that cannot be opened.
std::string describeLibraries();

}  // namespace hornet::cuda

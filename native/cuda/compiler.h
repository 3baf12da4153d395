// Compiling kernels at run time: NVRTC's functions, and the sources of native/ that travel inside this library.
#pragma once

#include <string>

namespace hornet::cuda {

/// The major and minor version of the NVRTC at hand, e.g. "13.0".
std::string nvrtcVersion();

/// Everything that decides what the compiler makes of a source, beside the source itself and the architecture.
std::string compilerIdentity();

/// Compiles a source that may include any file of native/ to a cubin for one compute capability. Throws an Error with
/// the compiler's log.
std::string compileToCubin(const std::string& source, int capability);

}  // namespace hornet::cuda

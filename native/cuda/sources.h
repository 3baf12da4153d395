// The device-safe files of native/ as text, for NVRTC; CMake writes the definition.
#pragma once

#include <span>
#include <string>

namespace hornet::cuda {

struct SourceFile {
  /// As it is included: "softmax.cu", "../half.h"; those of rtc/ as "cstdint".
  const char* name;
  const char* text;
};

std::span<const SourceFile> sourceFiles();

/// A hash of all of them.
const std::string& sourcesHash();

}  // namespace hornet::cuda

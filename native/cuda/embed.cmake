# Writes the device-safe files of native/ as C++ strings. Files that only the host reads have no place on the device:
# they are told apart by what they include.
cmake_minimum_required(VERSION 3.20)
set(body "")
set(names "")
set(all "")
foreach(file IN LISTS FILES)
  file(READ ${file} text)
  if(text MATCHES "#include <(vector|string|memory|map|span|cuda\\.h|napi\\.h|algorithm|array|functional|filesystem|mutex|atomic)>"
     AND NOT text MATCHES "HORNET_DEVICE_CODE")
    continue()
  endif()
  get_filename_component(name ${file} NAME)
  if(name IN_LIST names)
    message(FATAL_ERROR "two files are named ${name}: NVRTC would refuse them all")
  endif()
  list(APPEND names ${name})
  if(file MATCHES "/\\.\\./[^/]+$")
    # NVRTC knows files by name only, and those of native/ include each other without the folder.
    string(APPEND body "    {\"${name}\", \"#include \\\"../${name}\\\"\\n\"},\n")
    set(name "../${name}")
  endif()
  string(APPEND all "${text}")
  string(APPEND body "    {\"${name}\", R\"hornet(${text})hornet\"},\n")
endforeach()
string(SHA256 hash "${all}")
file(WRITE ${OUTPUT}.new "// Written by embed.cmake.
#include \"${HEADER}\"

namespace hornet::cuda {
namespace {

constexpr SourceFile kFiles[] = {
${body}};

}  // namespace

std::span<const SourceFile> sourceFiles() { return kFiles; }

const std::string& sourcesHash() {
  static const std::string hash = \"${hash}\";
  return hash;
}

}  // namespace hornet::cuda
")
file(RENAME ${OUTPUT}.new ${OUTPUT})

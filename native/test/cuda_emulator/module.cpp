// Loading of emulated cubins.
#include "module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "stream.h"

namespace emulated {

CUresult loadModule(LoadedModule& module, const void* image) {
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  // What nvcc has compiled for real devices does not run here.
  if (std::memcmp(header.magic, kImageMagic, sizeof kImageMagic) != 0) {
    return std::memcmp(header.magic, "\177ELF", 4) == 0 || std::memcmp(header.magic, "P\355U\272", 4) == 0 ||
                   std::memcmp(header.magic, "//", 2) == 0
               ? CUDA_ERROR_NO_BINARY_FOR_GPU
               : CUDA_ERROR_INVALID_IMAGE;
  }
  // Under a name of its own: dlopen takes a name that it knows for the library that it knows.
  std::string path = (std::filesystem::temp_directory_path() / "hornet-emulated-XXXXXX").string();
  const int file = mkstemp(path.data());
  const char* bytes = static_cast<const char*>(image) + sizeof header;
  const bool written = file >= 0 && write(file, bytes, header.bytes) == ssize_t(header.bytes);
  if (written) module.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const std::string problem = module.library ? "" : written ? dlerror() : "it cannot be written to " + path;
  if (file >= 0) close(file);
  unlink(path.c_str());
  if (!module.library) {
    report("a kernel cannot be loaded: " + problem);
    return CUDA_ERROR_INVALID_IMAGE;
  }
  module.description = static_cast<const Module*>(dlsym(module.library, "emulatedModule"));
  return module.description ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

void unloadModule(LoadedModule& module) { dlclose(module.library); }

}  // namespace emulated

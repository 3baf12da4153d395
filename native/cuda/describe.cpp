// What of CUDA this machine has, as JSON: for `hornet doctor` and for the choice of the default device.
#include <cuda.h>

#include <cstdio>
#include <exception>

#include "libraries.h"
#include "search.h"

namespace hornet::cuda {
namespace {

/// The oldest GPUs that kernels are compiled for.
constexpr int kLeastCapability = 75;
/// The oldest version of CUDA that a driver must support.
constexpr int kLeastDriver = 12000;

std::string quote(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + '"';
}

/// A text, or null for an empty one.
std::string orNull(const std::string& text) { return text.empty() ? "null" : quote(text); }

// A function of the driver; throws an Error where there is none.
#define HORNET_DRIVER(name) reinterpret_cast<decltype(&::name)>(symbolOf(Library::driver, #name))

std::string messageOf(CUresult result) {
  const char* text = nullptr;
  if (HORNET_DRIVER(cuGetErrorString)(result, &text) != CUDA_SUCCESS || !text) text = "unknown error";
  return std::string(text) + " (CUDA error " + std::to_string(int(result)) + ")";
}

/// How many GPUs the driver has; a problem other than that there are none is written to `problem`.
int countGpus(std::string& problem) {
  CUresult result = HORNET_DRIVER(cuInit)(0);
  int count = 0;
  if (result == CUDA_SUCCESS) result = HORNET_DRIVER(cuDeviceGetCount)(&count);
  if (result == CUDA_SUCCESS) return count;
  if (result != CUDA_ERROR_NO_DEVICE) problem = "the driver does not start: " + messageOf(result);
  return 0;
}

struct Report {
  std::string json;
  bool usable = true;

  void add(const std::string& name, const std::string& value) {
    json += (json.empty() || json.back() == '{' ? "" : ",") + quote(name) + ":" + value;
  }
};

/// One library: where it is and whether it can be used.
void describeLibrary(Report& report, Library which) {
  std::string problem, path, origin, version;
  try {
    const FoundLibrary& found = openLibrary(which);
    path = found.path;
    origin = found.origin;
    version = versionOf(which);
  } catch (const std::exception& error) {
    problem = error.what();
    problem = problem.substr(problem.find("] ") + 2);
  }
  if (which == Library::driver && problem.empty() && driverVersion() < kLeastDriver) {
    problem = "the driver is for CUDA " + version + "; Hornet needs one for 12.0 or newer. " + remedyFor(which);
  }
  Report library{"{"};
  library.add("name", quote(which == Library::driver ? "driver" : nameOf(which)));
  library.add("path", orNull(path));
  library.add("origin", orNull(origin));
  library.add("version", orNull(version));
  library.add("problem", orNull(problem));
  report.json += (report.json.back() == '[' ? "" : ",") + library.json + "}";
  report.usable = report.usable && problem.empty();
}

std::string describeGpu(int index, bool& usable) {
  CUdevice device;
  char name[256] = "?";
  size_t bytes = 0;
  int major = 0, minor = 0;
  if (const CUresult result = HORNET_DRIVER(cuDeviceGet)(&device, index); result != CUDA_SUCCESS) {
    return "{\"index\":" + std::to_string(index) + ",\"problem\":" + quote(messageOf(result)) + "}";
  }
  HORNET_DRIVER(cuDeviceGetName)(name, sizeof(name), device);
  HORNET_DRIVER(cuDeviceTotalMem_v2)(&bytes, device);
  HORNET_DRIVER(cuDeviceGetAttribute)(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  HORNET_DRIVER(cuDeviceGetAttribute)(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
  const std::string capability = std::to_string(major) + "." + std::to_string(minor);
  const bool tooOld = 10 * major + minor < kLeastCapability;
  Report gpu{"{"};
  gpu.add("index", std::to_string(index));
  gpu.add("name", quote(name));
  gpu.add("memoryBytes", std::to_string(bytes));
  gpu.add("capability", quote(capability));
  gpu.add("problem", tooOld ? quote("compute capability " + capability + " is too old; Hornet needs 7.5") : "null");
  usable = usable || !tooOld;
  return gpu.json + "}";
}

}  // namespace

std::string describeLibraries() {
  Report libraries{"["};
  for (const Library which : {Library::driver, Library::nvrtc, Library::cublasLt, Library::cudnn}) {
    describeLibrary(libraries, which);
  }
  std::string problem, gpus = "[";
  bool usable = false;
  try {
    const int count = countGpus(problem);
    for (int i = 0; i < count; ++i) gpus += (i > 0 ? "," : "") + describeGpu(i, usable);
  } catch (const std::exception&) {
    // Without a driver nobody knows of GPUs; that it is missing has been said above.
  }
  Report report{"{"};
  report.add("usable", usable && libraries.usable ? "true" : "false");
  report.add("problem", orNull(problem));
  report.add("gpus", gpus + "]");
  report.add("libraries", libraries.json + "]");
  return report.json + "}";
}

}  // namespace hornet::cuda

extern "C" {

__attribute__((visibility("default"))) int hornetCountGpus() {
  try {
    std::string problem;
    return hornet::cuda::countGpus(problem);
  } catch (const std::exception&) {
    return 0;
  }
}

__attribute__((visibility("default"))) void hornetDescribeCuda(std::string& json) {
  json = hornet::cuda::describeLibraries();
}
}

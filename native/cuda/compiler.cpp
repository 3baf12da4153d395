// Compiling kernels at run time.
#include "compiler.h"

#include <nvrtc.h>

#include <memory>
#include <vector>

#include "../error.h"
#include "libraries.h"
#include "sources.h"

namespace hornet::cuda {
namespace {

#define HORNET_NVRTC_FUNCTIONS(FN) \
  FN(nvrtcVersion)                 \
  FN(nvrtcGetErrorString)          \
  FN(nvrtcCreateProgram)           \
  FN(nvrtcDestroyProgram)          \
  FN(nvrtcCompileProgram) FN(nvrtcGetCUBINSize) FN(nvrtcGetCUBIN) FN(nvrtcGetProgramLogSize) FN(nvrtcGetProgramLog)

struct Nvrtc {
#define HORNET_DECLARE(name) decltype(&::name) name;
  HORNET_NVRTC_FUNCTIONS(HORNET_DECLARE)
#undef HORNET_DECLARE
};

Nvrtc open() {
  Nvrtc functions{};
#define HORNET_LOOK_UP(name) \
  functions.name = reinterpret_cast<decltype(functions.name)>(symbolOf(Library::nvrtc, #name));
  HORNET_NVRTC_FUNCTIONS(HORNET_LOOK_UP)
#undef HORNET_LOOK_UP
  return functions;
}

const Nvrtc& nvrtc() {
  static const Nvrtc functions = open();
  return functions;
}

void check(nvrtcResult result, const char* what) {
  if (result == NVRTC_SUCCESS) return;
  throw Error("nvrtc", std::string(what) + " failed: " + nvrtc().nvrtcGetErrorString(result));
}

struct DestroyProgram {
  using pointer = nvrtcProgram;
  void operator()(nvrtcProgram program) const noexcept { nvrtc().nvrtcDestroyProgram(&program); }
};
using OwnedProgram = std::unique_ptr<std::remove_pointer_t<nvrtcProgram>, DestroyProgram>;

OwnedProgram makeProgram(const std::string& source) {
  std::vector<const char*> texts, names;
  for (const SourceFile& file : sourceFiles()) {
    texts.push_back(file.text);
    names.push_back(file.name);
  }
  nvrtcProgram program = nullptr;
  check(
      nvrtc().nvrtcCreateProgram(&program, source.c_str(), "hornet.cu", int(names.size()), texts.data(), names.data()),
      "preparing a kernel");
  return OwnedProgram(program);
}

std::string logOf(nvrtcProgram program) {
  size_t size = 0;
  if (nvrtc().nvrtcGetProgramLogSize(program, &size) != NVRTC_SUCCESS || size == 0) return {};
  std::string log(size, '\0');
  nvrtc().nvrtcGetProgramLog(program, log.data());
  return log;
}

constexpr const char* kFlags[] = {"--std=c++20", "--device-as-default-execution-space"};

}  // namespace

std::string nvrtcVersion() {
  int major = 0, minor = 0;
  check(nvrtc().nvrtcVersion(&major, &minor), "asking for the version");
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string compilerIdentity() {
  std::string identity = "nvrtc " + nvrtcVersion();
  for (const char* flag : kFlags) identity += std::string(" ") + flag;
  return identity;
}

std::string compileToCubin(const std::string& source, int capability) {
  const OwnedProgram program = makeProgram(source);
  const std::string architecture = "--gpu-architecture=sm_" + std::to_string(capability);
  std::vector<const char*> options(std::begin(kFlags), std::end(kFlags));
  options.push_back(architecture.c_str());
  const nvrtcResult result = nvrtc().nvrtcCompileProgram(program.get(), int(options.size()), options.data());
  if (result != NVRTC_SUCCESS) {
    throw Error("nvrtc", std::string("a kernel does not compile: ") + nvrtc().nvrtcGetErrorString(result) + "\n" +
                             logOf(program.get()));
  }
  size_t size = 0;
  check(nvrtc().nvrtcGetCUBINSize(program.get(), &size), "asking for a kernel's size");
  std::string cubin(size, '\0');
  check(nvrtc().nvrtcGetCUBIN(program.get(), cubin.data()), "taking a kernel");
  return cubin;
}

}  // namespace hornet::cuda

// Compiles the programs that the emulated NVRTC has kept with the real one, which needs no GPU:
//     compile_kept libnvrtc.so.13 FOLDER sm_80,compute_90 [JOBS]
// For compute_90 it stops at PTX, which takes half the time.
#include <dlfcn.h>
#include <nvrtc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

void* library = nullptr;

template <class F>
F* lookUp(F* /*declared*/, const char* name) {
  void* symbol = dlsym(library, name);
  if (!symbol) {
    std::fprintf(stderr, "NVRTC has no %s\n", name);
    std::exit(2);
  }
  return reinterpret_cast<F*>(symbol);
}
#define NVRTC(name) lookUp(&name, #name)

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Kept {
  std::vector<std::string> names, texts, options;
};

Kept readKept(const fs::path& path) {
  Kept kept;
  std::istringstream lines(readFile(path));
  std::string word, rest;
  while (lines >> word && std::getline(lines >> std::ws, rest)) {
    if (word == "option") {
      kept.options.push_back(rest);
    } else {
      kept.names.push_back(rest);
      kept.texts.push_back(readFile(path.parent_path() / "parts" / word));
    }
  }
  return kept;
}

bool compile(const fs::path& path, const std::string& architecture) {
  const Kept kept = readKept(path);
  std::vector<const char*> names, texts, options;
  // The first is the program itself.
  for (size_t i = 1; i < kept.names.size(); ++i) {
    names.push_back(kept.names[i].c_str());
    texts.push_back(kept.texts[i].c_str());
  }
  for (const std::string& option : kept.options) options.push_back(option.c_str());
  const std::string target = "--gpu-architecture=" + architecture;
  options.push_back(target.c_str());
  nvrtcProgram program = nullptr;
  NVRTC(nvrtcCreateProgram)
  (&program, kept.texts[0].c_str(), kept.names[0].c_str(), int(names.size()), texts.data(), names.data());
  const nvrtcResult result = NVRTC(nvrtcCompileProgram)(program, int(options.size()), options.data());
  if (result != NVRTC_SUCCESS) {
    size_t size = 0;
    NVRTC(nvrtcGetProgramLogSize)(program, &size);
    std::string log(size, 0);
    NVRTC(nvrtcGetProgramLog)(program, log.data());
    std::printf("✗ %s for %s: %s\n%s\n", path.filename().c_str(), architecture.c_str(),
                NVRTC(nvrtcGetErrorString)(result), log.c_str());
    std::printf("%s\n", kept.texts[0].c_str());
  }
  NVRTC(nvrtcDestroyProgram)(&program);
  return result == NVRTC_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "compile_kept libnvrtc.so FOLDER sm_80,compute_90 [JOBS]\n"), 2;
  // It looks for its built-in functions by name, not beside itself.
  for (const auto& entry : fs::directory_iterator(fs::path(argv[1]).parent_path()))
    if (entry.path().filename().string().starts_with("libnvrtc-builtins.so")) dlopen(entry.path().c_str(), RTLD_NOW);
  library = dlopen(argv[1], RTLD_NOW);
  if (!library) return std::fprintf(stderr, "%s\n", dlerror()), 2;
  std::vector<fs::path> programs;
  for (const auto& entry : fs::directory_iterator(argv[2]))
    if (entry.path().extension() == ".program") programs.push_back(entry.path());
  std::sort(programs.begin(), programs.end());
  std::vector<std::string> architectures;
  std::istringstream list(argv[3]);
  for (std::string one; std::getline(list, one, ',');) architectures.push_back(one);

  // In processes: NVRTC compiles one program at a time.
  const int jobs = argc > 4 ? std::max(1, std::atoi(argv[4])) : 1;
  std::vector<pid_t> children;
  for (int job = 0; job < jobs; ++job) {
    const pid_t child = fork();
    if (child > 0) children.push_back(child);
    if (child != 0) continue;
    int failed = 0;
    for (size_t i = size_t(job); i < programs.size(); i += size_t(jobs))
      for (const std::string& architecture : architectures) failed += !compile(programs[i], architecture);
    std::fflush(stdout);
    _exit(std::min(failed, 100));
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  const int total = int(programs.size() * architectures.size());
  std::printf("%d passed, %d failed\n", std::max(0, total - failed), failed);
  return failed == 0 && total > 0 ? 0 : 1;
}

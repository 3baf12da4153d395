// NVRTC of emulated devices: g++ makes a shared library of a program, which is kept by a hash of its text.
#include <cuda.h>
#include <fcntl.h>
#include <nvrtc.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "module.h"
#include "settings.h"

extern char** environ;

namespace fs = std::filesystem;

namespace emulated {
namespace {

constexpr std::array<int, 9> kArchitectures{75, 80, 86, 87, 89, 90, 100, 103, 120};

struct Header {
  std::string name, text;
};

struct Program {
  std::string source, name, log, cubin;
  std::vector<Header> headers;
};

std::string hashOf(const std::string& text) {
  uint64_t a = 0xcbf29ce484222325u, b = 0x9e3779b97f4a7c15u;
  for (const char c : text) {
    a = (a ^ uint8_t(c)) * 0x100000001b3u;
    b = (b + uint8_t(c)) * 0xd6e8feb86659fd93u;
    b ^= b >> 32;
  }
  char hash[40];
  std::snprintf(hash, sizeof hash, "%016llx%016llx", static_cast<unsigned long long>(a),
                static_cast<unsigned long long>(b));
  return hash;
}

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Complete or not at all: several processes may write the same.
void writeFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  static std::atomic<int> files{0};
  const fs::path partial = path.string() + "." + std::to_string(getpid()) + "." + std::to_string(++files);
  std::ofstream(partial, std::ios::binary) << text;
  fs::rename(partial, path);
}

fs::path cacheFolder() {
  const std::string folder = setting("CACHE");
  return folder.empty() ? fs::temp_directory_path() / "hornet-emulated-kernels" : fs::path(folder);
}

/// Runs a command; true when it ends well. What it says goes to `log`.
bool runCommand(const std::vector<std::string>& words, const fs::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  while (!failed && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return !failed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The kernels of a program, as entries of its module.
std::string moduleOf(const std::string& source) {
  static const std::regex pattern(R"(__global__\s+void\s+(?:__launch_bounds__\s*\(\s*(\d+)[^)]*\)\s*)?(\w+)\s*\()");
  std::string entries;
  for (std::sregex_iterator match(source.begin(), source.end(), pattern), end; match != end; ++match) {
    const std::string bounds = (*match)[1], name = (*match)[2];
    entries += "::emulated::entryOf<&" + name + ">(\"" + name + "\", " + (bounds.empty() ? "1024" : bounds) + "),";
  }
  // Entries stand in the namespace of what they call.
  return "\nnamespace hornet {}\nusing namespace hornet;\nEMULATED_MODULE(" + entries + ")\n";
}

/// The headers of a program as files, one folder deep: names may begin with `../`.
fs::path headerFolder(const Program& program) {
  std::string text;
  for (const Header& header : program.headers) text += header.name + '\0' + header.text + '\0';
  const fs::path folder = cacheFolder() / ("headers-" + hashOf(text));
  if (fs::exists(folder / "complete")) return folder / "in";
  for (const Header& header : program.headers) writeFile(folder / "in" / header.name, header.text);
  writeFile(folder / "complete", "");
  return folder / "in";
}

/// Compiles, and keeps what comes out under the hash of all that went in.
bool compile(Program& program, const std::vector<std::string>& flags) {
  static const std::string prelude =
      readFile(fs::path(EMULATOR_FOLDER) / "kernel_abi.h") + readFile(fs::path(EMULATOR_FOLDER) / "device_prelude.h");
  const char* compiler = std::getenv("CXX");
  std::vector<std::string> words{compiler ? compiler : "g++",
                                 "-x",
                                 "c++",
                                 "-std=c++20",
                                 "-O1",
                                 "-w",
                                 "-fPIC",
                                 "-shared",
                                 "-nostdinc",
                                 "-nostdinc++",
                                 "-fvisibility=hidden",
                                 "-fno-gnu-unique",
                                 "-fno-exceptions",
                                 "-fno-rtti",
                                 "-fno-asynchronous-unwind-tables",
                                 "-fno-math-errno",
                                 "-ffp-contract=off",
                                 "-fno-strict-aliasing",
                                 "-fwrapv",
                                 "-fsanitize=alignment,bounds",
                                 "-fsanitize-undefined-trap-on-error",
                                 "-nostartfiles",
                                 "-nodefaultlibs",
                                 "-Wl,--no-undefined",
                                 "-Wl,--build-id=none"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::string text = prelude + program.source;
  for (const std::string& word : words) text += word + '\0';
  for (const Header& header : program.headers) text += header.name + '\0' + header.text + '\0';
  const std::string hash = hashOf(text);
  const fs::path kept = cacheFolder() / (hash + ".so");
  program.cubin = readFile(kept);
  if (!program.cubin.empty()) return true;

  static std::atomic<int> compilations{0};
  const fs::path folder =
      cacheFolder() / (hash + "." + std::to_string(getpid()) + "." + std::to_string(++compilations));
  const fs::path headers = headerFolder(program);
  writeFile(folder / "program.cc", "#include \"device_prelude.h\"\n#line 1 \"" + program.name + "\"\n" +
                                       program.source + moduleOf(program.source));
  // The prelude comes last, so that a program cannot take its files by chance.
  for (const std::string& word :
       {"-I" + headers.string(), std::string("-I") + EMULATOR_FOLDER, std::string("-o"), (folder / "library").string(),
        (folder / "program.cc").string(), std::string("-lm"), std::string("-lc")})
    words.push_back(word);
  const bool compiled = runCommand(words, folder / "log");
  program.log = readFile(folder / "log");
  if (compiled) {
    program.cubin = readFile(folder / "library");
    fs::rename(folder / "library", kept);
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return compiled;
}

/// Keeps a program for a check with the real NVRTC: `<hash>.program` names its parts, which are in `parts`.
void keepSource(const Program& program, const std::vector<std::string>& options) {
  const std::string folder = setting("SOURCES");
  if (folder.empty()) return;
  std::ostringstream list;
  const auto keepPart = [&](const std::string& name, const std::string& text) {
    const fs::path part = fs::path(folder) / "parts" / hashOf(text);
    if (!fs::exists(part)) writeFile(part, text);
    list << hashOf(text) << ' ' << name << '\n';
  };
  keepPart(program.name, program.source);
  for (const Header& header : program.headers) keepPart(header.name, header.text);
  for (const std::string& option : options)
    if (option.find("arch") == std::string::npos) list << "option " << option << '\n';
  const fs::path path = fs::path(folder) / (hashOf(list.str()) + ".program");
  if (!fs::exists(path)) writeFile(path, list.str());
}

/// Translates options to g++; those that only concern real devices are taken and dropped.
nvrtcResult translate(const std::vector<std::string>& options, std::vector<std::string>& flags, std::string& log) {
  bool hasArchitecture = false;
  for (const std::string& option : options) {
    static const std::regex architecture(R"(-(?:-gpu-architecture|arch)=(sm|compute)_(\d+)[af]?)");
    static const std::regex passed(R"(-(?:D|I).+)");
    static const std::regex dropped(
        R"((?:-|--)(?:std=c\+\+(?:17|20)|use_fast_math|fmad=(?:true|false)|ftz=(?:true|false)|prec-div=(?:true|false)|)"
        R"(prec-sqrt=(?:true|false)|lineinfo|generate-line-info|restrict|extra-device-vectorization|default-device|)"
        R"(device-as-default-execution-space|minimal|no-source-include|split-compile=\d+|dopt=on|diag-suppress=[\d,]+|)"
        R"(maxrregcount=\d+))");
    std::smatch match;
    if (std::regex_match(option, match, architecture)) {
      const int number = std::stoi(match[2]);
      hasArchitecture = std::find(kArchitectures.begin(), kArchitectures.end(), number) != kArchitectures.end();
      flags.push_back("-D__CUDA_ARCH__=" + std::to_string(number * 10));
    } else if (std::regex_match(option, passed)) {
      flags.push_back(option);
    } else if (!std::regex_match(option, dropped)) {
      log = "nvrtc: error: unrecognized option " + option;
      return NVRTC_ERROR_INVALID_OPTION;
    }
  }
  if (hasArchitecture) return NVRTC_SUCCESS;
  log = "nvrtc: error: invalid value for --gpu-architecture (-arch)";
  return NVRTC_ERROR_INVALID_OPTION;
}

Program& programOf(nvrtcProgram program) { return *reinterpret_cast<Program*>(program); }

}  // namespace
}  // namespace emulated

using namespace emulated;

extern "C" {

const char* nvrtcGetErrorString(nvrtcResult result) {
  switch (result) {
    case NVRTC_SUCCESS:
      return "NVRTC_SUCCESS";
    case NVRTC_ERROR_INVALID_OPTION:
      return "NVRTC_ERROR_INVALID_OPTION";
    case NVRTC_ERROR_COMPILATION:
      return "NVRTC_ERROR_COMPILATION";
    case NVRTC_ERROR_INVALID_INPUT:
      return "NVRTC_ERROR_INVALID_INPUT";
    case NVRTC_ERROR_INVALID_PROGRAM:
      return "NVRTC_ERROR_INVALID_PROGRAM";
    default:
      return "NVRTC_ERROR unknown";
  }
}

nvrtcResult nvrtcVersion(int* major, int* minor) {
  *major = CUDA_VERSION / 1000;
  *minor = CUDA_VERSION / 10 % 100;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetNumSupportedArchs(int* count) {
  *count = int(kArchitectures.size());
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetSupportedArchs(int* architectures) {
  std::copy(kArchitectures.begin(), kArchitectures.end(), architectures);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char* name, int count,
                               const char* const* headers, const char* const* names) {
  if (!source || count < 0) return NVRTC_ERROR_INVALID_INPUT;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < i; ++j)
      if (std::strcmp(names[i], names[j]) == 0) return NVRTC_ERROR_INVALID_INPUT;
  }
  auto* created = new Program;
  created->source = source;
  created->name = name ? name : "default_program";
  for (int i = 0; i < count; ++i) created->headers.push_back({names[i], headers[i]});
  *program = reinterpret_cast<nvrtcProgram>(created);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* program) {
  delete &programOf(*program);
  *program = nullptr;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram handle, int count, const char* const* options) {
  Program& program = programOf(handle);
  const std::vector<std::string> list(options, options + count);
  std::vector<std::string> flags;
  if (const nvrtcResult error = translate(list, flags, program.log); error != NVRTC_SUCCESS) return error;
  keepSource(program, list);
  return compile(program, flags) ? NVRTC_SUCCESS : NVRTC_ERROR_COMPILATION;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t* bytes) {
  if (programOf(program).cubin.empty()) return NVRTC_ERROR_INVALID_PROGRAM;
  *bytes = sizeof(ImageHeader) + programOf(program).cubin.size();
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char* cubin) {
  const std::string& library = programOf(program).cubin;
  if (library.empty()) return NVRTC_ERROR_INVALID_PROGRAM;
  ImageHeader header = {};
  std::memcpy(header.magic, kImageMagic, sizeof kImageMagic);
  header.bytes = library.size();
  std::memcpy(cubin, &header, sizeof header);
  std::memcpy(cubin + sizeof header, library.data(), library.size());
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t* bytes) {
  *bytes = programOf(program).log.size() + 1;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char* log) {
  std::memcpy(log, programOf(program).log.c_str(), programOf(program).log.size() + 1);
  return NVRTC_SUCCESS;
}

}  // extern "C"

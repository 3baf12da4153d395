// What a backend library offers to the engine. Each backend is a shared library that exports `hornetOpenBackend`.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "program.h"

namespace hornet {

struct BackendOptions {
  int threads = 0;  // 0: the backend decides
};

struct BackendInfo {
  std::string name, library, level;
  size_t memoryBytes = 0;
  int threads = 0;
};

/// A program made ready for one device. Used on the engine's thread only, but for `explain`.
class Executable {
 public:
  virtual ~Executable() = default;
  /// Runs `times` times in a row on the given memory.
  virtual void run(std::span<void* const> parameters, std::span<void* const> results, int times) = 0;
  /// One line per instruction.
  virtual std::vector<std::string> explain() const = 0;
};

/// Device memory and programs of one device. `allocate` and `release` may be called from any thread.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual BackendInfo info() const = 0;
  virtual std::vector<std::string> kernels() const = 0;
  /// Zero-filled memory; throws an Error that tells sizes when there is none left.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* memory, size_t bytes) noexcept = 0;
  virtual void copyIn(void* to, const void* from, size_t bytes) = 0;
  virtual void copyOut(void* to, const void* from, size_t bytes) = 0;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  virtual std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) = 0;
};

inline constexpr int kBackendVersion = 1;
/// The exported factory: null when `version` is not the library's own.
using OpenBackend = Backend* (*)(int version, const BackendOptions& options);

}  // namespace hornet

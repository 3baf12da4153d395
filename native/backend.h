// What a backend library offers to the engine. Each backend is a shared library that exports `hornetOpenBackend`.
#pragma once

#include <atomic>
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

/// How much device memory is in use: by buffers, and by running programs for their intermediate values.
class MemoryUse {
 public:
  size_t current() const { return current_; }
  size_t peak() const { return peak_; }

  void add(size_t bytes) {
    const size_t now = current_ += bytes;
    size_t seen = peak_;
    while (seen < now && !peak_.compare_exchange_weak(seen, now)) {
    }
  }
  void remove(size_t bytes) { current_ -= bytes; }

 private:
  std::atomic<size_t> current_{0}, peak_{0};
};

/// A program made ready for one device. `run` is called on the engine's thread only.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual void run(std::span<void* const> parameters, std::span<void* const> results) = 0;
  /// What runs each instruction, e.g. the name of a library's implementation; empty where there is nothing to tell.
  virtual std::vector<std::string> implementations() const = 0;
};

/// Device memory and programs of one device. `allocate` and `release` may be called from any thread.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual BackendInfo info() const = 0;
  virtual std::vector<std::string> kernels() const = 0;
  /// Throws an Error that tells sizes when there is no memory left.
  virtual void* allocate(size_t bytes, bool zeroed) = 0;
  virtual void release(void* memory, size_t bytes) noexcept = 0;
  virtual void copyIn(void* to, const void* from, size_t bytes) = 0;
  virtual void copyOut(void* to, const void* from, size_t bytes) = 0;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  /// Makes the kernels of a program; throws an Error that names the op of one that cannot be made.
  virtual std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) = 0;
  virtual const MemoryUse& memory() const = 0;
};

inline constexpr int kBackendVersion = 1;
/// The exported factory: null when `version` is not the library's own.
using OpenBackend = Backend* (*)(int version, const BackendOptions& options);

}  // namespace hornet

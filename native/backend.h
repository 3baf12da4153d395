// What a backend library offers to the engine. Each backend is a shared library that exports `hornetOpenBackend`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "program.h"

namespace hornet {

struct BackendOptions {
  int threads = 0;         // of the CPU; 0: the backend decides
  int index = 0;           // which of several devices of a kind
  size_t memoryLimit = 0;  // bytes that programs and tensors may take; 0: what the device has
  bool allowTf32 = true;
  bool deterministic = false;
};

/// Called with null or an error. Must not throw.
using Completion = std::function<void(std::exception_ptr)>;

/// What new memory holds: zeros, anything, or what an upload is about to put there.
enum class Contents : uint8_t { zeros, undefined, upload };

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

/// A program made ready for one device. `run` is called on the engine's thread only; it does the work or enqueues it.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual void run(std::span<void* const> parameters, std::span<void* const> results) = 0;
  /// What runs each instruction, e.g. the name of a library's implementation; empty where there is nothing to tell.
  virtual std::vector<std::string> implementations() const = 0;
};

/// Device memory and programs of one device. Work is done in the order of the calls of the engine's thread, perhaps
/// later. `allocate`, `release` and `upload` may be called from any thread.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual BackendInfo info() const = 0;
  virtual std::vector<std::string> kernels() const = 0;
  /// Throws an Error that tells sizes when there is no memory left.
  virtual void* allocate(size_t bytes, Contents contents) = 0;
  virtual void release(void* memory, size_t bytes) noexcept = 0;
  /// Fills memory that was allocated for it and that nobody else knows yet. `from` may be reused at once.
  virtual void upload(void* to, const void* from, size_t bytes) = 0;
  /// Copies from the host; `from` may be reused at once.
  virtual void write(void* to, const void* from, size_t bytes) = 0;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  /// Copies to the host and calls `done`, perhaps later and on another thread, with the error of earlier work if it is
  /// known only then. Throws when it cannot even begin.
  virtual void read(void* to, const void* from, size_t bytes, Completion done) = 0;
  /// Calls `done` when all earlier work is done, as `read` does.
  virtual void finish(Completion done) = 0;
  /// Afterwards no completion is called any more.
  virtual void stop() noexcept {}
  /// Makes the kernels of a program; throws an Error that names the op of one that cannot be made.
  virtual std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) = 0;
  virtual const MemoryUse& memory() const = 0;
};

inline constexpr int kBackendVersion = 2;
/// The exported factory: null when `version` is not the library's own.
using OpenBackend = Backend* (*)(int version, const BackendOptions& options);

// What the CUDA library exports besides: `hornetCountGpus`, 0 where there is no driver, and `hornetDescribeCuda`, which
// writes JSON about the driver, the GPUs and the libraries.
using CountGpus = int (*)();
using DescribeCuda = void (*)(std::string& json);

}  // namespace hornet

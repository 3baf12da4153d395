// The engine of one device: a thread of its own with an ordered queue. Nothing of N-API here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "backend.h"

namespace hornet {

/// Opens a backend library, which stays loaded for the life of the process.
std::shared_ptr<Backend> openBackend(const std::string& path, const BackendOptions& options);

/// Device memory. A failed run poisons its results: whoever reads them gets the run's error.
class Buffer {
 public:
  Buffer(std::shared_ptr<Backend> backend, size_t bytes, Contents contents);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // Used on the engine's thread only.
  std::exception_ptr error;

 private:
  std::shared_ptr<Backend> backend_;
  size_t bytes_;
  void* data_;
};

using BufferRef = std::shared_ptr<Buffer>;

/// A program with its executable, which is made on the engine's thread at the first run.
class PreparedProgram {
 public:
  PreparedProgram(std::shared_ptr<Backend> backend, std::shared_ptr<const Program> program)
      : backend_(std::move(backend)), program_(std::move(program)) {}

  const Program& program() const { return *program_; }
  Executable& executable();
  /// One line per instruction: op, operands, and after the first run what runs it. Any thread.
  std::vector<std::string> explain() const;

 private:
  std::shared_ptr<Backend> backend_;
  std::shared_ptr<const Program> program_;
  mutable std::mutex mutex_;
  std::unique_ptr<Executable> executable_;
};

/// A program with fixed memory; one queued run is one reference to it.
struct Binding {
  std::shared_ptr<PreparedProgram> program;
  std::vector<BufferRef> parameters, results;
  std::vector<void*> parameterData, resultData;

  Binding(std::shared_ptr<PreparedProgram> program, std::vector<BufferRef> parameters, std::vector<BufferRef> results);
};

class Engine {
 public:
  explicit Engine(std::shared_ptr<Backend> backend);
  ~Engine();
  /// Drops what is queued, waits for the step at hand and ends the thread. Later work is ignored. Any other thread.
  void stop();

  Backend& backend() { return *backend_; }
  BufferRef allocate(size_t bytes, Contents contents);
  /// Decodes a program; throws when an op has no kernel.
  std::shared_ptr<PreparedProgram> load(std::span<const uint8_t> bytes);

  // Queued work, done in the order of the calls.
  void run(std::shared_ptr<Binding> binding, int64_t times);
  void write(BufferRef to, std::span<const std::byte> data);
  void copy(BufferRef from, BufferRef to);
  void read(BufferRef from, void* to, Completion done);
  /// Tells the first error since the last call.
  void sync(Completion done);

  /// Waits until all that is queued has been done. Any other thread.
  void drain();

 private:
  struct Run {
    std::shared_ptr<Binding> binding;
    int64_t times;
  };
  struct Write {
    BufferRef to;
    std::vector<std::byte> data;
  };
  struct Copy {
    BufferRef from, to;
  };
  struct Read {
    BufferRef from;
    void* to;
    Completion done;
  };
  struct Sync {
    Completion done;
  };
  struct Drain {
    std::promise<void> done;  // broken when the engine stops before
  };
  using Task = std::variant<Run, Write, Copy, Read, Sync, Drain>;

  void submit(Task task);
  void work();
  void perform(Run& run);
  void perform(Write& write);
  void perform(Copy& copy);
  void perform(Read& read);
  void perform(Sync& sync);
  void perform(Drain& drain);
  /// The error that `body` throws, remembered for `sync`.
  template <class F>
  std::exception_ptr attempt(F&& body);

  std::shared_ptr<Backend> backend_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> queue_;
  std::atomic<bool> stopping_ = false;
  std::once_flag stopped_;
  std::exception_ptr firstError_;
  std::thread thread_;
};

}  // namespace hornet

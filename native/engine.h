// The engine of one device: a thread of its own with an ordered queue. Nothing of N-API here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend.h"

namespace hornet {

/// A backend library, kept open for the life of the process.
std::shared_ptr<Backend> openBackend(const std::string& path, const BackendOptions& options);

/// How much device memory is in use.
struct MemoryUse {
  std::atomic<size_t> current{0}, peak{0};
  void add(size_t bytes);
};

/// Device memory. A failed run poisons its results: whoever reads them gets the run's error.
class Buffer {
 public:
  Buffer(std::shared_ptr<Backend> backend, std::shared_ptr<MemoryUse> use, size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // Used on the engine's thread only.
  std::exception_ptr error;

 private:
  std::shared_ptr<Backend> backend_;
  std::shared_ptr<MemoryUse> use_;
  size_t bytes_;
  void* data_;
};

using BufferRef = std::shared_ptr<Buffer>;

/// A program with its executable, which is made at the first run.
class PreparedProgram {
 public:
  PreparedProgram(std::shared_ptr<Backend> backend, std::shared_ptr<const Program> program)
      : backend_(std::move(backend)), program_(std::move(program)) {}

  const Program& program() const { return *program_; }
  Executable& executable();
  std::vector<std::string> explain() const;

 private:
  std::shared_ptr<Backend> backend_;
  std::shared_ptr<const Program> program_;
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
  /// Queued work. It must not throw.
  using Task = std::function<void()>;

  explicit Engine(std::shared_ptr<Backend> backend);
  ~Engine();
  /// Drops what is queued, waits for the task at hand and ends the thread.
  void stop();

  Backend& backend() { return *backend_; }
  BufferRef allocate(size_t bytes);
  std::shared_ptr<PreparedProgram> load(std::span<const uint8_t> bytes);
  const MemoryUse& memory() const { return *memory_; }

  void submit(Task task);
  void run(std::shared_ptr<Binding> binding, int times);
  void copyIn(BufferRef to, std::vector<std::byte> data);
  void copy(BufferRef from, BufferRef to);
  /// Copies out on the engine's thread, then calls `done` there with null or the error.
  void copyOut(BufferRef from, void* to, std::function<void(std::exception_ptr)> done);
  /// Calls `done` when all earlier work is done, with the first error since the last call.
  void sync(std::function<void(std::exception_ptr)> done);

 private:
  void work();
  void execute(Binding& binding, int times);
  void fail(std::exception_ptr error);

  std::shared_ptr<Backend> backend_;
  std::shared_ptr<MemoryUse> memory_ = std::make_shared<MemoryUse>();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> queue_;
  std::atomic<bool> stopping_ = false;
  std::exception_ptr firstError_;
  std::thread thread_;
};

}  // namespace hornet

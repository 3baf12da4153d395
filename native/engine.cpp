// The engine's thread, and what is done on it.
#include "engine.h"

#include <dlfcn.h>

#include <algorithm>

#include "error.h"

namespace hornet {

std::shared_ptr<Backend> openBackend(const std::string& path, const BackendOptions& options) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("device", std::string("cannot open the backend: ") + dlerror());
  const auto open = reinterpret_cast<OpenBackend>(dlsym(library, "hornetOpenBackend"));
  Backend* backend = open ? open(kBackendVersion, options) : nullptr;
  if (!backend) throw Error("device", path + " is not a backend of this version; build the addon anew");
  return std::shared_ptr<Backend>(backend);
}

void MemoryUse::add(size_t bytes) {
  const size_t now = current += bytes;
  size_t seen = peak;
  while (seen < now && !peak.compare_exchange_weak(seen, now)) {
  }
}

Buffer::Buffer(std::shared_ptr<Backend> backend, std::shared_ptr<MemoryUse> use, size_t bytes)
    : backend_(std::move(backend)), use_(std::move(use)), bytes_(bytes), data_(backend_->allocate(bytes)) {
  use_->add(bytes);
}

Buffer::~Buffer() {
  backend_->release(data_, bytes_);
  use_->current -= bytes_;
}

Executable& PreparedProgram::executable() {
  if (!executable_) executable_ = backend_->prepare(program_);
  return *executable_;
}

std::vector<std::string> PreparedProgram::explain() const {
  if (executable_) return executable_->explain();
  std::vector<std::string> lines;
  for (const Instruction& instruction : program_->instructions) lines.push_back(instruction.op);
  return lines;
}

Binding::Binding(std::shared_ptr<PreparedProgram> prepared, std::vector<BufferRef> parameterBuffers,
                 std::vector<BufferRef> resultBuffers)
    : program(std::move(prepared)), parameters(std::move(parameterBuffers)), results(std::move(resultBuffers)) {
  const auto point = [](const std::vector<BufferRef>& buffers, const std::vector<size_t>& sizes, const char* what) {
    if (buffers.size() != sizes.size()) {
      throw Error("program", "expected " + std::to_string(sizes.size()) + " " + what + ", received " +
                                 std::to_string(buffers.size()));
    }
    std::vector<void*> data;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (buffers[i]->bytes() < sizes[i]) {
        throw Error("program", std::string(what) + " " + std::to_string(i) + " needs " + std::to_string(sizes[i]) +
                                   " bytes, received " + std::to_string(buffers[i]->bytes()));
      }
      data.push_back(buffers[i]->data());
    }
    return data;
  };
  parameterData = point(parameters, program->program().parameterBytes, "parameters");
  resultData = point(results, program->program().resultBytes, "results");
}

Engine::Engine(std::shared_ptr<Backend> backend) : backend_(std::move(backend)), thread_([this] { work(); }) {}

Engine::~Engine() { stop(); }

void Engine::stop() {
  if (!thread_.joinable()) return;
  std::vector<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_one();
  thread_.join();
}

BufferRef Engine::allocate(size_t bytes) { return std::make_shared<Buffer>(backend_, memory_, bytes); }

std::shared_ptr<PreparedProgram> Engine::load(std::span<const uint8_t> bytes) {
  auto program = std::make_shared<const Program>(decode(bytes));
  const auto known = backend_->kernels();
  for (const Instruction& instruction : program->instructions) {
    if (std::find(known.begin(), known.end(), instruction.op) == known.end()) {
      throw Error(instruction.op, "the " + backend_->info().name + " backend has no kernel for this op");
    }
  }
  return std::make_shared<PreparedProgram>(backend_, std::move(program));
}

void Engine::submit(Task task) {
  bool sleeping;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    sleeping = queue_.empty();
    queue_.push_back(std::move(task));
  }
  if (sleeping) wake_.notify_one();
}

void Engine::run(std::shared_ptr<Binding> binding, int times) {
  submit([this, binding = std::move(binding), times] { execute(*binding, times); });
}

void Engine::execute(Binding& binding, int times) {
  std::exception_ptr error;
  for (const BufferRef& parameter : binding.parameters) {
    if (parameter->error) error = parameter->error;
  }
  try {
    if (!error) binding.program->executable().run(binding.parameterData, binding.resultData, times);
  } catch (...) {
    error = std::current_exception();
    fail(error);
  }
  for (const BufferRef& result : binding.results) result->error = error;
}

void Engine::fail(std::exception_ptr error) {
  if (!firstError_) firstError_ = std::move(error);
}

void Engine::copyIn(BufferRef to, std::vector<std::byte> data) {
  submit([this, to = std::move(to), data = std::move(data)] {
    backend_->copyIn(to->data(), data.data(), data.size());
    to->error = nullptr;
  });
}

void Engine::copy(BufferRef from, BufferRef to) {
  submit([this, from = std::move(from), to = std::move(to)] {
    to->error = from->error;
    if (!to->error) backend_->copy(to->data(), from->data(), std::min(from->bytes(), to->bytes()));
  });
}

void Engine::copyOut(BufferRef from, void* to, std::function<void(std::exception_ptr)> done) {
  submit([this, from = std::move(from), to, done = std::move(done)] {
    if (!from->error) backend_->copyOut(to, from->data(), from->bytes());
    done(from->error);
  });
}

void Engine::sync(std::function<void(std::exception_ptr)> done) {
  submit([this, done = std::move(done)] { done(std::exchange(firstError_, nullptr)); });
}

void Engine::work() {
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    batch.swap(queue_);
    lock.unlock();
    for (Task& task : batch) {
      if (!stopping_) task();
      task = nullptr;
    }
    batch.clear();
    lock.lock();
  }
}

}  // namespace hornet

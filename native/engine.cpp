// The engine's thread, and what is done on it.
#include "engine.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "error.h"

namespace hornet {
namespace {

/// All engines, so that they can be stopped before the process destroys what libraries hold in static variables.
struct Engines {
  std::mutex mutex;
  std::set<Engine*> all;
};

Engines& engines() {
  static auto& neverDestroyed = *new Engines;
  return neverDestroyed;
}

void stopAll() {
  const std::lock_guard lock(engines().mutex);
  for (Engine* engine : engines().all) engine->stop();
}

}  // namespace

std::shared_ptr<Backend> openBackend(const std::string& path, const BackendOptions& options) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("device", std::string("cannot open the backend: ") + dlerror());
  const auto open = reinterpret_cast<OpenBackend>(dlsym(library, "hornetOpenBackend"));
  Backend* backend = open ? open(kBackendVersion, options) : nullptr;
  if (!backend) throw Error("device", path + " is not a backend of this version; build the addon anew");
  return std::shared_ptr<Backend>(backend);
}

Buffer::Buffer(std::shared_ptr<Backend> backend, size_t bytes, Contents contents)
    : backend_(std::move(backend)), bytes_(bytes), data_(backend_->allocate(bytes, contents)) {}

Buffer::~Buffer() { backend_->release(data_, bytes_); }

Executable& PreparedProgram::executable() {
  if (!executable_) {
    auto made = backend_->prepare(program_);
    const std::lock_guard lock(mutex_);
    executable_ = std::move(made);
  }
  return *executable_;
}

std::vector<std::string> PreparedProgram::explain() const {
  const std::lock_guard lock(mutex_);
  auto lines = describe(*program_);
  if (executable_) {
    const auto implementations = executable_->implementations();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!implementations[i].empty()) lines[i] += "  " + implementations[i];
    }
  }
  return lines;
}

Binding::Binding(std::shared_ptr<PreparedProgram> prepared, std::vector<BufferRef> parameterBuffers,
                 std::vector<BufferRef> resultBuffers)
    : program(std::move(prepared)), parameters(std::move(parameterBuffers)), results(std::move(resultBuffers)) {
  const auto point = [](const std::vector<BufferRef>& buffers, const std::vector<size_t>& sizes, const char* what) {
    if (buffers.size() != sizes.size()) {
      throw Error("program", "expected " + std::to_string(sizes.size()) + " " + what + "s, received " +
                                 std::to_string(buffers.size()));
    }
    std::vector<void*> data;
    data.reserve(sizes.size());
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (buffers[i]->bytes() < sizes[i]) {
        throw Error("program", std::string("expected ") + what + " " + std::to_string(i) + " to have " +
                                   std::to_string(sizes[i]) + " bytes, received " +
                                   std::to_string(buffers[i]->bytes()));
      }
      data.push_back(buffers[i]->data());
    }
    return data;
  };
  parameterData = point(parameters, program->program().parameterBytes, "parameter");
  resultData = point(results, program->program().resultBytes, "result");
}

Engine::Engine(std::shared_ptr<Backend> backend) : backend_(std::move(backend)), thread_([this] { work(); }) {
  const std::lock_guard lock(engines().mutex);
  engines().all.insert(this);
  // After the backend has opened its libraries: what is registered last runs first.
  std::atexit(stopAll);
}

Engine::~Engine() {
  {
    const std::lock_guard lock(engines().mutex);
    engines().all.erase(this);
  }
  stop();
}

void Engine::stop() {
  std::call_once(stopped_, [this] {
    std::vector<Task> dropped;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(queue_);
    }
    wake_.notify_one();
    thread_.join();
    backend_->stop();
  });
}

BufferRef Engine::allocate(size_t bytes, Contents contents) {
  return std::make_shared<Buffer>(backend_, bytes, contents);
}

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

void Engine::run(std::shared_ptr<Binding> binding, int64_t times) { submit(Run{std::move(binding), times}); }

void Engine::write(BufferRef to, std::span<const std::byte> data) {
  submit(Write{std::move(to), {data.begin(), data.end()}});
}

void Engine::copy(BufferRef from, BufferRef to) { submit(Copy{std::move(from), std::move(to)}); }

void Engine::read(BufferRef from, void* to, Completion done) { submit(Read{std::move(from), to, std::move(done)}); }

void Engine::sync(Completion done) { submit(Sync{std::move(done)}); }

void Engine::drain() {
  Drain drain;
  const std::future<void> done = drain.done.get_future();
  submit(std::move(drain));
  done.wait();
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

void Engine::work() {
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    batch.swap(queue_);
    lock.unlock();
    for (Task& queued : batch) {
      Task task = std::move(queued);  // lets go of its buffers before the rest of the batch runs
      if (!stopping_) std::visit([this](auto& kind) { perform(kind); }, task);
    }
    batch.clear();
    lock.lock();
  }
}

template <class F>
std::exception_ptr Engine::attempt(F&& body) {
  try {
    body();
    return nullptr;
  } catch (...) {
    if (!firstError_) firstError_ = std::current_exception();
    return std::current_exception();
  }
}

void Engine::perform(Run& run) {
  Binding& binding = *run.binding;
  std::exception_ptr error;
  for (const BufferRef& parameter : binding.parameters) {
    if (parameter->error) error = parameter->error;
  }
  if (!error) {
    error = attempt([&] {
      Executable& executable = binding.program->executable();
      for (int64_t i = 0; i < run.times && !stopping_; ++i) executable.run(binding.parameterData, binding.resultData);
    });
  }
  for (const BufferRef& result : binding.results) result->error = error;
}

void Engine::perform(Write& write) {
  write.to->error = attempt([&] { backend_->write(write.to->data(), write.data.data(), write.data.size()); });
}

void Engine::perform(Copy& copy) {
  auto& [from, to] = copy;
  to->error = from->error;
  if (to->error) return;
  to->error = attempt([&] { backend_->copy(to->data(), from->data(), std::min(from->bytes(), to->bytes())); });
}

void Engine::perform(Read& read) {
  std::exception_ptr error = read.from->error;
  if (!error) error = attempt([&] { backend_->read(read.to, read.from->data(), read.from->bytes(), read.done); });
  if (error) read.done(std::move(error));
}

void Engine::perform(Sync& sync) {
  auto done = [first = std::exchange(firstError_, nullptr), report = sync.done](std::exception_ptr error) {
    report(first ? first : std::move(error));
  };
  try {
    backend_->finish(done);
  } catch (...) {
    done(std::current_exception());
  }
}

void Engine::perform(Drain& drain) {
  std::promise<void> finished;
  attempt([&] {
    backend_->finish([&](std::exception_ptr) { finished.set_value(); });
    finished.get_future().wait();
  });
  drain.done.set_value();
}

}  // namespace hornet

// Native tests on another backend: kernels run in programs of one instruction.
#include <dlfcn.h>

#include <future>

#include "../backend.h"
#include "host_tensor.h"

namespace hornet::test {
namespace {

const char* library() { return std::getenv("HORNET_TEST_BACKEND"); }

Backend& backend() {
  static const std::unique_ptr<Backend> opened = [] {
    void* const handle = dlopen(library(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw Error("test", dlerror());
    const auto open = reinterpret_cast<OpenBackend>(dlsym(handle, "hornetOpenBackend"));
    BackendOptions options;
    options.allowTf32 = false;
    std::unique_ptr<Backend> made(open ? open(kBackendVersion, options) : nullptr);
    if (!made) throw Error("test", std::string(library()) + " is not a backend of this version");
    return made;
  }();
  return *opened;
}

/// A buffer in the backend's memory.
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes), memory_(backend().allocate(bytes, Contents::undefined)) {}
  ~Buffer() { backend().release(memory_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* get() const { return memory_; }
  void write(const std::vector<std::byte>& from) {
    if (!from.empty()) backend().write(memory_, from.data(), from.size());
  }
  void read(std::vector<std::byte>& to) const {
    if (to.empty()) return;
    std::promise<void> arrived;
    backend().read(to.data(), memory_, to.size(),
                   [&](std::exception_ptr error) { error ? arrived.set_exception(error) : arrived.set_value(); });
    arrived.get_future().get();
  }

 private:
  size_t bytes_;
  void* memory_;
};

}  // namespace

bool isBackendChosen() { return library() && *library(); }

std::vector<HostTensor> runOnBackend(const std::string& op, const Attrs& attrs, const std::vector<HostTensor>& inputs,
                                     const std::vector<TensorSpec>& outputs) {
  auto program = std::make_shared<Program>();
  Instruction instruction{op, {}, {}, attrs};
  std::vector<std::unique_ptr<Buffer>> buffers;
  std::vector<void*> parameters, results;
  for (const HostTensor& input : inputs) {
    instruction.inputs.push_back(uint32_t(program->values.size()));
    program->values.push_back({input.spec, Storage::parameter, parameters.size()});
    program->parameterBytes.push_back(input.bytes.size());
    parameters.push_back(buffers.emplace_back(std::make_unique<Buffer>(input.bytes.size()))->get());
    buffers.back()->write(input.bytes);
  }
  std::vector<HostTensor> read;
  for (const TensorSpec& spec : outputs) {
    instruction.outputs.push_back(uint32_t(program->values.size()));
    program->values.push_back({spec, Storage::result, results.size()});
    program->resultBytes.push_back(spec.bytes());
    results.push_back(buffers.emplace_back(std::make_unique<Buffer>(spec.bytes()))->get());
    read.emplace_back(spec.dtype, spec.shape);
  }
  program->arenaBytes = 0;
  program->parameterCount = uint32_t(parameters.size());
  program->resultCount = uint32_t(results.size());
  program->instructions.push_back(std::move(instruction));

  const auto executable = backend().prepare(program);
  // A GPU enqueues the first run, records and replays from the second on.
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < read.size(); ++i) {
      std::fill(read[i].bytes.begin(), read[i].bytes.end(), std::byte(0xff));
      buffers[inputs.size() + i]->write(read[i].bytes);
    }
    executable->run(parameters, results);
    for (size_t i = 0; i < read.size(); ++i) buffers[inputs.size() + i]->read(read[i].bytes);
  }
  return read;
}

}  // namespace hornet::test

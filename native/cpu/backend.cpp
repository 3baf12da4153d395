// The CPU backend: host memory, and programs as lists of kernels.
#include "../backend.h"

#include <omp.h>

#include <cstdlib>
#include <cstring>

#include "../kernel.h"
#include "executable.h"
#include "host_memory.h"
#include "machine.h"
#include "onednn.h"

namespace hornet {
namespace {

int chooseThreads(const BackendOptions& options) {
  if (options.threads > 0) return options.threads;
  const char* wanted = std::getenv("HORNET_NUM_THREADS");
  if (wanted && std::atoi(wanted) > 0) return std::atoi(wanted);
  return std::getenv("OMP_NUM_THREADS") ? omp_get_max_threads() : usableCores();
}

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(const BackendOptions& options) : threads_(chooseThreads(options)), pool_(options.memoryLimit) {
    // Brings oneDNN's static variables into being, so that they are destroyed after the engine has been stopped.
    const dnnl::memory::desc desc({1}, onednn::dataType(DType::float32), dnnl::memory::format_tag::a);
    onednn::reorder("device", desc, desc);
    onednn::stream();
  }

  BackendInfo info() const override {
    const std::string version = std::to_string(DNNL_VERSION_MAJOR) + "." + std::to_string(DNNL_VERSION_MINOR);
    return {"cpu", "oneDNN " + version, HORNET_CPU_LEVEL, totalMemory(), threads_};
  }

  std::vector<std::string> kernels() const override {
    std::vector<std::string> names;
    for (const auto& [name, factory] : kernelRegistry()) names.push_back(name);
    return names;
  }

  void* allocate(size_t bytes, Contents contents) override {
    HostMemory memory = pool_.allocate(bytes);
    if (contents == Contents::zeros) std::memset(memory.get(), 0, bytes);
    return memory.release();
  }
  void release(void* memory, size_t bytes) noexcept override {
    pool_.release(HostMemory(static_cast<std::byte*>(memory)), bytes);
  }
  void upload(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void write(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes > 0) std::memmove(to, from, bytes);
  }

  void read(void* to, const void* from, size_t bytes, Completion done) override {
    copy(to, from, bytes);
    done(nullptr);
  }
  void finish(Completion done) override { done(nullptr); }

  std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) override {
    // OpenMP keeps its thread count per thread: this one is the engine's.
    omp_set_num_threads(threads_);
    return std::make_unique<CpuExecutable>(std::move(program), workspace_);
  }

  const MemoryUse& memory() const override { return pool_.use(); }

 private:
  int threads_;
  HostPool pool_;
  std::shared_ptr<Workspace> workspace_ = std::make_shared<Workspace>(pool_);
};

}  // namespace
}  // namespace hornet

extern "C" __attribute__((visibility("default"))) hornet::Backend* hornetOpenBackend(
    int version, const hornet::BackendOptions& options) {
  return version == hornet::kBackendVersion ? new hornet::CpuBackend(options) : nullptr;
}

// The CUDA backend: memory and transfers of one GPU, and its exported factory.
#include "../backend.h"

#include <utility>

#include "executable.h"
#include "libraries.h"
#include "transfers.h"

namespace hornet {
namespace {

using cuda::check;
using cuda::driver;

CUdeviceptr address(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(const BackendOptions& options)
      : device_(options.index, options),
        workspace_(std::make_shared<cuda::Workspace>(device_.memory(), device_.computeStream())),
        transfers_(device_) {}

  BackendInfo info() const override {
    const std::string libraries = "cuDNN " + cuda::versionOf(cuda::Library::cudnn) + ", cuBLAS " +
                                  cuda::versionOf(cuda::Library::cublasLt) + ", " + device_.name();
    return {"cuda", libraries, "sm_" + std::to_string(device_.capability()), device_.memoryBytes(), 0};
  }

  std::vector<std::string> kernels() const override {
    std::vector<std::string> names;
    for (const auto& [name, factory] : kernelRegistry()) names.push_back(name);
    return names;
  }

  void* allocate(size_t bytes, Contents contents) override {
    device_.activate();
    // What is uploaded travels beside the compute stream's work, so its memory must not wait for that.
    const CUstream stream = contents == Contents::upload ? device_.copyStream() : device_.computeStream();
    void* memory = device_.memory().allocate(bytes, stream);
    if (contents == Contents::zeros && bytes > 0) {
      check(driver().cuMemsetD8Async(address(memory), 0, bytes, stream), "clearing memory");
    }
    return memory;
  }

  void release(void* memory, size_t bytes) noexcept override {
    if (device_.tryActivate()) device_.memory().release(memory, bytes, device_.computeStream());
  }

  void upload(void* to, const void* from, size_t bytes) override {
    if (bytes == 0) return;
    device_.activate();
    transfers_.toDevice(to, from, bytes, device_.copyStream());
    // Only what the compute stream is given from now on can read it.
    const cuda::Event arrived = cuda::makeEvent();
    check(driver().cuEventRecord(arrived.get(), device_.copyStream()), "recording an event");
    check(driver().cuStreamWaitEvent(device_.computeStream(), arrived.get(), 0), "waiting for an upload");
  }

  void write(void* to, const void* from, size_t bytes) override {
    device_.activate();
    transfers_.toDevice(to, from, bytes, device_.computeStream());
  }

  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes == 0) return;
    device_.activate();
    check(driver().cuMemcpyDtoDAsync_v2(address(to), address(from), bytes, device_.computeStream()),
          "copying on the GPU");
  }

  void read(void* to, const void* from, size_t bytes, Completion done) override {
    device_.activate();
    transfers_.toHost(to, from, bytes, std::move(done));
  }

  void finish(Completion done) override { read(nullptr, nullptr, 0, std::move(done)); }

  void stop() noexcept override { transfers_.stop(); }

  std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) override {
    device_.activate();
    return std::make_unique<CudaExecutable>(std::move(program), device_, workspace_);
  }

  const MemoryUse& memory() const override { return device_.memory().use(); }

 private:
  Device device_;
  std::shared_ptr<cuda::Workspace> workspace_;
  cuda::Transfers transfers_;
};

}  // namespace
}  // namespace hornet

extern "C" __attribute__((visibility("default"))) hornet::Backend* hornetOpenBackend(
    int version, const hornet::BackendOptions& options) {
  return version == hornet::kBackendVersion ? new hornet::CudaBackend(options) : nullptr;
}

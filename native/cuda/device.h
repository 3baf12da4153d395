// One GPU, as kernels see it: its properties, the stream that work is enqueued on, its libraries and compiled kernels.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "../backend.h"
#include "../kernel.h"
#include "driver.h"
#include "fault.h"
#include "memory.h"

namespace hornet {

namespace cuda {
class KernelCache;
}
namespace cublas {
class Handle;
}
namespace cudnn {
class Handle;
}

/// Threads per block where a kernel has no reason for another number.
inline constexpr int kThreads = 256;

struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

class Device {
 public:
  Device(int index, const BackendOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  int index() const { return index_; }
  const std::string& name() const { return name_; }
  /// Compute capability, e.g. 90.
  int capability() const { return capability_; }
  int multiprocessors() const { return multiprocessors_; }
  size_t memoryBytes() const { return memoryBytes_; }

  /// Whether float32 products may be computed in TF32.
  bool allowsTf32() const { return allowsTf32_; }
  /// Whether results must be equal bit by bit from run to run: no atomics on floats, no nondeterministic engines.
  bool isDeterministic() const { return isDeterministic_; }

  /// Makes this the device of the calling thread. Every public call into the backend begins with it.
  void activate() const;
  /// The same where nothing may be thrown; false when the driver has shut down, and with it all that it held.
  bool tryActivate() const noexcept { return context_.makeCurrent() == CUDA_SUCCESS; }

  /// Where kernels enqueue their work: the compute stream, or while a graph is recorded the capturing one.
  CUstream stream() const { return enqueueing_; }
  CUstream computeStream() const { return compute_.get(); }
  CUstream copyStream() const { return copy_.get(); }
  CUstream captureStream() const { return capture_.get(); }
  void enqueueOn(CUstream stream) { enqueueing_ = stream; }

  cuda::MemoryPool& memory() const { return *memory_; }

  /// Faults that kernels report, e.g. an index out of bounds.
  Faults& faults() { return *faults_; }

  /// Handles of libraries, made at the first call; throws an Error when the library is missing. Defined in cublas.cpp
  /// and cudnn.cpp, beside the classes.
  cublas::Handle& blas();
  cudnn::Handle& dnn();

  /// A kernel of native/cuda, compiled once per device: from the prebuilt ones, the disk cache or by NVRTC.
  CUfunction kernel(const std::string& source, const std::string& instance, int threads);

 private:
  int index_, capability_ = 0, multiprocessors_ = 0;
  bool allowsTf32_, isDeterministic_;
  size_t memoryBytes_ = 0;
  std::string name_;
  CUdevice device_ = 0;
  cuda::PrimaryContext context_;
  std::unique_ptr<cuda::MemoryPool> memory_;
  cuda::Stream compute_, copy_, capture_;
  CUstream enqueueing_ = nullptr;
  std::unique_ptr<Faults> faults_;
  std::shared_ptr<cublas::Handle> blas_;
  std::shared_ptr<cudnn::Handle> dnn_;
  std::unique_ptr<cuda::KernelCache> kernels_;
};

/// A kernel of ours, ready to launch. `source` is the text of a translation unit or the name of a file in native/cuda,
/// `instance` a function (template) of it in namespace hornet with one parameter, a trivially copyable struct that host
/// and device share:
///
///     DeviceKernel kernel(device, "softmax.cu", instantiate("softmaxRows", {deviceType(dtype)}));
///     kernel.launch({blocks}, SoftmaxArgs{…});
class DeviceKernel {
 public:
  DeviceKernel() = default;
  DeviceKernel(Device& device, const std::string& source, const std::string& instance, int threads = kThreads)
      : device_(&device), function_(device.kernel(source, instance, threads)), threads_(threads), name_(instance) {}

  template <class Args>
  void launch(Grid grid, const Args& args) const {
    static_assert(std::is_trivially_copyable_v<Args> && sizeof(Args) <= 4000);
    launchBytes(grid, &args);
  }
  /// The same where the struct is put together at run time.
  void launchBytes(Grid grid, const void* args) const;

  int threads() const { return threads_; }
  const std::string& name() const { return name_; }
  explicit operator bool() const { return function_ != nullptr; }

 private:
  Device* device_ = nullptr;
  CUfunction function_ = nullptr;
  int threads_ = kThreads;
  std::string name_;
};

/// The name of the type that holds a value of this dtype in device memory, e.g. `Float16`.
const char* deviceType(DType dtype);
/// The name of the type in which such values are computed: float, double, int64_t; int32_t for bool.
const char* deviceComputeType(DType dtype);
/// `name<a, b>`.
std::string instantiate(const std::string& name, const std::vector<std::string>& arguments);

/// Blocks of `threads` for `count` items, at most `most`: kernels stride over what is left.
inline unsigned blocksFor(int64_t count, int threads = kThreads, int64_t most = 65535) {
  const int64_t blocks = (count + threads - 1) / threads;
  return unsigned(blocks < 1 ? 1 : blocks > most ? most : blocks);
}

}  // namespace hornet

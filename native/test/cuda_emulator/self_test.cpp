// Checks the emulated devices themselves: that they compute, and that they find what a real device would not forgive.
#include <cuda.h>
#include <nvrtc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

#define REQUIRE(condition) \
  if (!(condition)) throw std::runtime_error(std::to_string(__LINE__) + ": " #condition)
#define CU(call) REQUIRE((call) == CUDA_SUCCESS)

CUstream stream;
CUmemoryPool pool;

CUfunction compile(const std::string& source, const std::string& name = "kernel") {
  nvrtcProgram program;
  REQUIRE(nvrtcCreateProgram(&program, source.c_str(), "test.cu", 0, nullptr, nullptr) == NVRTC_SUCCESS);
  const char* options[] = {"-arch=sm_90", "-std=c++20"};
  const nvrtcResult result = nvrtcCompileProgram(program, 2, options);
  size_t size = 0;
  nvrtcGetProgramLogSize(program, &size);
  std::string log(size, 0);
  nvrtcGetProgramLog(program, log.data());
  if (result != NVRTC_SUCCESS) throw std::runtime_error(log);
  REQUIRE(nvrtcGetCUBINSize(program, &size) == NVRTC_SUCCESS);
  std::vector<char> image(size);
  REQUIRE(nvrtcGetCUBIN(program, image.data()) == NVRTC_SUCCESS);
  nvrtcDestroyProgram(&program);
  CUmodule module;
  CU(cuModuleLoadData(&module, image.data()));
  CUfunction function;
  CU(cuModuleGetFunction(&function, module, name.c_str()));
  return function;
}

template <class T>
T* allocate(size_t count) {
  CUdeviceptr address;
  CU(cuMemAllocFromPoolAsync(&address, count * sizeof(T), pool, stream));
  return reinterpret_cast<T*>(address);
}

template <class T>
T* upload(const std::vector<T>& values) {
  T* memory = allocate<T>(values.size());
  CU(cuMemcpyHtoDAsync(reinterpret_cast<CUdeviceptr>(memory), values.data(), values.size() * sizeof(T), stream));
  return memory;
}

template <class T>
std::vector<T> download(const T* memory, size_t count) {
  std::vector<T> values(count);
  CU(cuMemcpyDtoHAsync(values.data(), reinterpret_cast<CUdeviceptr>(memory), count * sizeof(T), stream));
  return values;
}

void launch(CUfunction function, unsigned blocks, unsigned threads, std::vector<void*> parameters,
            CUstream on = stream) {
  CU(cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, on, parameters.data(), nullptr));
}

std::vector<float> counting(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = float(i);
  return values;
}

const char* const kAdd = R"(
struct Args { const float* x; float* y; int n; float a; };
template <class T> __device__ void add(const Args& args) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < args.n; i += gridDim.x * blockDim.x) args.y[i] = args.x[i] + T(args.a);
}
extern "C" __global__ void __launch_bounds__(256) kernel(const __grid_constant__ Args args) { add<float>(args); }
)";

struct AddArgs {
  const float* x;
  float* y;
  int n;
  float a;
};

const std::map<std::string, std::function<void()>> tests = {
    {"computes",
     [] {
       const CUfunction add = compile(kAdd);
       AddArgs args{upload(counting(1000)), allocate<float>(1000), 1000, 2};
       launch(add, 3, 128, {&args});
       args.n = 0;  // Arguments are read at the launch.
       const auto y = download(args.y, 1000);
       for (size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == float(i) + 2);
     }},
    {"reduces with barriers and shuffles",
     [] {
       const CUfunction sum = compile(R"(
__device__ float blockSum(float value) {
  __shared__ float partial[32];
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffffu, value, offset);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0f;
  if (threadIdx.x < 32) for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}
extern "C" __global__ void kernel(const float* x, float* y, unsigned* votes) {
  const float total = blockSum(x[blockIdx.x * blockDim.x + threadIdx.x]);
  if (threadIdx.x == 0) y[blockIdx.x] = total, atomicAdd(votes, __popc(1u));
  const unsigned odd = __ballot_sync(0xffffffffu, threadIdx.x & 1);
  if (threadIdx.x == 0) atomicMax(&votes[1], odd);
})");
       float* x = upload(counting(512));
       float* y = allocate<float>(2);
       unsigned* votes = upload(std::vector<unsigned>{0, 0});
       launch(sum, 2, 256, {&x, &y, &votes});
       const auto sums = download(y, 2);
       REQUIRE(sums[0] == 255 * 128 && sums[1] == 255 * 128 + 256 * 256);
       REQUIRE(download(votes, 2)[1] == 0xaaaaaaaau && download(votes, 1)[0] == 2);
     }},
    {"replays a graph with the arguments of the recording",
     [] {
       const CUfunction add = compile(kAdd);
       AddArgs args{upload(counting(10)), allocate<float>(10), 10, 1};
       CU(cuStreamSynchronize(stream));
       CU(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
       launch(add, 1, 32, {&args});
       std::swap(args.x, const_cast<const float*&>(reinterpret_cast<const float* const&>(args.y)));
       args.x = nullptr;
       CUgraph graph;
       CU(cuStreamEndCapture(stream, &graph));
       CUgraphExec exec;
       CU(cuGraphInstantiateWithFlags(&exec, graph, 0));
       CU(cuGraphDestroy(graph));
       CU(cuGraphLaunch(exec, stream));
       CU(cuStreamSynchronize(stream));
       CU(cuGraphExecDestroy(exec));
     }},
    {"refuses to wait while capturing",
     [] {
       CU(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
       CUgraph graph;
       REQUIRE(cuStreamEndCapture(stream, &graph) == CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
       float* x = upload(counting(4));
       CU(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
       std::vector<float> host(4);
       REQUIRE(cuMemcpyDtoHAsync(host.data(), reinterpret_cast<CUdeviceptr>(x), 16, stream) ==
               CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
       CUdeviceptr address;
       REQUIRE(cuMemAllocFromPoolAsync(&address, 16, pool, stream) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
       REQUIRE(cuStreamEndCapture(stream, &graph) == CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
     }},
    {"joins a second stream to a capture",
     [] {
       CUstream side;
       CU(cuStreamCreate(&side, CU_STREAM_NON_BLOCKING));
       CUevent fork, join;
       CU(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING));
       CU(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING));
       const CUfunction add = compile(kAdd);
       float* x = upload(counting(8));
       float *y = allocate<float>(8), *z = allocate<float>(8);
       AddArgs first{x, y, 8, 1}, second{y, z, 8, 10};
       const auto capture = [&](bool joins) {
         CU(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
         launch(add, 1, 32, {&first});
         CU(cuEventRecord(fork, stream));
         CU(cuStreamWaitEvent(side, fork, 0));
         launch(add, 1, 32, {&second}, side);
         if (joins) CU(cuEventRecord(join, side));
         if (joins) CU(cuStreamWaitEvent(stream, join, 0));
       };
       CUgraph graph;
       capture(false);
       REQUIRE(cuStreamEndCapture(stream, &graph) == CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
       capture(true);
       CU(cuStreamEndCapture(stream, &graph));
       CUgraphExec exec;
       CU(cuGraphInstantiateWithFlags(&exec, graph, 0));
       CU(cuGraphLaunch(exec, stream));
       REQUIRE(download(z, 8)[3] == 14);
       CU(cuEventDestroy(fork));
       CU(cuEventDestroy(join));
       CU(cuStreamDestroy(side));
     }},
    {"does work as late as it may",
     [] {
       void* pinned;
       CU(cuMemAllocHost(&pinned, 16));
       auto* host = static_cast<float*>(pinned);
       float* x = upload(counting(4));
       CU(cuMemcpyDtoHAsync(host, reinterpret_cast<CUdeviceptr>(x), 16, stream));
       REQUIRE(host[2] != 2);
       CUevent event;
       CU(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
       CU(cuEventRecord(event, stream));
       REQUIRE(cuEventQuery(event) == CUDA_ERROR_NOT_READY);
       CU(cuEventSynchronize(event));
       REQUIRE(host[2] == 2);
       CU(cuMemFreeHost(pinned));
     }},
    {"runs out of memory",
     [] {
       CUdeviceptr address;
       REQUIRE(cuMemAllocFromPoolAsync(&address, size_t(1) << 40, pool, stream) == CUDA_ERROR_OUT_OF_MEMORY);
     }},
    {"refuses a launch beyond its bounds",
     [] {
       const CUfunction add = compile(kAdd);
       AddArgs args{};
       void* parameters[] = {&args};
       REQUIRE(cuLaunchKernel(add, 1, 1, 1, 512, 1, 1, 0, stream, parameters, nullptr) == CUDA_ERROR_INVALID_VALUE);
       REQUIRE(cuLaunchKernel(add, 0, 1, 1, 32, 1, 1, 0, stream, parameters, nullptr) == CUDA_ERROR_INVALID_VALUE);
     }},
};

/// What leaves the device unusable; each in a process of its own.
const std::map<std::string, std::function<void()>> failures = {
    {"a barrier that not all threads reach",
     [] {
       launch(compile(R"(extern "C" __global__ void kernel() { if (threadIdx.x < 5) __syncthreads(); })"), 1, 64, {});
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_LAUNCH_FAILED);
     }},
    {"a shuffle that not all lanes reach",
     [] {
       float* y = allocate<float>(1);
       launch(compile(R"(extern "C" __global__ void kernel(float* y) {
         if (threadIdx.x < 5) *y = __shfl_sync(0xffffffffu, 1.0f, 0); else __syncthreads(); })"),
              1, 64, {&y});
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_LAUNCH_FAILED);
     }},
    {"a write beyond an allocation",
     [] {
       float* y = allocate<float>(64);
       launch(compile(R"(extern "C" __global__ void kernel(float* y) { y[64] = 1; })"), 1, 1, {&y});
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
     }},
    {"a write a little beyond an allocation",
     [] {
       float* y = allocate<float>(60);
       launch(compile(R"(extern "C" __global__ void kernel(float* y) { y[60] = 1; })"), 1, 1, {&y});
       CU(cuStreamSynchronize(stream));
       CU(cuMemFreeAsync(reinterpret_cast<CUdeviceptr>(y), stream));
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
     }},
    {"use after free",
     [] {
       float* y = allocate<float>(64);
       CU(cuMemFreeAsync(reinterpret_cast<CUdeviceptr>(y), stream));
       launch(compile(R"(extern "C" __global__ void kernel(float* y) { y[0] = 1; __syncthreads(); })"), 1, 64, {&y});
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
     }},
    {"a misaligned load",
     [] {
       float* y = allocate<float>(64);
       launch(compile(R"(extern "C" __global__ void kernel(float* y) {
         *reinterpret_cast<float4*>(y + 1) = *reinterpret_cast<float4*>(y + 8); })"),
              1, 1, {&y});
       REQUIRE(cuStreamSynchronize(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
     }},
};

void open() {
  CU(cuInit(0));
  CUdevice device;
  CU(cuDeviceGet(&device, 0));
  CUcontext context;
  CU(cuDevicePrimaryCtxRetain(&context, device));
  CU(cuCtxSetCurrent(context));
  CU(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  CUmemPoolProps properties = {};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
  CU(cuMemPoolCreate(&pool, &properties));
}

bool run(const std::string& name, const std::function<void()>& test) {
  try {
    test();
    return true;
  } catch (const std::exception& exception) {
    std::printf("✗ %s: %s\n", name.c_str(), exception.what());
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  open();
  if (argc > 1) return run(argv[1], failures.at(argv[1])) ? 0 : 1;
  int passed = 0, failed = 0;
  for (const auto& [name, test] : tests) (run(name, test) ? passed : failed)++;
  for (const auto& [name, test] : failures)
    (std::system(("'" + std::string(argv[0]) + "' '" + name + "' 2>/dev/null").c_str()) == 0 ? passed : failed)++;
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

// The CPU backend: host memory, and programs as lists of kernels with their pointers.
#include "../backend.h"

#include <dnnl_version.h>
#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "../kernel.h"

namespace hornet {
namespace {

constexpr size_t kAlignment = 64;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using HostMemory = std::unique_ptr<std::byte, Free>;

HostMemory allocateHost(size_t bytes) {
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (!memory) throw Error("memory", "cannot allocate " + std::to_string(rounded) + " bytes");
  return HostMemory(static_cast<std::byte*>(memory));
}

class CpuExecutable : public Executable {
 public:
  explicit CpuExecutable(std::shared_ptr<const Program> program) : program_(std::move(program)) {
    size_t scratchBytes = 0;
    for (const Instruction& instruction : program_->instructions) {
      steps_.push_back(makeStep(instruction));
      scratchBytes = std::max(scratchBytes, steps_.back().kernel->scratchBytes());
    }
    arena_ = allocateHost(program_->arenaBytes);
    scratch_ = allocateHost(scratchBytes);
    constants_ = allocateHost(program_->constants.size());
    std::memcpy(constants_.get(), program_->constants.data(), program_->constants.size());
  }

  void run(std::span<void* const> parameters, std::span<void* const> results, int times) override {
    pointTo(parameters, results);
    for (; times > 0; --times) {
      for (Step& step : steps_) step.kernel->run(step.in, step.out, scratch_.get());
    }
  }

  std::vector<std::string> explain() const override {
    std::vector<std::string> lines;
    for (const Instruction& instruction : program_->instructions) lines.push_back(instruction.op + " (cpu)");
    return lines;
  }

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    std::vector<const void*> in;
    std::vector<void*> out;
  };

  Step makeStep(const Instruction& instruction) const {
    const auto specs = [&](const std::vector<uint32_t>& ids) {
      std::vector<TensorSpec> list;
      for (const uint32_t id : ids) list.push_back(program_->values[id].spec);
      return list;
    };
    const KernelArgs args{instruction.op, specs(instruction.inputs), specs(instruction.outputs), instruction.attrs};
    const KernelFactory factory = findKernel(instruction.op);
    if (!factory) throw Error(instruction.op, "the cpu backend has no kernel for this op");
    return {factory(args), std::vector<const void*>(args.inputs.size()), std::vector<void*>(args.outputs.size())};
  }

  /// Writes the addresses of all operands; most calls find them as they were.
  void pointTo(std::span<void* const> parameters, std::span<void* const> results) {
    const auto same = [](std::span<void* const> a, const std::vector<void*>& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end());
    };
    if (pointed_ && same(parameters, parameters_) && same(results, results_)) return;
    parameters_.assign(parameters.begin(), parameters.end());
    results_.assign(results.begin(), results.end());
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Instruction& instruction = program_->instructions[i];
      for (size_t k = 0; k < instruction.inputs.size(); ++k) steps_[i].in[k] = address(instruction.inputs[k]);
      for (size_t k = 0; k < instruction.outputs.size(); ++k) steps_[i].out[k] = address(instruction.outputs[k]);
    }
    pointed_ = true;
  }

  void* address(uint32_t id) const {
    const ProgramValue& value = program_->values[id];
    switch (value.storage) {
      case Storage::parameter:
        return parameters_[value.place];
      case Storage::result:
        return results_[value.place];
      case Storage::arena:
        return arena_.get() + value.place;
      default:
        return constants_.get() + value.place;
    }
  }

  std::shared_ptr<const Program> program_;
  std::vector<Step> steps_;
  HostMemory arena_, scratch_, constants_;
  std::vector<void*> parameters_, results_;
  bool pointed_ = false;
};

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(const BackendOptions& options) {
    const char* wanted = std::getenv("HORNET_NUM_THREADS");
    if (wanted && std::atoi(wanted) > 0) threads_ = std::atoi(wanted);
    if (options.threads > 0) threads_ = options.threads;
  }

  BackendInfo info() const override {
    const size_t memory = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE));
    const std::string version = std::to_string(DNNL_VERSION_MAJOR) + "." + std::to_string(DNNL_VERSION_MINOR);
    return {"cpu", "oneDNN " + version, HORNET_CPU_LEVEL, memory, threads_};
  }

  std::vector<std::string> kernels() const override {
    std::vector<std::string> names;
    for (const auto& [name, factory] : kernelRegistry()) names.push_back(name);
    return names;
  }

  void* allocate(size_t bytes) override {
    HostMemory memory = allocateHost(bytes);
    std::memset(memory.get(), 0, bytes);
    return memory.release();
  }
  void release(void* memory, size_t) noexcept override { std::free(memory); }
  void copyIn(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void copyOut(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void copy(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }

  std::unique_ptr<Executable> prepare(std::shared_ptr<const Program> program) override {
    // OpenMP keeps its thread count per thread: this one is the engine's.
    omp_set_num_threads(threads_);
    return std::make_unique<CpuExecutable>(std::move(program));
  }

 private:
  int threads_ = omp_get_num_procs();
};

}  // namespace
}  // namespace hornet

extern "C" __attribute__((visibility("default"))) hornet::Backend* hornetOpenBackend(
    int version, const hornet::BackendOptions& options) {
  return version == hornet::kBackendVersion ? new hornet::CpuBackend(options) : nullptr;
}

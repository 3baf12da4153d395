// Making the kernels of a program, finding the addresses of their operands, and running them.
#include "executable.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace hornet {
namespace {

/// Runs `body`; what it throws becomes an Error that names the op.
template <class F>
auto named(const std::string& op, F&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& exception) {
    throw Error(op, exception.what());
  }
}

}  // namespace

std::byte* Workspace::reserve(size_t bytes) {
  if (bytes > bytes_) {
    // Freed first, so that the old and the new one need not fit together.
    memory_.reset();
    use_.remove(std::exchange(bytes_, 0));
    memory_ = allocateHost(bytes);
    use_.add(bytes_ = bytes);
  }
  return memory_.get();
}

CpuExecutable::CpuExecutable(std::shared_ptr<const Program> program, std::shared_ptr<Workspace> workspace)
    : program_(std::move(program)), workspace_(std::move(workspace)) {
  size_t scratchBytes = 0;
  for (const Instruction& instruction : program_->instructions) {
    steps_.push_back(named(instruction.op, [&] { return makeStep(instruction); }));
    scratchBytes = std::max(scratchBytes, steps_.back().kernel->scratchBytes());
  }
  scratchOffset_ = (program_->arenaBytes + kHostAlignment - 1) / kHostAlignment * kHostAlignment;
  workspaceBytes_ = scratchOffset_ + scratchBytes;
  constants_ = allocateHost(program_->constants.size());
  std::copy_n(reinterpret_cast<const std::byte*>(program_->constants.data()), program_->constants.size(),
              constants_.get());
  if (std::getenv("HORNET_PROFILE")) nanoseconds_ = std::vector<std::atomic<int64_t>>(steps_.size());
}

void CpuExecutable::run(std::span<void* const> parameters, std::span<void* const> results) {
  using Clock = std::chrono::steady_clock;
  std::byte* arena = workspace_->reserve(workspaceBytes_);
  std::byte* scratch = arena + scratchOffset_;
  pointTo(arena, parameters, results);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto start = nanoseconds_.empty() ? Clock::time_point() : Clock::now();
    Step& step = steps_[i];
    named(program_->instructions[i].op, [&] { step.kernel->run(step.in, step.out, scratch); });
    if (!nanoseconds_.empty()) nanoseconds_[i] = std::chrono::nanoseconds(Clock::now() - start).count();
  }
}

std::vector<std::string> CpuExecutable::implementations() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < steps_.size(); ++i) {
    std::string name = steps_[i].kernel->implementation();
    if (!nanoseconds_.empty()) name += " " + std::to_string(nanoseconds_[i] / 1000) + " us";
    names.push_back(std::move(name));
  }
  return names;
}

CpuExecutable::Step CpuExecutable::makeStep(const Instruction& instruction) const {
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
void CpuExecutable::pointTo(std::byte* arena, std::span<void* const> parameters, std::span<void* const> results) {
  const auto same = [](std::span<void* const> a, const std::vector<void*>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  if (arena == arena_ && same(parameters, parameters_) && same(results, results_)) return;
  arena_ = arena;
  parameters_.assign(parameters.begin(), parameters.end());
  results_.assign(results.begin(), results.end());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto& [op, inputs, outputs, attrs] = program_->instructions[i];
    for (size_t k = 0; k < inputs.size(); ++k) steps_[i].in[k] = address(inputs[k]);
    for (size_t k = 0; k < outputs.size(); ++k) steps_[i].out[k] = address(outputs[k]);
  }
}

void* CpuExecutable::address(uint32_t id) const {
  const ProgramValue& value = program_->values[id];
  switch (value.storage) {
    case Storage::parameter:
      return parameters_[value.place];
    case Storage::result:
      return results_[value.place];
    case Storage::arena:
      return arena_ + value.place;
    case Storage::constant:
      return constants_.get() + value.place;
  }
  throw Error("program", "unknown storage");
}

}  // namespace hornet

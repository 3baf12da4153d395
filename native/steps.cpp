// Making the kernels of a program, finding the addresses of their operands, and running them.
#include "steps.h"

#include <algorithm>
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

Steps::Steps(std::shared_ptr<const Program> program, const std::string& backend, Device* device)
    : program_(std::move(program)) {
  for (size_t i = 0; i < program_->instructions.size(); ++i) {
    const Instruction& instruction = program_->instructions[i];
    Step step = named(instruction.op, [&] { return makeStep(instruction, backend, device); });
    step.instructions.push_back(i);
    scratchBytes_ = std::max(scratchBytes_, step.kernel->scratchBytes());
    if (!joinEarlier(step)) steps_.push_back(std::move(step));
  }
}

/// Lets an earlier step do this one's work, if nothing in between forbids it.
bool Steps::joinEarlier(Step& step) {
  constexpr size_t kLookBack = 16;
  const size_t self = step.instructions.front();
  for (size_t back = 0; back < kLookBack && back < steps_.size(); ++back) {
    Step& earlier = steps_[steps_.size() - 1 - back];
    // The ops that join are alike, and so are those between them that they may overtake.
    if (program_->instructions[earlier.instructions.front()].op != program_->instructions[self].op) return false;
    if (std::ranges::any_of(earlier.instructions, [&](size_t i) { return conflict(i, self); })) return false;
    if (!earlier.kernel->join(*step.kernel)) continue;
    earlier.instructions.push_back(self);
    earlier.in.resize(earlier.in.size() + step.in.size());
    earlier.out.resize(earlier.out.size() + step.out.size());
    return true;
  }
  return false;
}

/// Whether two instructions may not change places: one writes what the other reads or writes.
bool Steps::conflict(size_t earlier, size_t later) const {
  const Instruction &a = program_->instructions[earlier], &b = program_->instructions[later];
  const auto overlap = [&](uint32_t first, uint32_t second) {
    const ProgramValue &x = program_->values[first], &y = program_->values[second];
    if (x.storage != y.storage) return false;
    if (x.storage != Storage::arena) return x.place == y.place;
    return x.place < y.place + y.spec.bytes() && y.place < x.place + x.spec.bytes();
  };
  const auto anyOverlap = [&](const std::vector<uint32_t>& firsts, const std::vector<uint32_t>& seconds) {
    return std::ranges::any_of(
        firsts, [&](uint32_t x) { return std::ranges::any_of(seconds, [&](uint32_t y) { return overlap(x, y); }); });
  };
  return anyOverlap(a.outputs, b.inputs) || anyOverlap(a.inputs, b.outputs) || anyOverlap(a.outputs, b.outputs);
}

Steps::Step Steps::makeStep(const Instruction& instruction, const std::string& backend, Device* device) const {
  const auto specs = [&](const std::vector<uint32_t>& ids) {
    std::vector<TensorSpec> list;
    for (const uint32_t id : ids) list.push_back(program_->values[id].spec);
    return list;
  };
  const bool writesState = std::ranges::any_of(
      instruction.outputs, [&](uint32_t id) { return program_->values[id].storage == Storage::parameter; });
  const KernelArgs args{
      instruction.op, specs(instruction.inputs), specs(instruction.outputs), instruction.attrs, device, writesState};
  const KernelFactory factory = findKernel(instruction.op);
  if (!factory) throw Error(instruction.op, "the " + backend + " backend has no kernel for this op");
  return {factory(args), {}, std::vector<const void*>(args.inputs.size()), std::vector<void*>(args.outputs.size())};
}

void Steps::pointTo(std::byte* arena, std::byte* constants, std::span<void* const> parameters,
                    std::span<void* const> results) {
  const auto same = [](std::span<void* const> a, const std::vector<void*>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  if (arena == arena_ && constants == constants_ && same(parameters, parameters_) && same(results, results_)) return;
  arena_ = arena;
  constants_ = constants;
  parameters_.assign(parameters.begin(), parameters.end());
  results_.assign(results.begin(), results.end());
  for (Step& step : steps_) {
    size_t in = 0, out = 0;
    for (const size_t i : step.instructions) {
      for (const uint32_t id : program_->instructions[i].inputs) step.in[in++] = address(id);
      for (const uint32_t id : program_->instructions[i].outputs) step.out[out++] = address(id);
    }
  }
}

bool Steps::readsNumbers() const {
  return std::ranges::any_of(steps_, [](const Step& step) { return step.kernel->readsNumbers(); });
}

void Steps::run(size_t i, void* scratch) {
  Step& step = steps_[i];
  named(program_->instructions[step.instructions.front()].op, [&] { step.kernel->run(step.in, step.out, scratch); });
}

std::vector<std::string> Steps::implementations(const std::vector<std::string>& notes) const {
  std::vector<std::string> names(program_->instructions.size());
  for (size_t s = 0; s < steps_.size(); ++s) {
    const auto& instructions = steps_[s].instructions;
    names[instructions.front()] = steps_[s].kernel->implementation();
    if (instructions.size() > 1) names[instructions.front()] += " x " + std::to_string(instructions.size());
    for (const size_t i : instructions) {
      if (i != instructions.front()) names[i] = "with instruction " + std::to_string(instructions.front());
    }
    if (!notes.empty()) names[instructions.front()] += notes[s];
  }
  return names;
}

void* Steps::address(uint32_t id) const {
  const ProgramValue& value = program_->values[id];
  switch (value.storage) {
    case Storage::parameter:
      return parameters_[value.place];
    case Storage::result:
      return results_[value.place];
    case Storage::arena:
      return arena_ + value.place;
    case Storage::constant:
      return constants_ + value.place;
  }
  throw Error("program", "unknown storage");
}

}  // namespace hornet

// Running a program's kernels on the CPU.
#include "executable.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace hornet {

std::byte* Workspace::reserve(size_t bytes) {
  if (bytes > bytes_) {
    // Freed first, so that the old and the new one need not fit together.
    pool_.release(std::move(memory_), std::exchange(bytes_, 0));
    memory_ = pool_.allocate(bytes);
    bytes_ = bytes;
  }
  return memory_.get();
}

CpuExecutable::CpuExecutable(std::shared_ptr<const Program> program, std::shared_ptr<Workspace> workspace)
    : steps_(program, "cpu", nullptr),
      workspace_(std::move(workspace)),
      constants_(allocateHost(program->constants.size())),
      scratchOffset_((program->arenaBytes + kHostAlignment - 1) / kHostAlignment * kHostAlignment),
      workspaceBytes_(scratchOffset_ + steps_.scratchBytes()) {
  std::copy_n(reinterpret_cast<const std::byte*>(program->constants.data()), program->constants.size(),
              constants_.get());
  if (std::getenv("HORNET_PROFILE")) nanoseconds_ = std::vector<std::atomic<int64_t>>(steps_.count());
}

void CpuExecutable::run(std::span<void* const> parameters, std::span<void* const> results) {
  using Clock = std::chrono::steady_clock;
  std::byte* arena = workspace_->reserve(workspaceBytes_);
  std::byte* scratch = arena + scratchOffset_;
  steps_.pointTo(arena, constants_.get(), parameters, results);
  for (size_t i = 0; i < steps_.count(); ++i) {
    const auto start = nanoseconds_.empty() ? Clock::time_point() : Clock::now();
    steps_.run(i, scratch);
    if (!nanoseconds_.empty()) nanoseconds_[i] = std::chrono::nanoseconds(Clock::now() - start).count();
  }
}

std::vector<std::string> CpuExecutable::implementations() const {
  std::vector<std::string> times;
  for (const auto& time : nanoseconds_) times.push_back(" " + std::to_string(time / 1000) + " us");
  return steps_.implementations(times);
}

}  // namespace hornet

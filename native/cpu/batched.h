// A kernel of an algorithm of batch.h: the problems are shared out among the threads.
#pragma once

#include <omp.h>

#include <memory>
#include <string>

#include "../batch_plan.h"
#include "parallel.h"

namespace hornet {

template <class Algorithm>
class Batched : public Kernel {
 public:
  explicit Batched(const KernelArgs& args)
      : op_(args.op),
        batch_(planBatch<Algorithm>(args)),
        teams_(std::min<int64_t>(batch_.count, omp_get_max_threads())) {}

  size_t scratchBytes() const override { return size_t(teams_ * batch_.scratchEach) * sizeof(double); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    setOperands(batch_, in, out, scratch);
    parallelFor(batch_.count, 1, [&](int64_t begin, int64_t end) {
      const int64_t team = teams_ > 1 ? omp_get_thread_num() : 0;
      try {
        Algorithm::prepare(Solo(), batch_.at(begin, team));
        for (int64_t i = begin; i < end; i++) Algorithm::solve(Solo(), batch_.at(i, team));
      } catch (const Solo::Fault& fault) {
        throw Error(op_, Algorithm::kFault + std::to_string(fault.value));
      }
    });
  }

 private:
  std::string op_;
  Batch batch_;
  int64_t teams_;
};

template <class Algorithm>
std::unique_ptr<Kernel> makeBatched(const KernelArgs& args) {
  return std::make_unique<Batched<Algorithm>>(args);
}

}  // namespace hornet

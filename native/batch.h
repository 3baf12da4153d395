// A batch of independent problems, each solved by one team: what the host tells about it, and one problem of it.
#pragma once

#include "team.h"

namespace hornet {

/// Memory and sizes of one problem. `m` and `n` are the last two dimensions of its first input.
struct Problem {
  static constexpr int kOperands = 4, kOptions = 3;

  const char* inputs[kOperands];
  char* outputs[kOperands];
  /// Elements of each operand.
  int64_t inputSizes[kOperands], outputSizes[kOperands];
  int64_t m, n;
  int64_t options[kOptions];
  double* scratch;

  template <class T>
  HORNET_DEVICE_FN const T* in(int i) const {
    return reinterpret_cast<const T*>(inputs[i]);
  }
  template <class T>
  HORNET_DEVICE_FN T* out(int i) const {
    return reinterpret_cast<T*>(outputs[i]);
  }
};

/// The first problem, and how far apart they are.
struct Batch {
  Problem first;
  int64_t count;
  int64_t inputBytes[Problem::kOperands], outputBytes[Problem::kOperands];
  int64_t scratchEach;

  /// Problem i, with the scratch memory of team `team`.
  HORNET_DEVICE_FN Problem at(int64_t i, int64_t team) const {
    Problem problem = first;
    for (int k = 0; k < Problem::kOperands; k++) {
      problem.inputs[k] += i * inputBytes[k];
      problem.outputs[k] += i * outputBytes[k];
    }
    problem.scratch += team * scratchEach;
    return problem;
  }
};

/// What the host asks of an algorithm, which is a struct with a function
///     template <class Team> HORNET_TEAM_FN void solve(const Team&, const Problem&)
/// and a kName, by which the device's compiler knows it. What it leaves away it has from here.
struct Algorithm {
  /// What its inputs and outputs hold, but for int32.
  using Operand = double;
  /// Dimensions of one problem's first input; those before them are the batch.
  static constexpr int kRank = 2;
  /// Attributes of the op, integers, which become `options`.
  static constexpr const char* kAttributes[Problem::kOptions] = {};
  /// Where it may call `team.fault(value)`: what an error says before that value.
  static constexpr const char* kFault = nullptr;
  /// Doubles that a team needs for itself.
  HORNET_DEVICE_FN static int64_t scratch(const Problem&) { return 0; }
  /// Called once before a team's first problem; what it leaves in scratch memory is there for all.
  template <class Team>
  HORNET_TEAM_FN void prepare(const Team&, const Problem&) {}
};

}  // namespace hornet

// Who works on one problem of a batch: one thread of the CPU by itself, or a block of the GPU (cuda/block_team.h). What
// is a function of a team is written once for both. A team's threads form groups of lanes, and all of them call all
// methods.
#pragma once

#include "device_fn.h"

// A function of a team; and what lets a loop over lanes run in vectors: the order of a sum is free within a team.
#if defined(__CUDACC__) || defined(HORNET_DEVICE_CODE)
#define HORNET_TEAM_FN static __device__
#else
#define HORNET_TEAM_FN static inline
#endif
#ifdef _OPENMP
#define HORNET_PRAGMA(text) _Pragma(#text)
#define HORNET_SIMD HORNET_PRAGMA(omp simd)
#define HORNET_SIMD_SUM(sum) HORNET_PRAGMA(omp simd reduction(+ : sum))
#else
#define HORNET_SIMD
#define HORNET_SIMD_SUM(sum)
#endif

namespace hornet {

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

/// A team of one, and what every team has.
struct Solo {
  /// Thrown by `fault`; the kernel makes an Error of it.
  struct Fault {
    int64_t value;
  };

  constexpr int64_t thread() const { return 0; }
  constexpr int64_t threads() const { return 1; }
  constexpr int64_t group() const { return 0; }
  constexpr int64_t groups() const { return 1; }
  constexpr int64_t lane() const { return 0; }
  constexpr int64_t lanes() const { return 1; }
  /// Waits until all threads of the team, or of the group, are here and sees what they wrote.
  void sync() const {}
  void groupSync() const {}
  /// The sum over the team, or over the group, in all of its threads.
  double sum(double value) const { return value; }
  double groupSum(double value) const { return value; }
  /// Of the values that the threads have found the index of the largest; the first of equals.
  int64_t argmax(double /*value*/, int64_t index) const { return index; }
  /// Reports that the problem has no solution.
  [[noreturn]] void fault(int64_t value) const { throw Fault{value}; }
};

#endif

/// The index of the number of the largest size; 0 where there is none, or NaN only.
template <class Team>
HORNET_TEAM_FN int64_t largestAt(const Team& team, const double* x, int64_t count, int64_t stride = 1) {
  double largest = -1;
  int64_t index = 0;
  for (int64_t i = team.thread(); i < count; i += team.threads()) {
    const double value = x[i * stride], size = value < 0 ? -value : value;
    if (size > largest) {
      largest = size;
      index = i;
    }
  }
  return team.argmax(largest, index);
}

}  // namespace hornet

// Triangular factors of a matrix and systems with them: cholesky, lu, triangular_solve. All in double, row by row.
#pragma once

#include <cmath>

#include "batch.h"

namespace hornet {

/// a [n, n], of which the lower triangle is read = l l'.
struct Cholesky : Algorithm {
  static constexpr const char* kName = "Cholesky";
  static constexpr const char* kFault = "expected a positive definite matrix, which this is not at row ";

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t n = problem.n;
    const double* a = problem.in<double>(0);
    double* l = problem.out<double>(0);
    for (int64_t j = 0; j < n; j++) {
      const double* pivotRow = l + j * n;
      for (int64_t i = j + team.group(); i < n; i += team.groups()) {
        double* row = l + i * n;
        double sum = 0;
        HORNET_SIMD_SUM(sum)
        for (int64_t k = team.lane(); k < j; k += team.lanes()) sum += row[k] * pivotRow[k];
        sum = team.groupSum(sum);
        if (team.lane() == 0) row[j] = a[i * n + j] - sum;
      }
      team.sync();
      const double pivot = pivotRow[j], root = std::sqrt(pivot);
      if (!(pivot > 0)) team.fault(j);
      team.sync();
      for (int64_t i = team.thread(); i < n; i += team.threads()) {
        l[i * n + j] = i < j ? 0.0 : i == j ? root : l[i * n + j] / root;
      }
      team.sync();
    }
  }
};

/// x [m, n] with its rows in another order = l u: both in one matrix, without the ones on l's diagonal. Outputs: lu,
/// the row that each row changed places with, in order, and the order that came of it.
struct Lu : Algorithm {
  static constexpr const char* kName = "Lu";

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t m = problem.m, n = problem.n, steps = m < n ? m : n;
    const double* x = problem.in<double>(0);
    double* lu = problem.out<double>(0);
    int32_t *pivots = problem.out<int32_t>(1), *order = problem.out<int32_t>(2);
    for (int64_t i = team.thread(); i < m * n; i += team.threads()) lu[i] = x[i];
    for (int64_t i = team.thread(); i < m; i += team.threads()) order[i] = int32_t(i);
    team.sync();
    for (int64_t j = 0; j < steps; j++) {
      const int64_t chosen = j + largestAt(team, lu + j * n + j, m - j, n);
      double *top = lu + j * n, *other = lu + chosen * n;
      for (int64_t c = team.thread(); chosen != j && c < n; c += team.threads()) {
        const double value = top[c];
        top[c] = other[c];
        other[c] = value;
      }
      if (team.thread() == 0) {
        pivots[j] = int32_t(chosen);
        const int32_t row = order[j];
        order[j] = order[chosen];
        order[chosen] = row;
      }
      team.sync();
      const double pivot = top[j];
      for (int64_t i = j + 1 + team.group(); i < m; i += team.groups()) {
        double* row = lu + i * n;
        const double factor = pivot == 0 ? 0.0 : row[j] / pivot;
        team.groupSync();
        if (team.lane() == 0) row[j] = factor;
        HORNET_SIMD
        for (int64_t c = j + 1 + team.lane(); c < n; c += team.lanes()) row[c] -= factor * top[c];
      }
      team.sync();
    }
  }
};

/// Solves op(a) x = b for every row b of [k, n]; op transposes or not. Only the triangle of a that is meant is read,
/// with `unit` not even its diagonal, which is then taken for ones.
struct TriangularSolve : Algorithm {
  static constexpr const char* kName = "TriangularSolve";
  static constexpr const char* kAttributes[3] = {"lower", "transpose", "unit"};

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t n = problem.n, count = n == 0 ? 0 : problem.inputSizes[1] / n;
    for (int64_t r = team.group(); r < count; r += team.groups()) {
      solveRow(team, problem, problem.in<double>(1) + r * n, problem.out<double>(0) + r * n);
    }
  }

 private:
  template <class Team>
  HORNET_TEAM_FN void solveRow(const Team& team, const Problem& problem, const double* b, double* x) {
    const bool lower = problem.options[0] != 0, transpose = problem.options[1] != 0, unit = problem.options[2] != 0;
    const int64_t n = problem.n;
    const bool forward = lower != transpose;
    for (int64_t i = team.lane(); i < n; i += team.lanes()) x[i] = b[i];
    team.groupSync();
    for (int64_t step = 0; step < n; step++) {
      const int64_t i = forward ? step : n - 1 - step;
      const double* row = problem.in<double>(0) + i * n;
      // Without transposition a row holds what the known numbers count for here, else what this one counts for
      // elsewhere.
      const int64_t begin = lower ? 0 : i + 1, end = lower ? i : n;
      double sum = 0;
      if (!transpose) {
        HORNET_SIMD_SUM(sum)
        for (int64_t j = begin + team.lane(); j < end; j += team.lanes()) sum += row[j] * x[j];
        sum = team.groupSum(sum);
      }
      const double value = (x[i] - sum) / (unit ? 1.0 : row[i]);
      team.groupSync();
      if (team.lane() == 0) x[i] = value;
      if (transpose) {
        HORNET_SIMD
        for (int64_t j = begin + team.lane(); j < end; j += team.lanes()) x[j] -= row[j] * value;
      }
      team.groupSync();
    }
  }
};

}  // namespace hornet

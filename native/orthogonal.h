// Orthogonal factors of a matrix: qr by Householder reflections, svd by Jacobi rotations. All in double.
#pragma once

#include <cmath>

#include "batch.h"

namespace hornet {

/// sum of x[i] * y[i], in all lanes of the group.
template <class Team>
HORNET_TEAM_FN double groupDot(const Team& team, const double* x, const double* y, int64_t count) {
  double sum = 0;
  HORNET_SIMD_SUM(sum)
  for (int64_t i = team.lane(); i < count; i += team.lanes()) sum += x[i] * y[i];
  return team.groupSum(sum);
}

/// x [m, n] = q [m, p] r [p, n]; p is m for a whole base, else min(m, n). Signs are those of LAPACK.
struct Qr : Algorithm {
  static constexpr const char* kName = "Qr";

  /// Columns of what becomes r and reflectors, columns of q, scales of the reflections.
  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) {
    return problem.n * problem.m + problem.outputSizes[0] + problem.n;
  }

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t m = problem.m, n = problem.n, steps = m < n ? m : n, p = m == 0 ? 0 : problem.outputSizes[0] / m;
    const double* x = problem.in<double>(0);
    double *columns = problem.scratch, *base = columns + n * m, *scales = base + p * m;
    double *q = problem.out<double>(0), *r = problem.out<double>(1);
    for (int64_t i = team.group(); i < m; i += team.groups()) {
      for (int64_t c = team.lane(); c < n; c += team.lanes()) columns[c * m + i] = x[i * n + c];
    }
    for (int64_t i = team.thread(); i < p * m; i += team.threads()) base[i] = i / m == i % m ? 1.0 : 0.0;
    team.sync();
    for (int64_t j = 0; j < steps; j++) {
      double* v = columns + j * m;
      const double diagonal = makeReflector(team, v + j, m - j, scales + j);
      if (team.thread() == 0) r[j * n + j] = diagonal;
      reflect(team, v + j, scales[j], columns + j, m, j + 1, n, m - j);
      team.sync();
    }
    for (int64_t i = team.group(); i < p; i += team.groups()) {
      for (int64_t c = team.lane(); c < n; c += team.lanes()) {
        if (i != c) r[i * n + c] = i > c ? 0.0 : columns[c * m + i];
      }
    }
    for (int64_t j = steps; j-- > 0;) {
      reflect(team, columns + j * m + j, scales[j], base + j, m, j, p, m - j);
      team.sync();
    }
    for (int64_t i = team.group(); i < m; i += team.groups()) {
      for (int64_t c = team.lane(); c < p; c += team.lanes()) q[i * p + c] = base[c * m + i];
    }
  }

 private:
  /// Makes v of a column such that reflecting by it zeroes all of the column but the first number, which is returned.
  template <class Team>
  HORNET_TEAM_FN double makeReflector(const Team& team, double* v, int64_t count, double* scale) {
    const double first = v[0], below = norm(team, v + 1, count - 1);
    const double diagonal = below == 0 ? first : -std::copysign(std::hypot(first, below), first);
    team.sync();
    for (int64_t i = 1 + team.thread(); i < count; i += team.threads())
      v[i] = below == 0 ? 0.0 : v[i] / (first - diagonal);
    if (team.thread() == 0) {
      v[0] = 1;
      *scale = below == 0 ? 0.0 : (diagonal - first) / diagonal;
    }
    team.sync();
    return diagonal;
  }

  /// The norm without overflow on the way.
  template <class Team>
  HORNET_TEAM_FN double norm(const Team& team, const double* x, int64_t count) {
    const double largest = count > 0 ? std::fabs(x[largestAt(team, x, count)]) : 0.0;
    if (largest == 0) return 0;
    double sum = 0;
    for (int64_t i = team.thread(); i < count; i += team.threads()) sum += (x[i] / largest) * (x[i] / largest);
    return largest * std::sqrt(team.sum(sum));
  }

  /// Reflects columns [begin, end), `stride` apart: each minus scale * (v . column) * v.
  template <class Team>
  HORNET_TEAM_FN void reflect(const Team& team, const double* v, double scale, double* columns, int64_t stride,
                              int64_t begin, int64_t end, int64_t count) {
    if (scale == 0) return;
    for (int64_t c = begin + team.group(); c < end; c += team.groups()) {
      double* column = columns + c * stride;
      const double factor = scale * groupDot(team, v, column, count);
      HORNET_SIMD
      for (int64_t i = team.lane(); i < count; i += team.lanes()) column[i] -= factor * v[i];
    }
  }
};

/// x [m, n], m <= n, = u [m, m] diag(s) vt [m, n], s descending. Pairs of rows are rotated until all are orthogonal;
/// every small value of s is as exact as the rows allow.
struct Svd : Algorithm {
  static constexpr const char* kName = "Svd";
  static constexpr int kSweeps = 40;

  /// The rows, the rotations, lengths and ranks of the rows, a vector.
  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) {
    return problem.m * problem.n + problem.m * problem.m + 2 * problem.m + problem.n;
  }

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const int64_t m = problem.m, n = problem.n;
    const double* x = problem.in<double>(0);
    double *rows = problem.scratch, *turns = rows + m * n, *lengths = turns + m * m, *ranks = lengths + m;
    double *u = problem.out<double>(0), *s = problem.out<double>(1), *vt = problem.out<double>(2);
    const double scale = m * n > 0 ? std::fabs(x[largestAt(team, x, m * n)]) : 0.0;
    const double unit = scale > 0 && scale <= 1.7e308 ? scale : 1.0;
    for (int64_t i = team.thread(); i < m * n; i += team.threads()) rows[i] = x[i] / unit;
    for (int64_t i = team.thread(); i < m * m; i += team.threads()) turns[i] = i / m == i % m ? 1.0 : 0.0;
    team.sync();
    orthogonalize(team, rows, turns, m, n);
    for (int64_t i = team.group(); i < m; i += team.groups()) {
      const double length = std::sqrt(groupDot(team, rows + i * n, rows + i * n, n));
      if (team.lane() == 0) lengths[i] = length;
    }
    team.sync();
    rank(team, lengths, ranks, m);
    for (int64_t i = team.group(); i < m; i += team.groups()) {
      const int64_t to = int64_t(ranks[i]);
      if (team.lane() == 0) s[to] = lengths[i] * unit;
      for (int64_t c = team.lane(); c < n; c += team.lanes()) vt[to * n + c] = rows[i * n + c] / lengths[i];
      for (int64_t c = team.lane(); c < m; c += team.lanes()) u[c * m + to] = turns[i * m + c];
    }
    team.sync();
    int64_t known = m;
    while (known > 0 && s[known - 1] == 0) known--;
    for (; known < m; known++) complete(team, vt, known, n, ranks + m);
  }

 private:
  /// Sweeps over all pairs of rows, as many at a time as do not share a row, until nothing turns any more.
  template <class Team>
  HORNET_TEAM_FN void orthogonalize(const Team& team, double* rows, double* turns, int64_t m, int64_t n) {
    const int64_t players = m + m % 2, rounds = players - 1;
    const double tolerance = 2.2e-16 * std::sqrt(double(n));
    for (int sweep = 0; sweep < kSweeps; sweep++) {
      double turned = 0;
      for (int64_t round = 0; round < rounds; round++) {
        for (int64_t pair = team.group(); pair < players / 2; pair += team.groups()) {
          // A tournament: the last one stays, the others go round.
          const int64_t i = pair == 0 ? round : (round + pair) % rounds;
          const int64_t j = pair == 0 ? rounds : (round - pair + rounds) % rounds;
          if (j < m && i < m && rotate(team, rows, turns, i, j, m, n, tolerance)) turned = 1;
        }
        team.sync();
      }
      if (team.sum(turned) == 0) return;
    }
  }

  /// Turns two rows to a right angle, and what turned them before along with them. False where they stand at one.
  template <class Team>
  HORNET_TEAM_FN bool rotate(const Team& team, double* rows, double* turns, int64_t i, int64_t j, int64_t m, int64_t n,
                             double tolerance) {
    double *a = rows + i * n, *b = rows + j * n;
    const double aa = groupDot(team, a, a, n), bb = groupDot(team, b, b, n), ab = groupDot(team, a, b, n);
    if (!(std::fabs(ab) > tolerance * std::sqrt(aa * bb)) || aa * bb == 0) return false;
    const double zeta = (bb - aa) / (2 * ab);
    const double t = std::copysign(1.0, zeta) / (std::fabs(zeta) + std::hypot(1.0, zeta));
    const double cosine = 1 / std::hypot(1.0, t), sine = cosine * t;
    turn(team, a, b, n, cosine, sine);
    turn(team, turns + i * m, turns + j * m, m, cosine, sine);
    team.groupSync();
    return true;
  }

  template <class Team>
  HORNET_TEAM_FN void turn(const Team& team, double* a, double* b, int64_t count, double cosine, double sine) {
    HORNET_SIMD
    for (int64_t i = team.lane(); i < count; i += team.lanes()) {
      const double first = a[i], second = b[i];
      a[i] = cosine * first - sine * second;
      b[i] = sine * first + cosine * second;
    }
  }

  /// The place of every length in descending order; NaN first.
  template <class Team>
  HORNET_TEAM_FN void rank(const Team& team, const double* lengths, double* ranks, int64_t m) {
    for (int64_t i = team.thread(); i < m; i += team.threads()) {
      int64_t before = 0;
      for (int64_t j = 0; j < m; j++) before += goesBefore(lengths[j], lengths[i], j < i) ? 1 : 0;
      ranks[i] = double(before);
    }
    team.sync();
  }

  HORNET_DEVICE_FN static bool goesBefore(double a, double b, bool isEarlier) {
    const bool aIsNan = a != a, bIsNan = b != b;
    if (aIsNan || bIsNan) return aIsNan && (!bIsNan || isEarlier);
    return a > b || (a == b && isEarlier);
  }

  /// Makes row `known` of vt a unit vector at right angles to those before: the axis that they cover least, without
  /// them.
  template <class Team>
  HORNET_TEAM_FN void complete(const Team& team, double* vt, int64_t known, int64_t n, double* uncovered) {
    for (int64_t i = team.thread(); i < n; i += team.threads()) {
      double covered = 0;
      for (int64_t r = 0; r < known; r++) covered += vt[r * n + i] * vt[r * n + i];
      uncovered[i] = 2 - covered;
    }
    team.sync();
    const int64_t axis = largestAt(team, uncovered, n);
    double* row = vt + known * n;
    for (int64_t i = team.thread(); i < n; i += team.threads()) row[i] = i == axis ? 1.0 : 0.0;
    team.sync();
    for (int64_t r = 0; r < 2 * known; r++) {  // twice: the first time leaves rounding errors
      const double* other = vt + r % known * n;
      double sum = 0;
      for (int64_t i = team.thread(); i < n; i += team.threads()) sum += row[i] * other[i];
      sum = team.sum(sum);
      for (int64_t i = team.thread(); i < n; i += team.threads()) row[i] -= sum * other[i];
    }
    double square = 0;
    for (int64_t i = team.thread(); i < n; i += team.threads()) square += row[i] * row[i];
    const double length = std::sqrt(team.sum(square));
    for (int64_t i = team.thread(); i < n; i += team.threads()) row[i] /= length;
    team.sync();
  }
};

}  // namespace hornet

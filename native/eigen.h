// eig: eigenvalues and eigenvectors of a matrix without symmetry. In complex double: to Hessenberg form by reflections,
// to a triangle by QR steps with shifts, eigenvectors by substitution. One thread does it all.
#pragma once

#include "batch.h"
#include "complex.h"

namespace hornet {

/// x [n, n]. Outputs: real and imaginary parts of the eigenvalues [n], and of the eigenvectors as columns [n, n], each
/// of length 1 and with a real largest number. What is no more than rounding errors in an imaginary part is taken for
/// nothing.
struct Eig : Algorithm {
  static constexpr const char* kName = "Eig";
  using Number = Complex<double>;

  /// The matrix, what it was multiplied by, and two vectors.
  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) { return (2 * problem.n + 2) * problem.n * 2; }

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    if (team.thread() == 0) Work(problem).run(problem);
  }

 private:
  static constexpr double kEpsilon = 2.220446049250313e-16;
  static constexpr int kStepsPerValue = 60;

  class Work {
   public:
    HORNET_DEVICE_FN explicit Work(const Problem& problem)
        : n_(problem.n),
          h_(reinterpret_cast<Number*>(problem.scratch)),
          z_(h_ + n_ * n_),
          vector_(z_ + n_ * n_),
          cosines_(vector_ + n_) {}

    HORNET_DEVICE_FN void run(const Problem& problem) {
      const double* x = problem.in<double>(0);
      norm_ = 0;
      for (int64_t i = 0; i < n_ * n_; i++) {
        h_[i] = {x[i], 0};
        z_[i] = {i / n_ == i % n_ ? 1.0 : 0.0, 0};
        norm_ += x[i] * x[i];
      }
      norm_ = std::sqrt(norm_);
      makeHessenberg();
      makeTriangle();
      for (int64_t k = 0; k < n_; k++) writePair(problem, k);
    }

   private:
    HORNET_DEVICE_FN Number& h(int64_t i, int64_t j) const { return h_[i * n_ + j]; }
    HORNET_DEVICE_FN Number& z(int64_t i, int64_t j) const { return z_[i * n_ + j]; }

    /// Reflections that zero what is two or more below the diagonal. The matrix is real still.
    HORNET_DEVICE_FN void makeHessenberg() {
      for (int64_t k = 0; k + 2 < n_; k++) {
        double below = 0;
        for (int64_t i = k + 2; i < n_; i++) below = std::hypot(below, h(i, k).re);
        if (below == 0) continue;
        const double first = h(k + 1, k).re, length = std::hypot(first, below);
        double square = below * below;
        for (int64_t i = k + 1; i < n_; i++) vector_[i] = h(i, k);
        vector_[k + 1].re += std::copysign(length, first);
        square += vector_[k + 1].re * vector_[k + 1].re;
        const double scale = 2 / square;
        for (int64_t j = k; j < n_; j++) {
          double sum = 0;
          for (int64_t i = k + 1; i < n_; i++) sum += vector_[i].re * h(i, j).re;
          for (int64_t i = k + 1; i < n_; i++) h(i, j).re -= scale * sum * vector_[i].re;
        }
        reflectRows(h_, k + 1, scale);
        reflectRows(z_, k + 1, scale);
        for (int64_t i = k + 2; i < n_; i++) h(i, k) = {0, 0};
      }
    }

    /// All rows from `first` on minus scale * (row . vector) * vector.
    HORNET_DEVICE_FN void reflectRows(Number* matrix, int64_t first, double scale) const {
      for (int64_t i = 0; i < n_; i++) {
        Number* row = matrix + i * n_;
        double sum = 0;
        for (int64_t j = first; j < n_; j++) sum += vector_[j].re * row[j].re;
        for (int64_t j = first; j < n_; j++) row[j].re -= scale * sum * vector_[j].re;
      }
    }

    /// QR steps on the last block that is not a triangle yet, until none is left.
    HORNET_DEVICE_FN void makeTriangle() {
      int64_t last = n_ - 1;
      for (int64_t step = 1; last > 0; step++) {
        const int64_t first = blockStart(last);
        if (first == last || step > kStepsPerValue) {
          last--;
          step = 0;
          continue;
        }
        // Now and then another shift, in case the usual one runs in circles.
        const Number shift = step % 10 == 0 ? Number{h(last, last).re + h(last, last - 1).size(), 0} : shiftOf(last);
        qrStep(first, last, shift);
      }
    }

    /// Where the block begins that ends with row `last`: below it the diagonal is followed by nothing.
    HORNET_DEVICE_FN int64_t blockStart(int64_t last) const {
      for (int64_t i = last; i > 0; i--) {
        double scale = h(i, i).size() + h(i - 1, i - 1).size();
        if (scale == 0) scale = norm_;
        if (h(i, i - 1).size() > kEpsilon * scale) continue;
        h(i, i - 1) = {0, 0};
        return i;
      }
      return 0;
    }

    /// Wilkinson's shift: the eigenvalue of the last 2 x 2 block that is nearer to its last number.
    HORNET_DEVICE_FN Number shiftOf(int64_t k) const {
      const Number a = h(k - 1, k - 1), d = h(k, k), half = (a - d) * 0.5;
      const Number product = h(k - 1, k) * h(k, k - 1), root = (half * half + product).root();
      const bool isAlong = half.re * root.re + half.im * root.im >= 0;
      const Number sum = isAlong ? half + root : half - root;
      return sum.size() == 0 ? d : d - product / sum;
    }

    HORNET_DEVICE_FN void qrStep(int64_t first, int64_t last, Number shift) {
      for (int64_t i = first; i <= last; i++) h(i, i) = h(i, i) - shift;
      for (int64_t i = first; i < last; i++) {
        const Number a = h(i, i), b = h(i + 1, i);
        const double length = std::hypot(a.size(), b.size());
        const Number c = length == 0 ? Number{1, 0} : a * (1 / length),
                     s = length == 0 ? Number{0, 0} : b * (1 / length);
        vector_[i] = s;
        cosines_[i] = c;
        for (int64_t j = i; j < n_; j++) {
          const Number top = h(i, j), low = h(i + 1, j);
          h(i, j) = c.conjugate() * top + s.conjugate() * low;
          h(i + 1, j) = c * low - s * top;
        }
      }
      for (int64_t i = first; i < last; i++) {
        const Number c = cosines_[i], s = vector_[i];
        turnColumns(h_, i, (i + 2 < last ? i + 2 : last) + 1, c, s);
        turnColumns(z_, i, n_, c, s);
      }
      for (int64_t i = first; i <= last; i++) h(i, i) = h(i, i) + shift;
    }

    HORNET_DEVICE_FN void turnColumns(Number* matrix, int64_t i, int64_t rows, Number c, Number s) const {
      for (int64_t r = 0; r < rows; r++) {
        Number* row = matrix + r * n_;
        const Number left = row[i], right = row[i + 1];
        row[i] = left * c + right * s;
        row[i + 1] = right * c.conjugate() - left * s.conjugate();
      }
    }

    /// Eigenvector k of the triangle, turned back.
    HORNET_DEVICE_FN void writePair(const Problem& problem, int64_t k) const {
      const double least = kEpsilon * (norm_ > 0 ? norm_ : 1);
      Number value = h(k, k);
      vector_[k] = {1, 0};
      for (int64_t i = k; i-- > 0;) {
        Number sum = h(i, k);
        for (int64_t j = i + 1; j < k; j++) sum = sum + h(i, j) * vector_[j];
        Number gap = value - h(i, i);
        if (gap.size() < least) gap = {least, 0};
        vector_[i] = sum / gap;
      }
      const bool isReal = std::fabs(value.im) <= 10 * double(n_) * least;
      if (isReal) value.im = 0;
      problem.out<double>(0)[k] = value.re;
      problem.out<double>(1)[k] = value.im;
      double *re = problem.out<double>(2), *im = problem.out<double>(3);
      Number largest{0, 0};
      for (int64_t i = 0; i < n_; i++) {
        Number sum{0, 0};
        for (int64_t j = 0; j <= k; j++) sum = sum + z(i, j) * vector_[j];
        re[i * n_ + k] = sum.re;
        im[i * n_ + k] = sum.im;
        if (sum.size() > largest.size()) largest = sum;
      }
      const Number turn = largest.conjugate() * (1 / largest.size());
      double length = 0;
      for (int64_t i = 0; i < n_; i++) {
        const Number turned = Number{re[i * n_ + k], im[i * n_ + k]} * turn;
        re[i * n_ + k] = turned.re;
        im[i * n_ + k] = isReal ? 0.0 : turned.im;
        length = std::hypot(length, std::hypot(re[i * n_ + k], im[i * n_ + k]));
      }
      for (int64_t i = 0; i < n_; i++) {
        re[i * n_ + k] /= length;
        im[i * n_ + k] /= length;
      }
    }

    int64_t n_;
    Number *h_, *z_, *vector_, *cosines_;
    double norm_;
  };
};

}  // namespace hornet

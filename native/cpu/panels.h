// The product of a few rows with a matrix that is used again and again: it is packed once into panels of columns that
// stay in cache, as wide as two vector registers. Not a matmul for all shapes: that is the library's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace hornet {

#if defined(__AVX512F__)
inline constexpr size_t kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr size_t kVectorBytes = 32;
#else
inline constexpr size_t kVectorBytes = 16;
#endif

template <class T>
class Panels {
  typedef T Vector __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
  static constexpr int64_t kLanes = int64_t(kVectorBytes / sizeof(T));
  static constexpr int64_t kWidth = 2 * kLanes;
  /// Rows whose sums fit into the registers.
  static constexpr int kRows = kVectorBytes == 64 ? 8 : 6;

 public:
  /// For a matrix of `inner` rows, one or more, and `columns` columns.
  Panels(int64_t inner, int64_t columns) : inner_(inner), panels_((columns + kWidth - 1) / kWidth), columns_(columns) {}

  /// Columns of a result, padding included.
  int64_t width() const { return panels_ * kWidth; }
  size_t bytes() const { return size_t(panels_ * inner_ * kWidth) * sizeof(T); }

  /// Packs a matrix whose element (k, j) is at `from[k * rowStep + j * columnStep]`.
  void pack(const T* from, int64_t rowStep, int64_t columnStep, T* to) const {
    for (int64_t panel = 0; panel < panels_; ++panel) {
      const int64_t first = panel * kWidth, count = std::min(kWidth, columns_ - first);
      for (int64_t k = 0; k < inner_; ++k, to += kWidth) {
        const T* row = from + k * rowStep + first * columnStep;
        for (int64_t j = 0; j < count; ++j) to[j] = row[j * columnStep];
        std::fill_n(to + count, kWidth - count, T(0));
      }
    }
  }

  /// Row r of the result, at `to + r * width()`, is the row `rows[r]` times the packed matrix. `to` is aligned.
  void multiply(const T* const* rows, int64_t count, const T* packed, T* to) const {
    for (int64_t panel = 0; panel < panels_; ++panel, packed += inner_ * kWidth) {
      int64_t row = 0;
      for (; row + kRows <= count; row += kRows) tile<kRows>(rows + row, packed, to + row * width() + panel * kWidth);
      rest<kRows - 1>(count - row, rows + row, packed, to + row * width() + panel * kWidth);
    }
  }

 private:
  template <int Rows>
  void rest(int64_t count, const T* const* rows, const T* panel, T* to) const {
    if constexpr (Rows > 0) {
      if (count == Rows) return tile<Rows>(rows, panel, to);
      rest<Rows - 1>(count, rows, panel, to);
    }
  }

  template <int Rows>
  void tile(const T* const* rows, const T* panel, T* to) const {
    Vector left[Rows], right[Rows];
    const auto add = [&](int64_t k, auto first) {
      const Vector* columns = reinterpret_cast<const Vector*>(panel + k * kWidth);
      const Vector a = columns[0], b = columns[1];
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        left[r] = first ? rows[r][k] * a : left[r] + rows[r][k] * a;
        right[r] = first ? rows[r][k] * b : right[r] + rows[r][k] * b;
      }
    };
    add(0, std::true_type());
    for (int64_t k = 1; k < inner_; ++k) add(k, std::false_type());
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      Vector* row = reinterpret_cast<Vector*>(to + r * width());
      row[0] = left[r];
      row[1] = right[r];
    }
  }

  int64_t inner_, panels_, columns_;
};

}  // namespace hornet

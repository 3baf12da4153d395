// Reductions, arg-reductions and scans against naive loops.
#include <omp.h>

#include <algorithm>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Shape = std::vector<int64_t>;

const std::vector<DType>& dtypes() {
  static const std::vector<DType> list = {DType::float32, DType::float64, DType::float16, DType::bfloat16,
                                          DType::int32,   DType::uint8,   DType::int64,   DType::boolean};
  return list;
}

/// Positions of a shape in order: calls visit(index).
void forEachIndex(const Shape& shape, const std::function<void(const Shape&)>& visit) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  Shape index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    visit(index);
    for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
  }
}

double combine(const std::string& op, double a, double b) {
  if (op.ends_with("sum")) return a + b;
  if (op.ends_with("prod")) return a * b;
  if (std::isnan(a) || std::isnan(b)) return NAN;
  return op.ends_with("max") ? std::max(a, b) : std::min(a, b);
}

// Small integers, so that sums are exact and equals occur; ones mostly for products.
HostTensor sample(const std::string& op, DType dtype, const Shape& shape) {
  HostTensor x = randomTensor(dtype, shape, dtype == DType::uint8 ? 0 : -3, 3);
  const bool isProduct = op.ends_with("prod");
  for (int64_t i = 0; i < x.size(); ++i) {
    const double value = std::round(x.get(i));
    x.set(i, isProduct ? (std::abs(value) == 2 && i % 9973 == 0 ? 2 : value < 0 ? -1 : 1) : value);
  }
  return x;
}

double wrapped(double value, DType dtype) {
  if (dtype == DType::uint8) return double(uint8_t(int64_t(value)));
  return dtype == DType::boolean ? double(value != 0) : value;
}

void checkReduce(const std::string& op, DType dtype, const Shape& shape, const std::vector<int64_t>& axes,
                 bool withNan) {
  HostTensor x = sample(op, dtype, shape);
  if (withNan && x.size() > 3) x.set(x.size() / 2, NAN);
  const auto isReduced = [&](size_t d) { return std::find(axes.begin(), axes.end(), int64_t(d)) != axes.end(); };
  Shape outShape;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!isReduced(d)) outShape.push_back(shape[d]);
  }
  HostTensor y(dtype, outShape);
  std::vector<double> expected(size_t(y.size()), op.ends_with("sum") ? 0 : 1);
  std::vector<bool> started(size_t(y.size()), op.ends_with("sum") || op.ends_with("prod"));
  int64_t i = 0;
  forEachIndex(shape, [&](const Shape& index) {
    size_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!isReduced(d)) at = at * size_t(shape[d]) + size_t(index[d]);
    }
    const double value = x.get(i++);
    expected[at] = started[at] ? combine(op, expected[at], value) : value;
    started[at] = true;
  });
  for (double& value : expected) value = wrapped(value, dtype);
  const auto result = runKernel(op, makeAttrs({{"axes", numbers(axes)}}), {x}, {y.spec});
  const bool ok = difference(result[0], expected) <= (isFloat(dtype) ? tolerance(dtype) : 0);
  if (!ok) std::printf("  %s of %s, %d dimensions\n", op.c_str(), dtypeName(dtype), int(shape.size()));
  CHECK(ok);
}

TEST("reductions equal naive loops over any axes") {
  struct Case {
    Shape shape;
    std::vector<int64_t> axes;
  };
  const std::vector<Case> cases = {
      {{7}, {0}},
      {{40000}, {0}},
      {{1000, 10}, {0}},
      {{1000, 10}, {1}},
      {{64, 700}, {0}},
      {{64, 700}, {1}},
      {{5, 3000}, {0}},
      {{40, 9, 33}, {0, 2}},
      {{40, 9, 33}, {1}},
      {{2, 3, 4, 5, 6}, {0, 2, 4}},
      {{2, 3, 4, 5, 6}, {1, 3}},
      {{9, 1, 4}, {1}},
      {{}, {}},
      {{4, 5}, {}},
      {{4, 5}, {0, 1}},
      {{0, 5}, {1}},
      {{20, 70, 90}, {0, 1}},
      {{20, 70, 90}, {1, 2}},
  };
  for (const char* op : {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min"}) {
    for (const DType dtype : dtypes()) {
      for (const Case& c : cases) checkReduce(op, dtype, c.shape, c.axes, isFloat(dtype) && c.shape.size() % 2 == 1);
    }
  }
}

TEST("a reduction of nothing is neutral") {
  const Attrs attrs = makeAttrs({{"axes", numbers({0})}});
  const HostTensor x(DType::float32, {0, 3});
  CHECK(difference(runKernel("reduce_sum", attrs, {x}, {{DType::float32, {3}}})[0], {0, 0, 0}) == 0);
  CHECK(difference(runKernel("reduce_prod", attrs, {x}, {{DType::float32, {3}}})[0], {1, 1, 1}) == 0);
  CHECK(difference(runKernel("reduce_max", attrs, {x}, {{DType::float32, {3}}})[0],
                   {-INFINITY, -INFINITY, -INFINITY}) == 0);
}

TEST("long sums stay accurate") {
  const int64_t n = 1 << 20;
  HostTensor x(DType::float32, {n});
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    x.set(i, 0.1 + 1e-3 * double(i % 7));
    sum += x.get(i);
  }
  const auto result = runKernel("reduce_sum", makeAttrs({{"axes", numbers({0})}}), {x}, {{DType::float32, {}}});
  CHECK(std::abs(result[0].get(0) - sum) < 2e-7 * sum);
}

TEST("sums do not depend on the number of threads") {
  const HostTensor x = randomTensor(DType::float32, {700, 900});
  const int threads = omp_get_max_threads();
  for (const int64_t axis : {0, 1}) {
    const Attrs attrs = makeAttrs({{"axes", numbers({axis})}});
    std::vector<double> results[3];
    for (const int count : {1, 2, 3}) {
      omp_set_num_threads(count);
      results[count - 1] = runKernel("reduce_sum", attrs, {x}, {{DType::float32, {axis == 0 ? 900 : 700}}})[0].values();
    }
    CHECK(results[0] == results[1] && results[0] == results[2]);
  }
  omp_set_num_threads(threads);
}

TEST("argmax and argmin take the first, NaN before all") {
  struct Case {
    Shape shape;
    int64_t axis;
  };
  const std::vector<Case> cases = {{{10}, 0}, {{50, 10}, 1}, {{50, 10}, 0}, {{3, 5000}, 1}, {{4, 30, 700}, 1}};
  for (const bool isMax : {true, false}) {
    for (const DType dtype : dtypes()) {
      for (const Case& c : cases) {
        HostTensor x = sample("max", dtype, c.shape);
        if (isFloat(dtype)) x.set(x.size() / 3, NAN);
        Shape outShape = c.shape;
        outShape.erase(outShape.begin() + c.axis);
        std::vector<double> expected;
        int64_t inner = 1;
        for (size_t d = size_t(c.axis) + 1; d < c.shape.size(); ++d) inner *= c.shape[d];
        const int64_t length = c.shape[size_t(c.axis)];
        for (int64_t i = 0; i < x.size() / length; ++i) {
          int64_t best = 0;
          const auto at = [&](int64_t k) { return x.get((i / inner * length + k) * inner + i % inner); };
          for (int64_t k = 1; k < length && !std::isnan(at(best)); ++k) {
            if (std::isnan(at(k)) || (isMax ? at(k) > at(best) : at(k) < at(best))) best = k;
          }
          expected.push_back(double(best));
        }
        const Attrs attrs = makeAttrs({{"axis", double(c.axis)}});
        const auto result = runKernel(isMax ? "argmax" : "argmin", attrs, {x}, {{DType::int32, outShape}});
        CHECK(difference(result[0], expected) == 0);
      }
    }
  }
}

TEST("scans equal naive loops") {
  struct Case {
    Shape shape;
    int64_t axis;
  };
  const std::vector<Case> cases = {{{2000}, 0}, {{7, 30}, 1}, {{7, 30}, 0}, {{3, 4, 1500}, 1}, {{5, 1, 2}, 1}};
  for (const char* op : {"cumsum", "cumprod", "cummax", "cummin"}) {
    for (const DType dtype : dtypes()) {
      for (const Case& c : cases) {
        for (const bool reverse : {false, true}) {
          const HostTensor x = sample(op, dtype, c.shape);
          std::vector<double> expected(size_t(x.size()));
          int64_t inner = 1;
          for (size_t d = size_t(c.axis) + 1; d < c.shape.size(); ++d) inner *= c.shape[d];
          const int64_t length = c.shape[size_t(c.axis)];
          for (int64_t i = 0; i < x.size() / length; ++i) {
            double sum = 0;
            for (int64_t k = 0; k < length; ++k) {
              const int64_t row = reverse ? length - 1 - k : k;
              const int64_t at = (i / inner * length + row) * inner + i % inner;
              sum = k == 0 ? x.get(at) : combine(op, sum, x.get(at));
              expected[size_t(at)] = wrapped(sum, dtype);
            }
          }
          const Attrs attrs = makeAttrs({{"axis", double(c.axis)}, {"reverse", double(reverse)}});
          const auto result = runKernel(op, attrs, {x}, {x.spec});
          CHECK(difference(result[0], expected) <= (isFloat(dtype) ? tolerance(dtype) : 0));
        }
      }
    }
  }
}

}  // namespace
}  // namespace hornet::test

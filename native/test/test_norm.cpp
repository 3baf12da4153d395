// Softmax and the normalizations with their gradients against their definitions in double.
#include <array>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

constexpr std::array floats = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

/// A tensor as a matrix of `rows` by `width`.
struct Matrix {
  int64_t rows, width;
  std::vector<int64_t> shape;
};

const std::vector<Matrix>& matrices() {
  static const std::vector<Matrix> list = {
      {6, 5, {2, 3, 5}},       {1, 7, {1, 7}},         {1000, 3, {10, 10, 10, 3}},
      {640, 64, {10, 64, 64}}, {3000, 33, {3000, 33}}, {4, 1, {4, 1}},
      {9000, 8, {9000, 8}},    {3, 2600, {3, 2600}},   {5, 9001, {5, 9001}},
  };
  return list;
}

double sum(int64_t count, const std::function<double(int64_t)>& term) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i) total += term(i);
  return total;
}

constexpr double kEpsilon = 1e-3;

void checkBatchNorm(const Matrix& m, DType dtype, DType statistics, double offset) {
  const auto [rows, width, shape] = m;
  const HostTensor x = randomTensor(dtype, shape, offset - 1, offset + 1), dy = randomTensor(dtype, shape);
  const HostTensor gamma = randomTensor(statistics, {width}), beta = randomTensor(statistics, {width});
  std::vector<double> y(size_t(x.size())), dx = y, means, variances, dgammas, dbetas;
  const auto xs = x.values(), dys = dy.values();
  for (int64_t c = 0; c < width; ++c) {
    const double mean = sum(rows, [&](int64_t r) { return xs[r * width + c]; }) / double(rows);
    const double variance = sum(rows, [&](int64_t r) { return std::pow(xs[r * width + c] - mean, 2); }) / double(rows);
    const double rstd = 1 / std::sqrt(variance + kEpsilon);
    const auto normal = [&](int64_t r) { return (xs[r * width + c] - mean) * rstd; };
    const double dbeta = sum(rows, [&](int64_t r) { return dys[r * width + c]; });
    const double dgamma = sum(rows, [&](int64_t r) { return dys[r * width + c] * normal(r); });
    for (int64_t r = 0; r < rows; ++r) {
      y[r * width + c] = normal(r) * gamma.get(c) + beta.get(c);
      dx[r * width + c] =
          gamma.get(c) * rstd * (dys[r * width + c] - dbeta / double(rows) - normal(r) * dgamma / double(rows));
    }
    means.push_back(mean);
    variances.push_back(variance);
    dgammas.push_back(dgamma);
    dbetas.push_back(dbeta);
  }
  const Attrs attrs = makeAttrs({{"epsilon", kEpsilon}});
  const double limit = std::max(tolerance(dtype), tolerance(statistics)) * std::max(1.0, offset);
  const auto results = runKernel("batch_norm", attrs, {x, gamma, beta}, {x.spec, gamma.spec, gamma.spec});
  CHECK(difference(results[0], y) < limit);
  CHECK(difference(results[1], means) < limit);
  CHECK(difference(results[2], variances) < limit);
  const HostTensor mean = tensorOf(statistics, {width}, means), variance = tensorOf(statistics, {width}, variances);
  if (statistics == DType::float16 || statistics == DType::bfloat16) return;  // rounded statistics: another gradient
  const auto gradients =
      runKernel("batch_norm_grad", attrs, {x, dy, gamma, mean, variance}, {x.spec, gamma.spec, gamma.spec});
  const double scale = std::sqrt(double(rows));
  CHECK(difference(gradients[0], dx) < limit);
  CHECK(difference(gradients[1], dgammas, scale) < limit);
  CHECK(difference(gradients[2], dbetas, scale) < limit);
}

void checkLayerNorm(const Matrix& m, DType dtype) {
  const auto [rows, width, shape] = m;
  const HostTensor x = randomTensor(dtype, shape), dy = randomTensor(dtype, shape);
  const HostTensor gamma = randomTensor(dtype, {width}), beta = randomTensor(dtype, {width});
  const double count = double(width);
  std::vector<double> y(size_t(x.size())), dx = y, means, rstds, dgammas(static_cast<size_t>(width)), dbetas = dgammas;
  for (int64_t r = 0; r < rows; ++r) {
    const auto at = [&](int64_t c) { return x.get(r * width + c); };
    const double mean = sum(width, at) / count;
    const double rstd =
        1 / std::sqrt(sum(width, [&](int64_t c) { return std::pow(at(c) - mean, 2); }) / count + kEpsilon);
    const auto normal = [&](int64_t c) { return (at(c) - mean) * rstd; };
    const auto scaled = [&](int64_t c) { return dy.get(r * width + c) * gamma.get(c); };
    const double shift = sum(width, scaled) / count;
    const double slope = sum(width, [&](int64_t c) { return scaled(c) * normal(c); }) / count;
    for (int64_t c = 0; c < width; ++c) {
      y[r * width + c] = normal(c) * gamma.get(c) + beta.get(c);
      dx[r * width + c] = rstd * (scaled(c) - shift - normal(c) * slope);
      dgammas[c] += dy.get(r * width + c) * normal(c);
      dbetas[c] += dy.get(r * width + c);
    }
    means.push_back(mean);
    rstds.push_back(rstd);
  }
  const std::vector<int64_t> rowShape(shape.begin(), shape.end() - 1);
  const bool isHalf = dtype == DType::float16 || dtype == DType::bfloat16;
  const DType statistics = isHalf ? DType::float32 : dtype;
  const HostTensor mean = tensorOf(statistics, rowShape, means), rstd = tensorOf(statistics, rowShape, rstds);
  const Attrs attrs = makeAttrs({{"epsilon", kEpsilon}});
  const double limit = 5 * tolerance(dtype);
  const auto results = runKernel("layer_norm", attrs, {x, gamma, beta}, {x.spec, mean.spec, rstd.spec});
  CHECK(difference(results[0], y) < limit);
  CHECK(difference(results[1], means) < limit);
  CHECK(difference(results[2], rstds) < limit);
  const auto gradients =
      runKernel("layer_norm_grad", attrs, {x, dy, gamma, mean, rstd}, {x.spec, gamma.spec, gamma.spec});
  const double scale = std::sqrt(double(rows));
  CHECK(difference(gradients[0], dx) < limit);
  CHECK(difference(gradients[1], dgammas, scale) < limit);
  CHECK(difference(gradients[2], dbetas, scale) < limit);
}

void checkSoftmax(const std::vector<int64_t>& shape, size_t axis, DType dtype) {
  const HostTensor x = randomTensor(dtype, shape, -20, 20);
  int64_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const int64_t length = shape[axis];
  std::vector<double> y(size_t(x.size())), logs = y;
  for (int64_t row = 0; row < x.size() / std::max<int64_t>(1, length); ++row) {
    const auto place = [&](int64_t k) { return row / inner * inner * length + row % inner + k * inner; };
    double top = -INFINITY;
    for (int64_t k = 0; k < length; ++k) top = std::max(top, x.get(place(k)));
    const double total = sum(length, [&](int64_t k) { return std::exp(x.get(place(k)) - top); });
    for (int64_t k = 0; k < length; ++k) {
      y[size_t(place(k))] = std::exp(x.get(place(k)) - top) / total;
      logs[size_t(place(k))] = x.get(place(k)) - top - std::log(total);
    }
  }
  const Attrs attrs = makeAttrs({{"axis", double(axis)}});
  CHECK(difference(runKernel("softmax", attrs, {x}, {x.spec})[0], y) < tolerance(dtype));
  CHECK(difference(runKernel("log_softmax", attrs, {x}, {x.spec})[0], logs) < tolerance(dtype));
}

TEST("batch_norm normalizes every channel over all rows") {
  for (const Matrix& m : matrices()) {
    for (DType dtype : floats) {
      checkBatchNorm(m, dtype, dtype, 0);
      checkBatchNorm(m, dtype, DType::float32, 0);
    }
    checkBatchNorm(m, DType::float32, DType::float32, 100);
  }
}

TEST("layer_norm normalizes every row") {
  for (const Matrix& m : matrices()) {
    for (DType dtype : floats) checkLayerNorm(m, dtype);
  }
}

TEST("softmax sums to one along any axis") {
  for (DType dtype : floats) {
    checkSoftmax({4, 10}, 1, dtype);
    checkSoftmax({3, 1000}, 1, dtype);
    checkSoftmax({2, 3001}, 1, dtype);
    checkSoftmax({2, 9000}, 1, dtype);
    checkSoftmax({3, 5, 70}, 1, dtype);
    checkSoftmax({2, 300, 3}, 1, dtype);
    checkSoftmax({7, 3, 2}, 0, dtype);
    checkSoftmax({2, 1}, 1, dtype);
    checkSoftmax({0, 4}, 1, dtype);
  }
}

TEST("softmax keeps masked and NaN rows apart") {
  // The same rows side by side as columns, and repeated until they are long.
  for (const int64_t repeats : {1, 5000}) {
    for (const bool asColumns : {false, true}) {
      const std::vector<std::vector<double>> rows = {{-INFINITY, 0, 0}, {NAN, 1, 2}, {INFINITY, 1, -INFINITY}};
      const int64_t length = 3 * repeats, count = int64_t(rows.size());
      std::vector<double> values(size_t(length * count)), expected = values;
      for (int64_t row = 0; row < count; ++row) {
        for (int64_t i = 0; i < length; ++i) {
          const size_t at = size_t(asColumns ? i * count + row : row * length + i);
          values[at] = rows[size_t(row)][size_t(i % 3)];
          expected[at] = row > 0 ? NAN : i % 3 == 0 ? 0 : 0.5 / double(repeats);
        }
      }
      const HostTensor x =
          tensorOf(DType::float32, asColumns ? std::vector{length, count} : std::vector{count, length}, values);
      const Attrs attrs = makeAttrs({{"axis", asColumns ? 0.0 : 1.0}});
      CHECK(difference(runKernel("softmax", attrs, {x}, {x.spec})[0], expected) < 1e-6);
    }
  }
}

}  // namespace
}  // namespace hornet::test

// Pools and their gradients against naive windows in double.
#include <array>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Sizes = std::vector<int64_t>;

struct Case {
  Sizes in, window, strides, lo, hi;
  int64_t batch, channels;

  Sizes shape(const Sizes& sizes) const {
    Sizes all{batch};
    all.insert(all.end(), sizes.begin(), sizes.end());
    all.push_back(channels);
    return all;
  }

  Sizes out() const {
    Sizes sizes;
    for (size_t i = 0; i < in.size(); ++i) sizes.push_back((in[i] + lo[i] + hi[i] - window[i]) / strides[i] + 1);
    return sizes;
  }

  Attrs attrs(bool countPadding) const {
    return makeAttrs({{"window", numbers(window)},
                      {"strides", numbers(strides)},
                      {"lo", numbers(lo)},
                      {"hi", numbers(hi)},
                      {"countPadding", double(countPadding)}});
  }
};

int64_t product(const Sizes& sizes) {
  int64_t result = 1;
  for (int64_t size : sizes) result *= size;
  return result;
}

/// For every output element, the input elements of its window in order.
std::vector<std::vector<int64_t>> windows(const Case& c) {
  const Sizes out = c.out();
  std::vector<std::vector<int64_t>> all;
  for (int64_t i = 0; i < c.batch * product(out) * c.channels; ++i) {
    std::vector<int64_t> taps;
    const int64_t channel = i % c.channels, image = i / c.channels / product(out);
    for (int64_t t = 0; t < product(c.window); ++t) {
      int64_t restP = i / c.channels, restT = t, position = 0, step = 1;
      bool inside = true;
      for (size_t axis = c.in.size(); axis-- > 0;) {
        const int64_t at = restP % out[axis] * c.strides[axis] - c.lo[axis] + restT % c.window[axis];
        inside = inside && at >= 0 && at < c.in[axis];
        position += at * step;
        step *= c.in[axis];
        restP /= out[axis];
        restT /= c.window[axis];
      }
      if (inside) taps.push_back((image * product(c.in) + position) * c.channels + channel);
    }
    all.push_back(taps);
  }
  return all;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {{8, 8}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 3, 32},
      {{11, 11}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 2, 64},
      {{7, 9}, {3, 3}, {2, 2}, {1, 0}, {1, 1}, 2, 5},
      {{6, 5}, {3, 2}, {1, 1}, {1, 0}, {1, 1}, 2, 70},
      {{9}, {3}, {2}, {1}, {2}, 2, 3},
      {{12}, {2}, {5}, {0}, {0}, 1, 1},
      {{5, 6, 4}, {2, 3, 2}, {2, 1, 2}, {1, 1, 0}, {0, 1, 0}, 2, 4},
      {{6, 6}, {6, 6}, {6, 6}, {0, 0}, {0, 0}, 0, 4},
      {{4, 4}, {2, 2}, {3, 3}, {2, 2}, {1, 1}, 1, 17},
  };
  return list;
}

void checkMax(const Case& c, DType dtype) {
  // Few distinct values: the first of several maxima has to take the gradient.
  HostTensor x = randomTensor(dtype, c.shape(c.in));
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, std::round(x.get(i) * 3));
  const HostTensor dy = randomTensor(dtype, c.shape(c.out()));
  std::vector<double> y, dx(size_t(x.size()));
  const auto taps = windows(c);
  for (size_t i = 0; i < taps.size(); ++i) {
    double best = -INFINITY;
    int64_t first = -1;
    for (int64_t tap : taps[i]) {
      if (x.get(tap) > best) best = x.get(first = tap);
    }
    y.push_back(best);
    if (first >= 0) dx[size_t(first)] += dy.get(int64_t(i));
  }
  const auto result = runKernel("max_pool", c.attrs(false), {x}, {dy.spec});
  CHECK(difference(result[0], y) == 0);
  const auto gradient = runKernel("max_pool_grad", c.attrs(false), {x, result[0], dy}, {x.spec});
  CHECK(difference(gradient[0], dx) < tolerance(dtype));
}

void checkAverage(const Case& c, DType dtype, bool countPadding) {
  const HostTensor x = randomTensor(dtype, c.shape(c.in)), dy = randomTensor(dtype, c.shape(c.out()));
  std::vector<double> y, dx(size_t(x.size()));
  const auto taps = windows(c);
  for (size_t i = 0; i < taps.size(); ++i) {
    const double count = countPadding ? double(product(c.window)) : std::max(1.0, double(taps[i].size()));
    double sum = 0;
    for (int64_t tap : taps[i]) {
      sum += x.get(tap);
      dx[size_t(tap)] += dy.get(int64_t(i)) / count;
    }
    y.push_back(sum / count);
  }
  CHECK(difference(runKernel("avg_pool", c.attrs(countPadding), {x}, {dy.spec})[0], y) < tolerance(dtype));
  CHECK(difference(runKernel("avg_pool_grad", c.attrs(countPadding), {dy}, {x.spec})[0], dx) < tolerance(dtype));
}

constexpr std::array floats = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

TEST("max_pool takes the largest input, its gradient goes to the first of several") {
  for (const Case& c : cases()) {
    for (DType dtype : floats) checkMax(c, dtype);
  }
}

TEST("max_pool propagates NaN and pools integers") {
  const Attrs attrs = Case{{4}, {2}, {2}, {0}, {0}, 1, 1}.attrs(false);
  const HostTensor x = tensorOf(DType::float32, {1, 4, 1}, {1, NAN, -3, -2});
  const TensorSpec spec{DType::float32, {1, 2, 1}};
  const auto y = runKernel("max_pool", attrs, {x}, {spec});
  CHECK(difference(y[0], {NAN, -2}) == 0);
  const HostTensor dy = tensorOf(DType::float32, {1, 2, 1}, {5, 7});
  CHECK(difference(runKernel("max_pool_grad", attrs, {x, y[0], dy}, {x.spec})[0], {0, 5, 0, 7}) == 0);
  const HostTensor whole = tensorOf(DType::int8, {1, 4, 1}, {1, 5, -3, -2});
  CHECK(difference(runKernel("max_pool", attrs, {whole}, {{DType::int8, {1, 2, 1}}})[0], {5, -2}) == 0);
}

TEST("avg_pool averages with or without the padding") {
  for (const Case& c : cases()) {
    for (DType dtype : floats) {
      checkAverage(c, dtype, false);
      checkAverage(c, dtype, true);
    }
  }
}

}  // namespace
}  // namespace hornet::test

// Convolutions against a naive sum in double over many shapes and dtypes.
#include <array>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Sizes = std::vector<int64_t>;

struct Case {
  Sizes in, kernel, strides, lo, hi, dilation;
  int64_t batch, inputs, outputs, groups;

  Sizes out() const {
    Sizes sizes;
    for (size_t i = 0; i < in.size(); ++i) {
      sizes.push_back((in[i] + lo[i] + hi[i] - (kernel[i] - 1) * dilation[i] - 1) / strides[i] + 1);
    }
    return sizes;
  }

  static Sizes shape(int64_t first, const Sizes& sizes, int64_t last) {
    Sizes all{first};
    all.insert(all.end(), sizes.begin(), sizes.end());
    all.push_back(last);
    return all;
  }

  Sizes x() const { return shape(batch, in, inputs); }
  Sizes y() const { return shape(batch, out(), outputs); }
  Sizes w() const {
    Sizes all = kernel;
    all.push_back(inputs / groups);
    all.push_back(outputs);
    return all;
  }

  Attrs attrs(const std::string& activation) const {
    return makeAttrs({{"strides", numbers(strides)},
                      {"lo", numbers(lo)},
                      {"hi", numbers(hi)},
                      {"dilation", numbers(dilation)},
                      {"groups", double(groups)},
                      {"activation", activation}});
  }
};

int64_t product(const Sizes& sizes) {
  int64_t result = 1;
  for (int64_t size : sizes) result *= size;
  return result;
}

/// Calls fn(x index, kernel index, y index) for every multiplication of the convolution.
template <class Fn>
void forEachProduct(const Case& c, Fn&& fn) {
  const Sizes out = c.out();
  const int64_t positions = product(out), taps = product(c.kernel), groupIn = c.inputs / c.groups;
  for (int64_t n = 0; n < c.batch; ++n) {
    for (int64_t p = 0; p < positions; ++p) {
      for (int64_t t = 0; t < taps; ++t) {
        int64_t restP = p, restT = t, position = 0, step = 1;
        bool inside = true;
        for (size_t axis = c.in.size(); axis-- > 0;) {
          const int64_t i =
              restP % out[axis] * c.strides[axis] - c.lo[axis] + restT % c.kernel[axis] * c.dilation[axis];
          inside = inside && i >= 0 && i < c.in[axis];
          position += i * step;
          step *= c.in[axis];
          restP /= out[axis];
          restT /= c.kernel[axis];
        }
        if (!inside) continue;
        for (int64_t o = 0; o < c.outputs; ++o) {
          const int64_t first = o / (c.outputs / c.groups) * groupIn;
          for (int64_t i = 0; i < groupIn; ++i) {
            fn((n * product(c.in) + position) * c.inputs + first + i, (t * groupIn + i) * c.outputs + o,
               (n * positions + p) * c.outputs + o);
          }
        }
      }
    }
  }
}

double activate(const std::string& activation, double v) {
  if (activation == "relu") return std::max(v, 0.0);
  if (activation == "sigmoid") return 1 / (1 + std::exp(-v));
  return activation == "tanh" ? std::tanh(v) : v;
}

void addEpilogue(std::vector<double>& y, const std::vector<double>& bias, const std::string& activation) {
  for (size_t i = 0; i < y.size(); ++i) y[i] = activate(activation, y[i] + bias[i % bias.size()]);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {{28, 28}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, 2, 1, 32, 1},
      {{13, 13}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, 2, 32, 64, 1},
      {{11, 9}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, {1, 1}, 3, 5, 7, 1},
      {{12, 7}, {4, 2}, {2, 3}, {1, 0}, {2, 1}, {1, 1}, 2, 3, 17, 1},
      {{14, 14}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}, 2, 16, 16, 1},
      {{9, 10}, {3, 2}, {2, 1}, {3, 0}, {1, 2}, {2, 3}, 1, 4, 6, 2},
      {{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2, 37, 37, 37},
      {{8, 8}, {3, 3}, {2, 2}, {0, 0}, {1, 1}, {1, 1}, 2, 6, 18, 6},
      {{9, 11}, {5, 5}, {1, 2}, {2, 1}, {2, 2}, {1, 2}, 2, 16, 16, 16},
      {{40, 41}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2, 8, 8, 8},
      {{10, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2, 4, 16, 4},
      {{33}, {4}, {3}, {2}, {1}, {2}, 2, 8, 8, 8},
      {{7, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, 2, 24, 40, 1},
      {{7, 8}, {1, 1}, {2, 2}, {0, 0}, {0, 0}, {1, 1}, 2, 24, 10, 1},
      {{20}, {5}, {1}, {2}, {2}, {1}, 3, 8, 12, 1},
      {{21}, {3}, {3}, {4}, {0}, {2}, 2, 6, 9, 3},
      {{19}, {4}, {2}, {1}, {2}, {1}, 1, 1, 1, 1},
      {{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 2, 4, 8, 1},
      {{5, 6, 7}, {2, 3, 1}, {2, 1, 2}, {0, 1, 0}, {1, 0, 0}, {1, 2, 1}, 1, 3, 5, 1},
      {{6, 6}, {5, 5}, {1, 1}, {4, 4}, {4, 4}, {1, 1}, 1, 3, 4, 1},
      {{5, 5}, {1, 1}, {3, 3}, {0, 0}, {0, 0}, {1, 1}, 0, 3, 4, 1},
      {{9, 9}, {2, 2}, {2, 2}, {0, 0}, {-4, -4}, {1, 1}, 2, 3, 4, 1},
      {{9, 9}, {3, 3}, {1, 1}, {-1, -2}, {0, 1}, {1, 1}, 2, 3, 4, 1},
  };
  return list;
}

void checkCase(const Case& c, DType dtype, const std::string& activation) {
  const HostTensor x = randomTensor(dtype, c.x()), kernel = randomTensor(dtype, c.w()), dy = randomTensor(dtype, c.y());
  const auto xs = x.values(), kernels = kernel.values(), dys = dy.values();
  std::vector<double> y(dys.size()), dx(xs.size()), dkernel(kernels.size());
  forEachProduct(c, [&](int64_t i, int64_t k, int64_t o) {
    y[o] += xs[i] * kernels[k];
    dx[i] += dys[o] * kernels[k];
    dkernel[k] += xs[i] * dys[o];
  });
  const HostTensor bias = randomTensor(dtype, {c.outputs}), inputBias = randomTensor(dtype, {c.inputs});
  const double scale = std::sqrt(double(product(c.w()) / c.outputs)), limit = tolerance(dtype);
  const Attrs plain = c.attrs("linear"), fused = c.attrs(activation);
  CHECK(difference(runKernel("conv", plain, {x, kernel}, {dy.spec})[0], y, scale) < limit);
  CHECK(difference(runKernel("conv_input_grad", plain, {dy, kernel}, {x.spec})[0], dx, scale) < limit);
  CHECK(difference(runKernel("conv_kernel_grad", plain, {x, dy}, {kernel.spec})[0], dkernel,
                   std::sqrt(double(dys.size()))) < limit);
  addEpilogue(y, bias.values(), activation);
  addEpilogue(dx, inputBias.values(), activation);
  CHECK(difference(runKernel("conv", fused, {x, kernel, bias}, {dy.spec})[0], y, scale) < limit);
  CHECK(difference(runKernel("conv_input_grad", fused, {dy, kernel, inputBias}, {x.spec})[0], dx, scale) < limit);
}

TEST("conv and its gradients equal the sum over all taps") {
  const std::array<std::string, 4> activations = {"relu", "sigmoid", "tanh", "linear"};
  size_t i = 0;
  for (const Case& c : cases()) {
    for (DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
      checkCase(c, dtype, activations[i++ / 2 % 4]);
    }
  }
}

TEST("conv applies an activation without a bias, too") {
  for (const char* activation : {"relu", "sigmoid", "tanh"}) {
    for (size_t at : {size_t(1), size_t(6), cases().size() - 1}) {
      const Case& c = cases()[at];
      for (DType dtype : {DType::float32, DType::bfloat16}) {
        const HostTensor x = randomTensor(dtype, c.x()), kernel = randomTensor(dtype, c.w());
        std::vector<double> y(size_t(product(c.y())));
        forEachProduct(c, [&](int64_t i, int64_t k, int64_t o) { y[size_t(o)] += x.get(i) * kernel.get(k); });
        addEpilogue(y, {0}, activation);
        const double scale = std::sqrt(double(product(c.w()) / c.outputs));
        const auto result = runKernel("conv", c.attrs(activation), {x, kernel}, {{dtype, c.y()}});
        CHECK(difference(result[0], y, scale) < tolerance(dtype));
      }
    }
  }
}

TEST("conv of integers wraps") {
  for (const Case& c : {cases()[2], cases()[7], cases()[16]}) {
    for (DType dtype : {DType::int8, DType::uint8, DType::int32, DType::uint32, DType::int64}) {
      const double limit = dtype == DType::int64 ? 1000 : dtype < DType::int8 ? 40 : 12;
      const HostTensor x = randomTensor(dtype, c.x(), dtype < DType::int8 ? 0 : -limit, limit);
      const HostTensor kernel = randomTensor(dtype, c.w(), dtype < DType::int8 ? 0 : -limit, limit);
      std::vector<int64_t> y(size_t(product(c.y()))), dx(size_t(x.size())), dkernel(size_t(kernel.size()));
      const HostTensor dy = randomTensor(dtype, c.y(), 0, limit);
      forEachProduct(c, [&](int64_t i, int64_t k, int64_t o) {
        y[size_t(o)] += int64_t(x.get(i)) * int64_t(kernel.get(k));
        dx[size_t(i)] += int64_t(dy.get(o)) * int64_t(kernel.get(k));
        dkernel[size_t(k)] += int64_t(x.get(i)) * int64_t(dy.get(o));
      });
      const auto wrapped = [&](const std::vector<int64_t>& exact) {
        std::vector<double> values;
        for (const int64_t value : exact) {
          values.push_back(dtype == DType::int8    ? double(int8_t(value))
                           : dtype == DType::uint8 ? double(uint8_t(value))
                                                   : double(value));
        }
        return values;
      };
      const Attrs attrs = c.attrs("linear");
      CHECK(difference(runKernel("conv", attrs, {x, kernel}, {dy.spec})[0], wrapped(y)) == 0);
      CHECK(difference(runKernel("conv_input_grad", attrs, {dy, kernel}, {x.spec})[0], wrapped(dx)) == 0);
      CHECK(difference(runKernel("conv_kernel_grad", attrs, {x, dy}, {kernel.spec})[0], wrapped(dkernel)) == 0);
    }
  }
}

}  // namespace
}  // namespace hornet::test

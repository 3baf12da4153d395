// The recurrences against their definitions in double, sample by sample, and their gradients against slopes.
#include <array>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

constexpr std::array floats = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

struct Case {
  std::string cell;
  int64_t batch, steps, features, units;
  bool reverse, zeroOutput, masked, bare;  // bare: without bias and first states

  int64_t gates() const { return cell == "lstm" ? 4 : cell == "gru" ? 3 : 1; }
  int64_t width() const { return gates() * units; }
  size_t states() const { return cell == "lstm" ? 2 : 1; }
  int64_t saved() const { return cell == "lstm" ? 5 : cell == "gru" ? 4 : 0; }
  std::vector<int64_t> state() const { return {batch, units}; }

  Attrs attrs(bool dx = true) const {
    return makeAttrs(
        {{"cell", cell}, {"reverse", double(reverse)}, {"zeroOutput", double(zeroOutput)}, {"dx", double(dx)}});
  }

  std::vector<TensorSpec> outputs(DType dtype) const {
    std::vector<TensorSpec> list = {{dtype, {batch, steps, units}}};
    for (size_t i = 0; i < states(); ++i) list.push_back({dtype, state()});
    if (saved() > 0) list.push_back({dtype, {batch, steps, saved() * units}});
    return list;
  }

  std::vector<HostTensor> inputs(DType dtype) const {
    const auto draw = [&](std::vector<int64_t> shape) { return randomTensor(dtype, std::move(shape), -0.7, 0.7); };
    const HostTensor zero(dtype, {});
    std::vector<HostTensor> list = {draw({batch, steps, features}), draw({features, width()}), draw({units, width()})};
    const std::vector<int64_t> bias = cell == "gru" ? std::vector<int64_t>{2, width()} : std::vector<int64_t>{width()};
    list.push_back(bare ? zero : draw(bias));
    for (size_t i = 0; i < states(); ++i) list.push_back(bare ? zero : draw(state()));
    if (!masked) return list;
    HostTensor mask(DType::boolean, {batch, steps});
    for (int64_t i = 0; i < mask.size(); ++i) mask.set(i, i / steps % 3 == 2 ? 0 : (i * 7 + i / steps) % 3 != 0);
    list.push_back(mask);
    return list;
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// The outputs and last states, one value after the other.
std::vector<std::vector<double>> expected(const Case& c, const std::vector<HostTensor>& in) {
  const int64_t n = c.units, w = c.width();
  const auto bias = [&](int64_t i) { return c.bare ? 0 : in[3].get(i); };
  std::vector<std::vector<double>> results = {std::vector<double>(size_t(c.batch * c.steps * n))};
  for (size_t i = 0; i < c.states(); ++i) results.emplace_back(size_t(c.batch * n));
  for (int64_t s = 0; s < c.batch; ++s) {
    std::vector<double> h(static_cast<size_t>(n)), cell = h, output = h;
    for (int64_t u = 0; u < n && !c.bare; ++u) {
      h[u] = in[4].get(s * n + u);
      if (c.states() > 1) cell[u] = in[5].get(s * n + u);
    }
    for (int64_t i = 0; i < c.steps; ++i) {
      const int64_t step = c.reverse ? c.steps - 1 - i : i, row = s * c.steps + step;
      if (!c.masked || in.back().get(row) != 0) {
        std::vector<double> x(static_cast<size_t>(w)), r = x, before = h;
        for (int64_t j = 0; j < w; ++j) {
          x[j] = bias(j);
          r[j] = c.cell == "gru" ? bias(w + j) : 0;
          for (int64_t k = 0; k < c.features; ++k) x[j] += in[0].get(row * c.features + k) * in[1].get(k * w + j);
          for (int64_t k = 0; k < n; ++k) r[j] += before[k] * in[2].get(k * w + j);
        }
        for (int64_t u = 0; u < n; ++u) {
          if (c.cell == "lstm") {
            cell[u] =
                sigmoid(x[n + u] + r[n + u]) * cell[u] + sigmoid(x[u] + r[u]) * std::tanh(x[2 * n + u] + r[2 * n + u]);
            h[u] = sigmoid(x[3 * n + u] + r[3 * n + u]) * std::tanh(cell[u]);
          } else if (c.cell == "gru") {
            const double z = sigmoid(x[u] + r[u]), reset = sigmoid(x[n + u] + r[n + u]);
            h[u] = z * before[u] + (1 - z) * std::tanh(x[2 * n + u] + reset * r[2 * n + u]);
          } else {
            h[u] = c.cell == "tanh" ? std::tanh(x[u] + r[u]) : std::max(0.0, x[u] + r[u]);
          }
        }
        output = h;
      } else if (c.zeroOutput) {
        output.assign(size_t(n), 0);
      }
      std::copy(output.begin(), output.end(), results[0].begin() + row * n);
    }
    std::copy(h.begin(), h.end(), results[1].begin() + s * n);
    if (c.states() > 1) std::copy(cell.begin(), cell.end(), results[2].begin() + s * n);
  }
  return results;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = [] {
    std::vector<Case> all;
    for (const char* cell : {"lstm", "gru", "tanh", "relu"}) {
      all.push_back({cell, 3, 4, 5, 6, false, false, false, false});
      all.push_back({cell, 55, 3, 4, 19, true, false, false, true});
      all.push_back({cell, 7, 6, 3, 9, false, false, true, false});
      all.push_back({cell, 6, 5, 1, 33, true, true, true, true});
      all.push_back({cell, 1, 1, 2, 1, true, false, true, false});
      all.push_back({cell, 0, 2, 3, 4, false, false, false, false});
    }
    return all;
  }();
  return list;
}

TEST("recurrences equal their definition") {
  for (const Case& c : cases()) {
    for (const DType dtype : floats) {
      const auto inputs = c.inputs(dtype);
      const auto results = runKernel("rnn", c.attrs(), inputs, c.outputs(dtype));
      const auto wanted = expected(c, inputs);
      for (size_t i = 0; i < wanted.size(); ++i) CHECK(difference(results[i], wanted[i]) < tolerance(dtype));
    }
  }
}

/// The outputs and last states weighted by `upstream` and summed.
double loss(const Case& c, const std::vector<HostTensor>& inputs, const std::vector<HostTensor>& upstream) {
  const auto values = expected(c, inputs);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values[i].size(); ++j) sum += values[i][j] * upstream[i].get(int64_t(j));
  }
  return sum;
}

TEST("the gradients of recurrences are slopes") {
  for (const Case& c : cases()) {
    if (c.batch == 0 || c.batch > 20 || c.cell == "relu") continue;  // relu has a kink
    const DType dtype = DType::float64;
    auto inputs = c.inputs(dtype);
    const auto results = runKernel("rnn", c.attrs(), inputs, c.outputs(dtype));
    const size_t operands = 4 + c.states();
    std::vector<HostTensor> given(inputs.begin(), inputs.begin() + int64_t(operands)), upstream;
    given.push_back(results[0]);
    if (c.saved() > 0) given.push_back(results.back());
    for (size_t i = 0; i < 1 + c.states(); ++i) upstream.push_back(randomTensor(dtype, results[i].spec.shape));
    given.insert(given.end(), upstream.begin(), upstream.end());
    if (c.masked) given.push_back(inputs.back());
    std::vector<TensorSpec> outputs;
    for (size_t i = 0; i < operands; ++i) outputs.push_back(inputs[i].spec);
    outputs[3].shape = c.cell == "gru" ? std::vector<int64_t>{2, c.width()} : std::vector<int64_t>{c.width()};
    for (size_t i = 4; i < operands; ++i) outputs[i].shape = c.state();
    const auto gradients = runKernel("rnn_grad", c.attrs(), given, outputs);
    for (size_t i = 0; i < operands; ++i) {
      for (int64_t j = 0; j < (inputs[i].spec.shape.empty() ? 0 : inputs[i].size()); j += 7) {
        const double value = inputs[i].get(j), step = 1e-6;
        inputs[i].set(j, value + step);
        const double after = loss(c, inputs, upstream);
        inputs[i].set(j, value - step);
        const double slope = (after - loss(c, inputs, upstream)) / (2 * step);
        inputs[i].set(j, value);
        CHECK(std::abs(gradients[i].get(j) - slope) < 1e-7 * (1 + std::abs(slope)));
      }
    }
    outputs.erase(outputs.begin());
    const auto withoutDx = runKernel("rnn_grad", c.attrs(false), given, outputs);
    for (size_t i = 0; i < withoutDx.size(); ++i) CHECK(withoutDx[i].bytes == gradients[i + 1].bytes);
  }
}

}  // namespace
}  // namespace hornet::test

// A tensor in host memory that is filled and read as doubles whatever its dtype, and one kernel run on such tensors.
#pragma once

#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../dispatch.h"
#include "../kernel.h"

namespace hornet::test {

struct HostTensor {
  TensorSpec spec;
  std::vector<std::byte> bytes;

  HostTensor(DType dtype, std::vector<int64_t> shape) : spec{dtype, std::move(shape)}, bytes(spec.bytes()) {}

  int64_t size() const { return spec.numel(); }

  double get(int64_t i) const {
    return withStorageType(spec.dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      return convert<double>(reinterpret_cast<const T*>(bytes.data())[i]);
    });
  }

  void set(int64_t i, double value) {
    withStorageType(spec.dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      reinterpret_cast<T*>(bytes.data())[i] = convert<T>(value);
    });
  }

  std::vector<double> values() const {
    std::vector<double> all(static_cast<size_t>(size()));
    for (int64_t i = 0; i < size(); ++i) all[size_t(i)] = get(i);
    return all;
  }
};

/// A tensor of the given values, or of a random sample in [low, high).
inline HostTensor tensorOf(DType dtype, std::vector<int64_t> shape, const std::vector<double>& values) {
  HostTensor tensor(dtype, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, values[size_t(i)]);
  return tensor;
}

inline HostTensor randomTensor(DType dtype, std::vector<int64_t> shape, double low = -1, double high = 1) {
  static std::mt19937 generator(1);
  std::uniform_real_distribution<double> sample(low, high);
  HostTensor tensor(dtype, std::move(shape));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, sample(generator));
  return tensor;
}

/// Whether HORNET_TEST_BACKEND names the library of another backend, which then runs the kernels under test.
bool isBackendChosen();
std::vector<HostTensor> runOnBackend(const std::string& op, const Attrs& attrs, const std::vector<HostTensor>& inputs,
                                     const std::vector<TensorSpec>& outputs);

/// Runs a kernel twice with dirty results and scratch memory, as a program does, and returns its results.
inline std::vector<HostTensor> runKernel(const std::string& op, const Attrs& attrs,
                                         const std::vector<HostTensor>& inputs,
                                         const std::vector<TensorSpec>& outputs) {
  if (isBackendChosen()) return runOnBackend(op, attrs, inputs, outputs);
  KernelArgs args{op, {}, outputs, attrs};
  std::vector<const void*> in;
  std::vector<void*> out;
  std::vector<HostTensor> results;
  for (const HostTensor& input : inputs) {
    args.inputs.push_back(input.spec);
    in.push_back(input.bytes.data());
  }
  results.reserve(outputs.size());
  for (const TensorSpec& spec : outputs) {
    results.emplace_back(spec.dtype, spec.shape);
    out.push_back(results.back().bytes.data());
  }
  const auto kernel = findKernel(op)(args);
  const size_t scratchBytes = kernel->scratchBytes();
  const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(64, (scratchBytes + 127) / 64 * 64),
                                                           &std::free);
  void* scratch = memory.get();
  for (int round = 0; round < 2; ++round) {
    std::fill_n(static_cast<std::byte*>(scratch), scratchBytes, std::byte(0xff));
    for (HostTensor& result : results) std::fill(result.bytes.begin(), result.bytes.end(), std::byte(0xff));
    kernel->run(in, out, scratch);
  }
  return results;
}

inline Attrs makeAttrs(const std::vector<std::pair<std::string, Attrs::Value>>& entries) {
  Attrs attrs;
  for (const auto& [key, value] : entries) attrs.set(key, value);
  return attrs;
}

inline std::vector<double> numbers(const std::vector<int64_t>& list) { return {list.begin(), list.end()}; }

inline double tolerance(DType dtype) {
  return dtype == DType::float16 ? 2e-3 : dtype == DType::bfloat16 ? 1.6e-2 : dtype == DType::float64 ? 1e-12 : 2e-5;
}

/// The largest difference, relative to `scale` plus the expected magnitude; infinite where only one side is NaN.
inline double difference(const HostTensor& actual, const std::vector<double>& expected, double scale = 1) {
  double worst = 0;
  for (int64_t i = 0; i < actual.size(); ++i) {
    const double a = actual.get(i), e = expected[size_t(i)];
    if (a == e || (std::isnan(a) && std::isnan(e))) continue;
    const double d = std::abs(a - e) / (scale + std::abs(e));
    worst = d <= worst ? worst : std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

}  // namespace hornet::test

// matmul against a naive sum in double over batches, transpositions, dtypes and epilogues.
#include <array>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

struct Case {
  std::vector<int64_t> batchA, batchB;
  int64_t M, K, N;
};

std::vector<int64_t> shapeOf(std::vector<int64_t> batch, int64_t rows, int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

/// The index of the matrix that a broadcast operand gives to product `index` of the result's batch.
int64_t operandIndex(int64_t index, const std::vector<int64_t>& batch, const std::vector<int64_t>& operand) {
  int64_t result = 0, step = 1;
  for (size_t axis = batch.size(); axis-- > 0;) {
    if (operand[axis] > 1) result += index % batch[axis] * step;
    index /= batch[axis];
    step *= operand[axis];
  }
  return result;
}

void checkCase(const Case& c, DType dtype, bool transposeA, bool transposeB, bool fused, DType result) {
  const bool isInteger = dtype < DType::float16;
  const double high = isInteger ? 100 : 1, low = isInteger ? 0 : -1;
  const HostTensor a =
      randomTensor(dtype, transposeA ? shapeOf(c.batchA, c.K, c.M) : shapeOf(c.batchA, c.M, c.K), low, high);
  const HostTensor b =
      randomTensor(dtype, transposeB ? shapeOf(c.batchB, c.N, c.K) : shapeOf(c.batchB, c.K, c.N), low, high);
  const HostTensor bias = randomTensor(dtype, {c.N}, low, high);
  std::vector<int64_t> batch = c.batchA;
  for (size_t i = 0; i < batch.size(); ++i) batch[i] = std::max(c.batchA[i], c.batchB[i]);
  HostTensor wanted(result, shapeOf(batch, c.M, c.N));
  const auto as = a.values(), bs = b.values();
  std::vector<double> expected;
  for (int64_t i = 0; c.M * c.N > 0 && i < wanted.size() / (c.M * c.N); ++i) {
    const double* left = as.data() + operandIndex(i, batch, c.batchA) * c.M * c.K;
    const double* right = bs.data() + operandIndex(i, batch, c.batchB) * c.K * c.N;
    for (int64_t m = 0; m < c.M; ++m) {
      for (int64_t n = 0; n < c.N; ++n) {
        double sum = fused ? bias.get(n) : 0;
        for (int64_t k = 0; k < c.K; ++k) {
          sum += left[transposeA ? k * c.M + m : m * c.K + k] * right[transposeB ? n * c.K + k : k * c.N + n];
        }
        expected.push_back(fused ? std::max(sum, 0.0) : sum);
      }
    }
  }
  for (int64_t i = 0; isInteger && i < wanted.size(); ++i) {
    const auto whole = int64_t(expected[size_t(i)]);
    expected[size_t(i)] = result == DType::uint8  ? double(uint8_t(whole))
                          : result == DType::int8 ? double(int8_t(whole))
                                                  : double(whole);
  }
  const Attrs attrs = makeAttrs({{"transposeA", double(transposeA)},
                                 {"transposeB", double(transposeB)},
                                 {"activation", std::string(fused ? "relu" : "linear")}});
  std::vector<HostTensor> inputs{a, b};
  if (fused) inputs.push_back(bias);
  const auto results = runKernel("matmul", attrs, inputs, {wanted.spec});
  CHECK(difference(results[0], expected, std::sqrt(double(c.K + 1))) < (isInteger ? 1e-12 : tolerance(dtype)));
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {{}, {}, 1, 1, 1},         {{}, {}, 32, 8, 16},       {{}, {}, 37, 61, 45},        {{}, {}, 128, 200, 130},
      {{}, {}, 3, 5, 1},         {{}, {}, 1, 70, 33},       {{}, {}, 5, 0, 3},           {{}, {}, 0, 4, 3},
      {{4}, {4}, 6, 7, 9},       {{4}, {1}, 6, 7, 9},       {{1}, {4}, 6, 7, 9},         {{2, 3}, {2, 3}, 5, 4, 17},
      {{2, 1}, {1, 3}, 5, 4, 3}, {{2, 3}, {1, 3}, 8, 4, 3}, {{2, 3}, {2, 1}, 8, 16, 32}, {{1, 1}, {1, 1}, 2, 3, 4},
  };
  return list;
}

TEST("matmul equals the sum over the inner axis") {
  for (const Case& c : cases()) {
    for (int flags = 0; flags < 8; ++flags) {
      for (DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
        checkCase(c, dtype, flags & 1, flags & 2, flags & 4, dtype);
      }
    }
  }
}

TEST("matmul sums the rows of b, too") {
  const Attrs attrs = makeAttrs({{"transposeA", 1.0}, {"transposeB", 0.0}, {"biasGrad", 1.0}});
  for (const auto& [M, K, N] : std::vector<std::array<int64_t, 3>>{{3, 5, 4}, {1, 70, 33}, {5, 4000, 80}, {2, 0, 3}}) {
    for (DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
      const HostTensor a = randomTensor(dtype, {K, M}), b = randomTensor(dtype, {K, N});
      std::vector<double> product(size_t(M * N)), sums(static_cast<size_t>(N));
      for (int64_t k = 0; k < K; ++k) {
        for (int64_t n = 0; n < N; ++n) {
          sums[size_t(n)] += b.get(k * N + n);
          for (int64_t m = 0; m < M; ++m) product[size_t(m * N + n)] += a.get(k * M + m) * b.get(k * N + n);
        }
      }
      const auto results = runKernel("matmul", attrs, {a, b}, {{dtype, {M, N}}, {dtype, {N}}});
      const double scale = std::sqrt(double(K + 1));
      CHECK(difference(results[0], product, scale) < tolerance(dtype));
      CHECK(difference(results[1], sums, scale) < tolerance(dtype));
    }
  }
}

TEST("matmul of integers wraps, or widens to int32") {
  for (const Case& c : cases()) {
    for (int flags = 0; flags < 4; ++flags) {
      for (DType dtype : {DType::uint8, DType::int8, DType::int32, DType::int64}) {
        checkCase(c, dtype, flags & 1, flags & 2, false, dtype);
      }
      checkCase(c, DType::int8, flags & 1, flags & 2, false, DType::int32);
    }
  }
}

}  // namespace
}  // namespace hornet::test

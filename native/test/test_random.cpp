// Random numbers against Philox's published words and their moments; iota; qr.
#include "../philox.h"
#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

HostTensor draw(const std::string& op, DType dtype, std::vector<int64_t> shape, double key0, double key1) {
  return runKernel(op, {}, {tensorOf(DType::uint32, {2}, {key0, key1})}, {{dtype, std::move(shape)}})[0];
}

TEST("random_bits are Philox4x32-10") {
  const HostTensor bits = draw("random_bits", DType::uint32, {4}, 0, 0);
  CHECK(difference(bits, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}) == 0);
  const HostTensor many = draw("random_bits", DType::uint32, {10007}, 17, 4000000000.0);
  for (int64_t i = 0; i < many.size(); ++i) {
    const PhiloxBlock block = philox(uint32_t(i / 4), 0, 17, 4000000000u);
    const uint32_t words[4] = {block.word0, block.word1, block.word2, block.word3};
    CHECK(many.get(i) == words[i % 4]);
  }
}

TEST("random_uniform and random_normal follow from the bits") {
  const int64_t n = 100003;
  const HostTensor bits = draw("random_bits", DType::uint32, {n + 1}, 5, 6);
  const HostTensor uniform = draw("random_uniform", DType::float32, {n}, 5, 6);
  const HostTensor normal = draw("random_normal", DType::float32, {n}, 5, 6);
  double mean = 0, square = 0;
  for (int64_t i = 0; i < n; ++i) {
    CHECK(uniform.get(i) == std::floor(bits.get(i) / 256) / 16777216);
    const double u1 = 1 - std::floor(bits.get(i / 2 * 2) / 256) / 16777216,
                 u2 = std::floor(bits.get(i / 2 * 2 + 1) / 256) / 16777216;
    const double radius = std::sqrt(-2 * std::log(u1)), angle = 2 * M_PI * u2;
    CHECK(std::abs(normal.get(i) - radius * (i % 2 ? std::sin(angle) : std::cos(angle))) < 2e-6);
    mean += normal.get(i) / double(n);
    square += normal.get(i) * normal.get(i) / double(n);
  }
  CHECK(std::abs(mean) < 0.02 && std::abs(square - 1) < 0.02);
  for (const DType dtype : {DType::float16, DType::bfloat16, DType::float64}) {
    CHECK(difference(draw("random_normal", dtype, {1001}, 5, 6), normal.values()) < tolerance(dtype));
  }
}

TEST("iota counts along an axis") {
  for (const DType dtype : {DType::int32, DType::float32, DType::uint8, DType::int64, DType::bfloat16}) {
    for (const int64_t axis : {0, 1, 2}) {
      const std::vector<int64_t> shape = {30, 7, 11};
      std::vector<double> expected;
      for (int64_t i = 0; i < 30 * 77; ++i)
        expected.push_back(double(axis == 0 ? i / 77 : axis == 1 ? i / 11 % 7 : i % 11));
      CHECK(difference(runKernel("iota", makeAttrs({{"axis", double(axis)}}), {}, {{dtype, shape}})[0], expected) == 0);
    }
  }
}

void checkQr(int64_t m, int64_t n) {
  const int64_t k = std::min(m, n);
  HostTensor x = randomTensor(DType::float64, {2, m, n});
  const auto [q, r] = [&] {
    auto results = runKernel("qr", {}, {x}, {{DType::float64, {2, m, k}}, {DType::float64, {2, k, n}}});
    return std::pair(results[0], results[1]);
  }();
  double residual = 0, orthogonality = 0, lower = 0;
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = -x.get((b * m + i) * n + j);
        for (int64_t l = 0; l < k; ++l) sum += q.get((b * m + i) * k + l) * r.get((b * k + l) * n + j);
        residual = std::max(residual, std::abs(sum));
      }
    }
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = 0; j < k; ++j) {
        double sum = i == j ? -1 : 0;
        for (int64_t l = 0; l < m; ++l) sum += q.get((b * m + l) * k + i) * q.get((b * m + l) * k + j);
        orthogonality = std::max(orthogonality, std::abs(sum));
      }
      for (int64_t j = 0; j < std::min(i, n); ++j) lower = std::max(lower, std::abs(r.get((b * k + i) * n + j)));
    }
    // LAPACK turns the first column against the sign of its first value.
    if (m > 1) CHECK((r.get(b * k * n) > 0) == (x.get(b * m * n) < 0));
  }
  CHECK(residual < 10 * tolerance(DType::float64) && orthogonality < 10 * tolerance(DType::float64) && lower == 0);
}

TEST("qr multiplies back, with orthonormal columns") {
  for (const auto& [m, n] :
       std::vector<std::pair<int64_t, int64_t>>{{5, 5}, {9, 4}, {4, 9}, {1, 3}, {3, 1}, {40, 30}}) {
    checkQr(m, n);
  }
  const HostTensor x = tensorOf(DType::float64, {2, 2}, {-3, 1, 0, -2});
  const auto results = runKernel("qr", {}, {x}, {x.spec, x.spec});
  CHECK(difference(results[1], {-3, 1, 0, -2}) == 0);  // nothing to reflect: the diagonal keeps its sign
}

TEST("linear algebra refuses other types than those it computes in") {
  const HostTensor x = tensorOf(DType::float32, {2, 2}, {1, 0, 0, 1});
  CHECK(thrownBy([&] {
          runKernel("qr", {}, {x}, {x.spec, x.spec});
        }) == "[qr] expected float64 or int32, received float32");
}

}  // namespace
}  // namespace hornet::test

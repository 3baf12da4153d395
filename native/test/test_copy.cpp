// Kernels that move elements, against naive index arithmetic, in every element size.
#include <algorithm>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Shape = std::vector<int64_t>;

const std::vector<DType>& dtypes() {
  static const std::vector<DType> list = {DType::uint8, DType::float16, DType::float32, DType::float64};
  return list;
}

int64_t count(const Shape& shape) {
  int64_t result = 1;
  for (const int64_t dim : shape) result *= dim;
  return result;
}

int64_t flat(const Shape& index, const Shape& shape) {
  int64_t at = 0;
  for (size_t d = 0; d < shape.size(); ++d) at = at * shape[d] + index[d];
  return at;
}

Shape indexOf(int64_t i, const Shape& shape) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0; i /= shape[d]) index[d] = i % shape[d];
  return index;
}

HostTensor counting(DType dtype, const Shape& shape) {
  HostTensor x(dtype, shape);
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, double(i % 251));
  return x;
}

/// Checks a kernel whose result element at `index` is x[source(index)].
void checkMove(const std::string& op, const Attrs& attrs, const HostTensor& x, const Shape& outShape,
               const std::function<int64_t(const Shape&)>& source, const std::vector<HostTensor>& more = {}) {
  std::vector<HostTensor> inputs = {x};
  inputs.insert(inputs.end(), more.begin(), more.end());
  std::vector<double> expected;
  for (int64_t i = 0; i < count(outShape); ++i) expected.push_back(x.get(source(indexOf(i, outShape))));
  const bool ok = difference(runKernel(op, attrs, inputs, {{x.spec.dtype, outShape}})[0], expected) == 0;
  if (!ok) std::printf("  %s of %s\n", op.c_str(), dtypeName(x.spec.dtype));
  CHECK(ok);
}

TEST("copy copies") {
  for (const DType dtype : dtypes()) {
    const HostTensor x = counting(dtype, {300, 1001});
    checkMove("copy", {}, x, x.spec.shape, [&](const Shape& index) { return flat(index, x.spec.shape); });
  }
}

TEST("transpose permutes") {
  struct Case {
    Shape shape, perm;
  };
  const std::vector<Case> cases = {
      {{70, 41}, {1, 0}},
      {{500, 300}, {1, 0}},
      {{5, 6, 7}, {2, 0, 1}},
      {{5, 6, 7}, {0, 2, 1}},
      {{4, 9, 8, 33}, {0, 2, 1, 3}},
      {{4, 9, 8, 2}, {2, 0, 1, 3}},
      {{4, 9, 8, 3}, {3, 2, 1, 0}},
      {{3, 1, 4}, {1, 2, 0}},
      {{2, 3, 2, 3, 2}, {4, 1, 3, 0, 2}},
      {{}, {}},
      {{0, 3}, {1, 0}},
  };
  for (const DType dtype : dtypes()) {
    for (const auto& [shape, perm] : cases) {
      Shape out;
      for (const int64_t axis : perm) out.push_back(shape[size_t(axis)]);
      checkMove("transpose", makeAttrs({{"perm", numbers(perm)}}), counting(dtype, shape), out,
                [&](const Shape& index) {
                  Shape from(shape.size());
                  for (size_t d = 0; d < perm.size(); ++d) from[size_t(perm[d])] = index[d];
                  return flat(from, shape);
                });
    }
  }
}

TEST("broadcast repeats") {
  struct Case {
    Shape shape, out;
  };
  const std::vector<Case> cases = {{{}, {3, 4}},           {{5}, {700, 5}},        {{700, 1}, {700, 5}}, {{2}, {9, 2}},
                                   {{3, 1, 4}, {3, 6, 4}}, {{1, 6, 1}, {3, 6, 4}}, {{1}, {100000}}};
  for (const DType dtype : dtypes()) {
    for (const auto& [shape, out] : cases) {
      checkMove("broadcast", {}, counting(dtype, shape), out, [&](const Shape& index) {
        Shape from(index.end() - int64_t(shape.size()), index.end());
        for (size_t d = 0; d < shape.size(); ++d) from[d] = shape[d] == 1 ? 0 : from[d];
        return flat(from, shape);
      });
    }
  }
}

TEST("slice takes steps of either sign") {
  struct Case {
    Shape shape, starts, strides, out;
  };
  const std::vector<Case> cases = {
      {{10}, {2}, {3}, {3}},
      {{10}, {9}, {-1}, {10}},
      {{6, 8}, {1, 0}, {2, 1}, {2, 8}},
      {{6, 8}, {5, 7}, {-2, -3}, {3, 2}},
      {{4, 5, 6}, {1, 1, 2}, {1, 1, 1}, {2, 3, 4}},
      {{4, 5, 2}, {3, 0, 0}, {-1, 2, 1}, {4, 3, 2}},
  };
  for (const DType dtype : dtypes()) {
    for (const auto& [shape, starts, strides, out] : cases) {
      const Attrs attrs = makeAttrs({{"starts", numbers(starts)}, {"strides", numbers(strides)}});
      checkMove("slice", attrs, counting(dtype, shape), out, [&](const Shape& index) {
        Shape from = index;
        for (size_t d = 0; d < from.size(); ++d) from[d] = starts[d] + index[d] * strides[d];
        return flat(from, shape);
      });
    }
  }
}

TEST("dynamic slices are moved to fit") {
  const Shape shape = {5, 6};
  for (const DType indexType : {DType::int32, DType::int64}) {
    const HostTensor x = counting(DType::float32, shape), start = tensorOf(indexType, {2}, {-3, 5});
    checkMove("dynamic_slice", {}, x, {2, 3},
              [&](const Shape& index) {
                return flat({index[0], index[1] + 3}, shape);
              },
              {start});
    const HostTensor update = tensorOf(DType::float32, {2, 3}, {-1, -2, -3, -4, -5, -6});
    std::vector<double> expected = x.values();
    for (int64_t i = 0; i < 6; ++i) expected[size_t(i / 3 * 6 + 3 + i % 3)] = -double(i + 1);
    CHECK(difference(runKernel("dynamic_update_slice", {}, {x, update, start}, {x.spec})[0], expected) == 0);
  }
}

TEST("pad puts a value around and between") {
  struct Case {
    Shape shape, lo, hi, interior;
  };
  const std::vector<Case> cases = {{{4}, {1}, {2}, {0}},
                                   {{4}, {0}, {1}, {2}},
                                   {{2, 3, 4}, {0, 1, 0}, {0, 2, 0}, {0, 0, 0}},
                                   {{0, 2}, {1, 1}, {1, 0}, {0, 1}}};
  for (const DType dtype : dtypes()) {
    for (const auto& [shape, lo, hi, interior] : cases) {
      const HostTensor x = counting(dtype, shape);
      Shape out = shape;
      for (size_t d = 0; d < shape.size(); ++d) {
        out[d] = lo[d] + hi[d] + shape[d] + std::max<int64_t>(0, shape[d] - 1) * interior[d];
      }
      std::vector<double> expected(size_t(count(out)), 7);
      for (int64_t i = 0; i < x.size(); ++i) {
        Shape index = indexOf(i, shape);
        for (size_t d = 0; d < shape.size(); ++d) index[d] = lo[d] + index[d] * (interior[d] + 1);
        expected[size_t(flat(index, out))] = x.get(i);
      }
      const Attrs attrs =
          makeAttrs({{"lo", numbers(lo)}, {"hi", numbers(hi)}, {"interior", numbers(interior)}, {"value", 7.0}});
      CHECK(difference(runKernel("pad", attrs, {x}, {{dtype, out}})[0], expected) == 0);
    }
  }
}

TEST("concat joins along any axis") {
  for (const DType dtype : dtypes()) {
    for (const int64_t axis : {0, 1, 2}) {
      Shape a = {3, 4, 5}, b = a, out = a;
      b[size_t(axis)] = 2;
      out[size_t(axis)] += 2;
      const HostTensor x = counting(dtype, a), y = counting(dtype, b);
      std::vector<double> expected;
      for (int64_t i = 0; i < count(out); ++i) {
        Shape index = indexOf(i, out);
        const bool isFirst = index[size_t(axis)] < a[size_t(axis)];
        if (!isFirst) index[size_t(axis)] -= a[size_t(axis)];
        expected.push_back(isFirst ? x.get(flat(index, a)) : y.get(flat(index, b)));
      }
      const Attrs attrs = makeAttrs({{"axis", double(axis)}});
      CHECK(difference(runKernel("concat", attrs, {x, y}, {{dtype, out}})[0], expected) == 0);
    }
  }
}

}  // namespace
}  // namespace hornet::test

// Gathers, scatters, sorting and top_k against naive loops.
#include <algorithm>
#include <numeric>

#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Shape = std::vector<int64_t>;

const std::vector<DType>& dtypes() {
  static const std::vector<DType> list = {DType::uint8,    DType::int32,   DType::int64,   DType::float16,
                                          DType::bfloat16, DType::float32, DType::float64, DType::boolean};
  return list;
}

HostTensor wholeNumbers(DType dtype, const Shape& shape, double low, double high) {
  HostTensor x = randomTensor(dtype, shape, low, high);
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, std::floor(x.get(i)));
  return x;
}

double wrapped(double value, DType dtype) {
  if (dtype == DType::uint8) return double(uint8_t(int64_t(value)));
  return dtype == DType::boolean ? double(value != 0) : value;
}

struct AlongAxis {
  Shape shape, indices;
  int64_t axis, outer = 1, inner = 1;

  AlongAxis(Shape x, Shape i, int64_t a) : shape(std::move(x)), indices(std::move(i)), axis(a) {
    for (int64_t d = 0; d < axis; ++d) outer *= shape[size_t(d)];
    for (size_t d = size_t(axis) + 1; d < shape.size(); ++d) inner *= shape[d];
  }

  int64_t length() const { return shape[size_t(axis)]; }

  Shape picked() const {
    Shape all(shape.begin(), shape.begin() + axis);
    all.insert(all.end(), indices.begin(), indices.end());
    all.insert(all.end(), shape.begin() + axis + 1, shape.end());
    return all;
  }
};

const std::vector<AlongAxis>& cases() {
  static const std::vector<AlongAxis> list = {{{10, 64}, {4, 5}, 0},  {{10}, {7}, 0},         {{6, 9}, {3}, 1},
                                              {{3, 5, 4}, {2, 2}, 1}, {{300, 33}, {2000}, 0}, {{4, 3}, {}, 0},
                                              {{5, 2}, {0}, 0}};
  return list;
}

TEST("gather and scatter_add go along an axis") {
  for (const DType dtype : dtypes()) {
    for (const DType indexType : {DType::int32, DType::int64}) {
      for (const AlongAxis& c : cases()) {
        const HostTensor x = wholeNumbers(dtype, c.shape, 0, 4);
        const HostTensor indices = wholeNumbers(indexType, c.indices, -double(c.length()), double(c.length()));
        const HostTensor updates = wholeNumbers(dtype, c.picked(), 0, 3);
        std::vector<double> picked(size_t(updates.size())), summed = x.values();
        for (int64_t i = 0; i < updates.size(); ++i) {
          const int64_t index = int64_t(indices.get(i / c.inner % indices.size()));
          const int64_t row = index < 0 ? index + c.length() : index;
          const int64_t at = (i / c.inner / indices.size() * c.length() + row) * c.inner + i % c.inner;
          picked[size_t(i)] = x.get(at);
          summed[size_t(at)] += updates.get(i);
        }
        for (double& value : summed) value = wrapped(value, dtype);
        const Attrs attrs = makeAttrs({{"axis", double(c.axis)}});
        CHECK(difference(runKernel("gather", attrs, {x, indices}, {updates.spec})[0], picked) == 0);
        CHECK(difference(runKernel("scatter_add", attrs, {x, indices, updates}, {x.spec})[0], summed) == 0);
      }
    }
  }
}

TEST("an index out of bounds is an error") {
  const Attrs attrs = makeAttrs({{"axis", 0.0}});
  const std::string message = thrownBy([&] {
    runKernel("gather", attrs, {HostTensor(DType::float32, {10}), tensorOf(DType::int32, {1}, {12})},
              {{DType::float32, {1}}});
  });
  CHECK(message == "[gather] index 12 is out of bounds for axis 0 with size 10");
}

TEST("gather_nd and scatter_nd take tuples of indices") {
  const HostTensor indices = tensorOf(DType::int32, {4, 2}, {0, 1, 2, -1, 0, 1, 1, 0});
  const std::vector<int64_t> rows = {1, 8, 1, 3};
  for (const DType dtype : dtypes()) {
    const HostTensor x = wholeNumbers(dtype, {3, 3, 5}, 0, 6), updates = wholeNumbers(dtype, {4, 5}, 0, 6);
    std::vector<double> picked;
    for (const int64_t row : rows) {
      for (int64_t k = 0; k < 5; ++k) picked.push_back(x.get(row * 5 + k));
    }
    CHECK(difference(runKernel("gather_nd", {}, {x, indices}, {updates.spec})[0], picked) == 0);
    for (const std::string mode : {"add", "set", "max", "min", "mul"}) {
      std::vector<double> expected = x.values();
      for (size_t i = 0; i < 20; ++i) {
        double& y = expected[size_t(rows[i / 5]) * 5 + i % 5];
        const double update = updates.get(int64_t(i));
        y = mode == "add"   ? y + update
            : mode == "set" ? update
            : mode == "mul" ? y * update
            : mode == "max" ? std::max(y, update)
                            : std::min(y, update);
      }
      for (double& value : expected) value = wrapped(value, dtype);
      CHECK(difference(runKernel("scatter_nd", makeAttrs({{"mode", mode}}), {x, indices, updates}, {x.spec})[0],
                       expected) == 0);
    }
  }
}

void checkSort(DType dtype, const Shape& shape, int64_t axis, bool descending) {
  const bool isFew = dtype == DType::uint8 || dtype == DType::boolean;
  HostTensor x = randomTensor(dtype, shape, isFew ? 0 : -50, 50);
  if (isFloat(dtype)) {
    for (int64_t i = 0; i < x.size(); i += 3) x.set(i, std::round(x.get(i) / 10) * 10);
    x.set(x.size() / 2, NAN);
    x.set(x.size() / 3, -INFINITY);
    x.set(0, -0.0);
  }
  const AlongAxis c(shape, {}, axis);
  std::vector<double> values(size_t(x.size())), indices = values;
  for (int64_t i = 0; i < c.outer * c.inner; ++i) {
    const auto at = [&](int64_t k) { return (i / c.inner * c.length() + k) * c.inner + i % c.inner; };
    std::vector<int64_t> order(size_t(c.length()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      const double va = x.get(at(a)), vb = x.get(at(b));
      if (std::isnan(va) || std::isnan(vb)) return !std::isnan(va) && std::isnan(vb);
      return descending ? va > vb : va < vb;
    });
    for (int64_t k = 0; k < c.length(); ++k) {
      values[size_t(at(k))] = x.get(at(order[size_t(k)]));
      indices[size_t(at(k))] = double(order[size_t(k)]);
    }
  }
  const Attrs attrs = makeAttrs({{"axis", double(axis)}, {"descending", double(descending)}});
  const auto sorted = runKernel("sort", attrs, {x}, {x.spec, {DType::int32, shape}});
  CHECK(difference(sorted[0], values) == 0);
  CHECK(difference(sorted[1], indices) == 0);
  if (axis != int64_t(shape.size()) - 1 || !descending) return;
  for (const int64_t k : {int64_t(1), std::min<int64_t>(5, c.length()), c.length()}) {
    Shape outShape = shape;
    outShape.back() = k;
    std::vector<double> topValues, topIndices;
    for (int64_t i = 0; i < c.outer * k; ++i) {
      topValues.push_back(values[size_t(i / k * c.length() + i % k)]);
      topIndices.push_back(indices[size_t(i / k * c.length() + i % k)]);
    }
    const auto top =
        runKernel("top_k", makeAttrs({{"k", double(k)}}), {x}, {{dtype, outShape}, {DType::int32, outShape}});
    CHECK(difference(top[0], topValues) == 0);
    CHECK(difference(top[1], topIndices) == 0);
  }
}

TEST("sort is stable, NaN is last, top_k are the first of it") {
  for (const DType dtype : dtypes()) {
    for (const bool descending : {false, true}) {
      checkSort(dtype, {9}, 0, descending);
      checkSort(dtype, {20, 100}, 1, descending);
      checkSort(dtype, {7, 6, 5}, 1, descending);
      checkSort(dtype, {3, 5000}, 1, descending);
    }
  }
}

}  // namespace
}  // namespace hornet::test

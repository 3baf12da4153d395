// Loops and branches, with bodies written by hand: what they carry, slices that lie as kernels do not take them,
// faults.
#include "host_tensor.h"
#include "program_writer.h"
#include "test.h"

namespace hornet::test {
namespace {

using Value = WrittenProgram::Value;

Programs bodies(const std::vector<WrittenProgram>& written) {
  Programs programs;
  for (const WrittenProgram& body : written) {
    programs.push_back(std::make_shared<const Program>(decode(body.bytes())));
  }
  return programs;
}

WrittenProgram body(std::vector<Value> values, std::vector<WrittenProgram::Step> steps, uint64_t arenaBytes = 0) {
  WrittenProgram program;
  for (const Value& value : values) {
    if (value.storage == kParameter) ++program.parameters;
    if (value.storage == kResult) ++program.results;
  }
  program.values = std::move(values);
  program.steps = std::move(steps);
  program.arenaBytes = arenaBytes;
  return program;
}

WrittenProgram::Step elementwise(const std::string& op, uint32_t x, uint32_t y, uint32_t z, uint8_t dtype) {
  WrittenProgram::Step step = addStep(x, y, z);
  step.attrs[0].second = op;
  step.attrs[2].second = std::vector<double>{double(dtype)};
  return step;
}

/// carried += slice, in place, through the arena; the result is the sum.
WrittenProgram summing(uint64_t width) {
  return body({{kFloat32, kParameter, 0, {width}},
               {kFloat32, kParameter, 1, {width}},
               {kFloat32, kArena, 0, {width}},
               {kFloat32, kResult, 0, {width}}},
              {addStep(0, 1, 2), {"copy", {2}, {0}, {}}, {"copy", {2}, {3}, {}}}, 256);
}

std::vector<HostTensor> sumOf(int64_t steps, int64_t width, bool isReversed) {
  HostTensor first(DType::float32, {width}), sequence(DType::float32, {steps, width});
  for (int64_t i = 0; i < width; ++i) first.set(i, 100);
  for (int64_t i = 0; i < sequence.size(); ++i) sequence.set(i, double(i));
  const Attrs attrs = makeAttrs({{"bodies", bodies({summing(uint64_t(width))})},
                                 {"carried", std::vector<double>{0}},
                                 {"sliced", std::vector<double>{1}},
                                 {"length", double(steps)},
                                 {"reverse", double(isReversed)}});
  return runKernel("scan", attrs, {first, sequence},
                   {{DType::float32, {width}}, {DType::float32, {steps, width}}, {DType::uint8, {256}}});
}

/// Doubles x while x < limit.
Attrs doubling() {
  const std::vector<Value> parameters = {{kFloat32, kParameter, 0, {}}, {kFloat32, kParameter, 1, {}}};
  std::vector<Value> tested = parameters;
  tested.push_back({uint8_t(DType::boolean), kResult, 0, {}});
  return makeAttrs({{"bodies", bodies({body(parameters, {addStep(0, 0, 0)}),
                                       body(tested, {elementwise("less", 0, 1, 2, uint8_t(DType::boolean))})})},
                    {"carried", std::vector<double>{0}}});
}

HostTensor scalarOf(DType dtype, double number) {
  HostTensor tensor(dtype, {});
  tensor.set(0, number);
  return tensor;
}

}  // namespace

TEST("a scan carries, slices and stacks, in both directions") {
  for (const int64_t width : {1, 3, 4, 64}) {
    for (const int64_t steps : {0, 1, 7}) {
      for (const bool isReversed : {false, true}) {
        const auto results = sumOf(steps, width, isReversed);
        for (int64_t i = 0; i < width; ++i) {
          double sum = 100;
          for (int64_t step = 0; step < steps; ++step) {
            const int64_t row = isReversed ? steps - 1 - step : step;
            sum += double(row * width + i);
            CHECK(results[1].get(row * width + i) == sum);
          }
          CHECK(results[0].get(i) == sum);
        }
      }
    }
  }
}

TEST("a while loop runs as long as its condition holds, perhaps never") {
  const std::vector<TensorSpec> outputs = {{DType::float32, {}}, {DType::uint8, {0}}};
  const HostTensor limit = scalarOf(DType::float32, 100);
  CHECK(runKernel("while", doubling(), {scalarOf(DType::float32, 3), limit}, outputs)[0].get(0) == 192);
  CHECK(runKernel("while", doubling(), {scalarOf(DType::float32, 500), limit}, outputs)[0].get(0) == 500);
}

TEST("a branch is the one that the index picks, or the nearest") {
  const auto branch = [](const std::string& op) {
    return body({{kFloat32, kParameter, 0, {3}}, {kFloat32, kParameter, 1, {3}}, {kFloat32, kResult, 0, {3}}},
                {elementwise(op, 0, 1, 2, kFloat32)});
  };
  const Attrs attrs = makeAttrs({{"bodies", bodies({branch("add"), branch("mul")})}});
  HostTensor x(DType::float32, {3}), y(DType::float32, {3});
  for (int64_t i = 0; i < 3; ++i) {
    x.set(i, double(i + 2));
    y.set(i, 10);
  }
  for (const int index : {-1, 0, 1, 9}) {
    const auto results =
        runKernel("branch", attrs, {scalarOf(DType::int32, index), x, y}, {{DType::float32, {3}}, {DType::uint8, {0}}});
    for (int64_t i = 0; i < 3; ++i) CHECK(results[0].get(i) == (index > 0 ? x.get(i) * 10 : x.get(i) + 10));
  }
}

TEST("operands that do not fit a body are refused") {
  HostTensor first(DType::float32, {2}), sequence(DType::float32, {5, 4});
  const auto attrs = [](double length, double carried) {
    return makeAttrs({{"bodies", bodies({summing(4)})},
                      {"carried", std::vector<double>{carried}},
                      {"sliced", std::vector<double>{1}},
                      {"length", length},
                      {"reverse", 0.0}});
  };
  const auto refused = [](const Attrs& given, const std::vector<HostTensor>& in, const std::vector<TensorSpec>& out) {
    return thrownBy([&] { runKernel("scan", given, in, out); }).starts_with("[scan]");
  };
  const std::vector<TensorSpec> outputs = {{DType::float32, {4}}, {DType::float32, {5, 4}}, {DType::uint8, {256}}};
  CHECK(refused(attrs(5, 0), {first, sequence}, outputs));
  first = HostTensor(DType::float32, {4});
  CHECK(refused(attrs(6, 0), {first, sequence}, outputs));
  CHECK(refused(attrs(5, 2), {first, sequence}, outputs));
  CHECK(refused(attrs(5, 0), {first, sequence}, {outputs[0], outputs[1], {DType::uint8, {255}}}));
}

}  // namespace hornet::test

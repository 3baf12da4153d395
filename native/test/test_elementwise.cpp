// Element-wise ops against definitions in double, and random fused chains against one value at a time.
#include <array>
#include <map>

#include "../elementwise.h"
#include "host_tensor.h"
#include "test.h"

namespace hornet::test {
namespace {

using Shape = std::vector<int64_t>;

/// The operation of one op: name, operands (registers), result dtype.
struct Op {
  std::string name;
  std::vector<int64_t> operands;
  DType dtype;
};

struct Constant {
  double value;
  DType dtype;
};

Attrs chainAttrs(const std::vector<Op>& ops, const std::vector<Constant>& constants, const std::vector<int64_t>& outs) {
  std::string names;
  std::vector<double> args, dtypes, values, constantDtypes;
  for (const Op& op : ops) {
    names += (names.empty() ? "" : ";") + op.name;
    args.insert(args.end(), op.operands.begin(), op.operands.end());
    dtypes.push_back(double(op.dtype));
  }
  for (const Constant& constant : constants) {
    values.push_back(constant.value);
    constantDtypes.push_back(double(constant.dtype));
  }
  return makeAttrs({{"ops", names},
                    {"args", args},
                    {"dtypes", dtypes},
                    {"consts", values},
                    {"constDtypes", constantDtypes},
                    {"outs", numbers(outs)}});
}

HostTensor runOp(const std::string& name, const std::vector<HostTensor>& inputs, DType result) {
  std::vector<int64_t> operands;
  for (size_t i = 0; i < inputs.size(); ++i) operands.push_back(int64_t(i));
  const Attrs attrs = chainAttrs({{name, operands, result}}, {}, {int64_t(inputs.size())});
  return runKernel("elementwise", attrs, inputs, {{result, inputs[0].spec.shape}})[0];
}

// Values with every special case of a dtype among them.
HostTensor samples(DType dtype, double low, double high, int64_t shift) {
  HostTensor tensor = randomTensor(dtype, {3000}, low, high);
  std::vector<double> special = {0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 7.0, 1e-3};
  if (isFloat(dtype)) special.insert(special.end(), {-0.0, INFINITY, -INFINITY, NAN, 1e-40, -1e-40, 1e30, -1e30});
  const int64_t count = int64_t(special.size());
  for (int64_t i = 0; i < count * count; ++i) tensor.set(i, special[size_t(shift ? i / count : i % count)]);
  return tensor;
}

bool same(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= tolerance * std::abs(b) + 1e-37;
}

double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

struct UnaryCase {
  double (*definition)(double);
  double low, high;
};

const std::map<std::string, UnaryCase>& unaryCases() {
  static const std::map<std::string, UnaryCase> cases = {
      {"exp", {[](double x) { return std::exp(x); }, -100, 100}},
      {"exp2", {[](double x) { return std::exp2(x); }, -140, 130}},
      {"expm1", {[](double x) { return std::expm1(x); }, -20, 90}},
      {"log", {[](double x) { return std::log(x); }, -1, 1e6}},
      {"log2", {[](double x) { return std::log2(x); }, 0, 3}},
      {"log10", {[](double x) { return std::log10(x); }, 0, 30}},
      {"log1p", {[](double x) { return std::log1p(x); }, -1.1, 3}},
      {"sqrt", {[](double x) { return std::sqrt(x); }, -1, 1e6}},
      {"rsqrt", {[](double x) { return 1 / std::sqrt(x); }, 0, 1e6}},
      {"cbrt", {[](double x) { return std::cbrt(x); }, -1e3, 1e6}},
      {"reciprocal", {[](double x) { return 1 / x; }, -10, 10}},
      {"sin", {[](double x) { return std::sin(x); }, -1e5, 1e5}},
      {"cos", {[](double x) { return std::cos(x); }, -1e5, 1e5}},
      {"tan", {[](double x) { return std::tan(x); }, -1e2, 1e2}},
      {"asin", {[](double x) { return std::asin(x); }, -1.1, 1.1}},
      {"acos", {[](double x) { return std::acos(x); }, -1.1, 1.1}},
      {"atan", {[](double x) { return std::atan(x); }, -1e2, 1e2}},
      {"sinh", {[](double x) { return std::sinh(x); }, -80, 80}},
      {"cosh", {[](double x) { return std::cosh(x); }, -80, 80}},
      {"tanh", {[](double x) { return std::tanh(x); }, -10, 10}},
      {"asinh", {[](double x) { return std::asinh(x); }, -1e2, 1e2}},
      {"acosh", {[](double x) { return std::acosh(x); }, 0, 1e2}},
      {"atanh", {[](double x) { return std::atanh(x); }, -1.1, 1.1}},
      {"erf", {[](double x) { return std::erf(x); }, -5, 5}},
      {"erfc", {[](double x) { return std::erfc(x); }, -5, 8}},
      {"lgamma", {[](double x) { return std::lgamma(x); }, 0.01, 0.8}},
      {"sigmoid", {sigmoid, -90, 90}},
      {"neg", {[](double x) { return -x; }, -10, 10}},
      {"abs", {[](double x) { return std::abs(x); }, -10, 10}},
      {"sign", {[](double x) { return x > 0   ? 1.0
                                      : x < 0 ? -1.0
                                              : x; }, -10, 10}},
      {"square", {[](double x) { return x * x; }, -10, 10}},
      {"floor", {[](double x) { return std::floor(x); }, -10, 10}},
      {"ceil", {[](double x) { return std::ceil(x); }, -10, 10}},
      {"trunc", {[](double x) { return std::trunc(x); }, -10, 10}},
      {"round", {[](double x) { return std::nearbyint(x); }, -10, 10}},
      {"relu", {[](double x) { return x < 0 ? 0.0 : x; }, -10, 10}},
  };
  return cases;
}

TEST("unary functions equal their definitions in double") {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16, DType::float16}) {
    const bool isHalf = dtype == DType::float16 || dtype == DType::bfloat16;
    for (const auto& [name, c] : unaryCases()) {
      const HostTensor x = samples(dtype, c.low, c.high, 0), y = runOp(name, {x}, dtype);
      HostTensor expected(dtype, x.spec.shape);
      for (int64_t i = 0; i < x.size(); ++i) expected.set(i, c.definition(x.get(i)));
      double worst = 0;
      for (int64_t i = 0; i < x.size(); ++i) {
        const bool near = std::abs(expected.get(i)) < 1e-37 && std::abs(y.get(i)) < 1e-37;
        if (!near && !same(y.get(i), expected.get(i), tolerance(dtype) / (isHalf ? 1 : 20))) worst = x.get(i) + 1e-9;
      }
      if (worst != 0) std::printf("  %s of %s %.9g\n", name.c_str(), dtypeName(dtype), worst);
      CHECK(worst == 0);
    }
  }
}

TEST("erfinv and digamma invert and differentiate") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const HostTensor x = randomTensor(dtype, {2000}, -1, 1), y = runOp("erfinv", {x}, dtype);
    for (int64_t i = 0; i < x.size(); ++i) CHECK(same(std::erf(y.get(i)), x.get(i), tolerance(dtype) / 5));
    const HostTensor ends = runOp("erfinv", {tensorOf(dtype, {5}, {0, 1, -1, 1.5, NAN})}, dtype);
    CHECK(difference(ends, {0, INFINITY, -INFINITY, NAN, NAN}) == 0);
    const HostTensor at = tensorOf(dtype, {4}, {1, 0.5, 10, -0.5}), d = runOp("digamma", {at}, dtype);
    CHECK(difference(d, {-0.57721566490153286, -1.9635100260214235, 2.2517525890667211, 0.03648997397857652}) <
          tolerance(dtype));
  }
}

struct BinaryCase {
  double (*definition)(double, double);
  double low, high;
  bool floatsOnly = false;
};

double mod(double a, double b) {
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

const std::map<std::string, BinaryCase>& binaryCases() {
  static const std::map<std::string, BinaryCase> cases = {
      {"add", {[](double a, double b) { return a + b; }, -9, 9}},
      {"sub", {[](double a, double b) { return a - b; }, -9, 9}},
      {"mul", {[](double a, double b) { return a * b; }, -9, 9}},
      {"div", {[](double a, double b) { return a / b; }, -9, 9, true}},
      {"rem", {[](double a, double b) { return std::fmod(a, b); }, -9, 9}},
      {"mod", {mod, -9, 9}},
      {"pow", {[](double a, double b) { return std::pow(a, b); }, -9, 9, true}},
      {"max", {[](double a, double b) { return a != a || b != b ? NAN : std::max(a, b); }, -9, 9}},
      {"min", {[](double a, double b) { return a != a || b != b ? NAN : std::min(a, b); }, -9, 9}},
      {"atan2", {[](double a, double b) { return std::atan2(a, b); }, -9, 9, true}},
      {"hypot", {[](double a, double b) { return std::hypot(a, b); }, -9, 9, true}},
      {"copysign", {[](double a, double b) { return std::copysign(a, b); }, -9, 9, true}},
      {"equal", {[](double a, double b) { return double(a == b); }, -3, 3}},
      {"not_equal", {[](double a, double b) { return double(a != b); }, -3, 3}},
      {"less", {[](double a, double b) { return double(a < b); }, -3, 3}},
      {"less_equal", {[](double a, double b) { return double(a <= b); }, -3, 3}},
      {"greater", {[](double a, double b) { return double(a > b); }, -3, 3}},
      {"greater_equal", {[](double a, double b) { return double(a >= b); }, -3, 3}},
      {"logical_and", {[](double a, double b) { return double(a != 0 && b != 0); }, -3, 3}},
      {"logical_or", {[](double a, double b) { return double(a != 0 || b != 0); }, -3, 3}},
      {"logical_xor", {[](double a, double b) { return double((a != 0) != (b != 0)); }, -3, 3}},
  };
  return cases;
}

bool isPredicate(const std::string& name) {
  return name.starts_with("logical") || name.find("equal") != std::string::npos || name == "less" || name == "greater";
}

TEST("binary functions equal their definitions in double") {
  for (const DType dtype :
       {DType::float32, DType::float64, DType::bfloat16, DType::int32, DType::int8, DType::uint16}) {
    for (const auto& [name, c] : binaryCases()) {
      if (c.floatsOnly && !isFloat(dtype)) continue;
      const double low = dtype == DType::uint16 ? 0 : c.low;
      const HostTensor a = samples(dtype, low, c.high, 0), b = samples(dtype, low, c.high, 1);
      const HostTensor y = runOp(name, {a, b}, isPredicate(name) ? DType::boolean : dtype);
      double worst = 0;
      for (int64_t i = 0; i < a.size(); ++i) {
        if (!isFloat(dtype) && b.get(i) == 0 && (name == "rem" || name == "mod")) continue;
        HostTensor expected(y.spec.dtype, {1});
        const double value = c.definition(a.get(i), b.get(i));
        if (isFloat(dtype))
          expected.set(0, value);
        else
          expected = tensorOf(y.spec.dtype, {1}, {value - (dtype == DType::uint16 && value < 0 ? -65536 : 0)});
        const bool near = std::abs(expected.get(0)) < 1e-37 && std::abs(y.get(i)) < 1e-37;
        if (!near && !same(y.get(i), expected.get(0), tolerance(dtype) / 10)) {
          worst = i + 1;
          std::printf("  %s(%g, %g) of %s: %g, expected %g\n", name.c_str(), a.get(i), b.get(i), dtypeName(dtype),
                      y.get(i), expected.get(0));
          break;
        }
      }
      CHECK(worst == 0);
    }
  }
}

TEST("integers wrap, divide like Python and never trap") {
  const DType i8 = DType::int8, i32 = DType::int32, u8 = DType::uint8;
  const auto binary = [](const char* name, DType dtype, std::vector<double> a, std::vector<double> b) {
    const Shape shape{int64_t(a.size())};
    return runOp(name, {tensorOf(dtype, shape, a), tensorOf(dtype, shape, b)}, dtype);
  };
  CHECK(difference(binary("add", i8, {127, -128}, {1, -1}), {-128, 127}) == 0);
  CHECK(difference(binary("mul", i32, {65536, 100000}, {65536, 100000}), {0, 1410065408}) == 0);
  CHECK(difference(binary("sub", u8, {0, 5}, {1, 3}), {255, 2}) == 0);
  CHECK(difference(binary("floor_div", i32, {7, -7, 7, -7, 5, INT32_MIN}, {2, 2, -2, -2, 0, -1}),
                   {3, -4, -4, 3, 0, INT32_MIN}) == 0);
  CHECK(difference(binary("mod", i32, {7, -7, 7, -7, 5}, {3, 3, -3, -3, 0}), {1, 2, -2, -1, 0}) == 0);
  CHECK(difference(binary("pow", i32, {3, -2, 2, 1, 0}, {4, 3, -1, -5, 0}), {81, -8, 0, 1, 1}) == 0);
  CHECK(difference(binary("bitwise_and", u8, {12, 255}, {10, 1}), {8, 1}) == 0);
  CHECK(difference(binary("shift_left", i32, {1, 1, 3}, {4, 40, 31}), {16, 0, INT32_MIN}) == 0);
  CHECK(difference(binary("shift_right", i8, {-8, 64}, {1, 3}), {-4, 8}) == 0);
  CHECK(difference(runOp("bitwise_not", {tensorOf(u8, {2}, {0, 5})}, u8), {255, 250}) == 0);
  CHECK(difference(runOp("bitwise_not", {tensorOf(DType::boolean, {2}, {0, 1})}, DType::boolean), {1, 0}) == 0);
  CHECK(difference(binary("floor_div", DType::float32, {7, -7, 1, -1}, {2, 2, 0.1, 0.1}), {3, -4, 9, -10}) == 0);
}

TEST("cast truncates, saturates and rounds") {
  const HostTensor x = tensorOf(DType::float32, {8}, {1.9, -1.9, 300, -300, NAN, INFINITY, 0.25, 65519});
  CHECK(difference(runOp("cast", {x}, DType::int8), {1, -1, 127, -128, 0, 127, 0, 127}) == 0);
  CHECK(difference(runOp("cast", {x}, DType::uint8), {1, 0, 255, 0, 0, 255, 0, 255}) == 0);
  CHECK(difference(runOp("cast", {x}, DType::int32), {1, -1, 300, -300, 0, INT32_MAX, 0, 65519}) == 0);
  CHECK(difference(runOp("cast", {x}, DType::boolean), {1, 1, 1, 1, 1, 1, 1, 1}) == 0);
  CHECK(difference(runOp("cast", {x}, DType::float16), {1.9, -1.9, 300, -300, NAN, INFINITY, 0.25, 65504}) < 1e-3);
  const HostTensor i = tensorOf(DType::int32, {3}, {300, -1, 0});
  CHECK(difference(runOp("cast", {i}, DType::uint8), {44, 255, 0}) == 0);
  CHECK(difference(runOp("cast", {i}, DType::boolean), {1, 1, 0}) == 0);
  // A half between other ops is rounded at the cast.
  const Attrs rounded = chainAttrs({{"cast", {0}, DType::bfloat16}, {"cast", {1}, DType::float32}}, {}, {2});
  CHECK(runKernel("elementwise", rounded, {tensorOf(DType::float32, {1}, {1.0001})}, {{DType::float32, {1}}})[0].get(
            0) == 1.0);
}

// Random chains ------------------------------------------------------------------------------------------------------

template <class T>
T pick(std::mt19937& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

struct RandomChain {
  Shape shape;
  std::vector<HostTensor> inputs;
  std::vector<Constant> constants;
  std::vector<Op> ops;
  std::vector<int64_t> outs;
  std::vector<DType> dtypes;  // of registers

  explicit RandomChain(std::mt19937& random) {
    const int rank = int(random() % 5);
    for (int d = 0; d < rank; ++d) shape.push_back(pick<int64_t>(random, {1, 2, 3, 5, 8}));
    if (rank > 0 && random() % 8 == 0) shape[random() % shape.size()] = pick<int64_t>(random, {70, 700, 3000});
    const size_t count = 1 + random() % 4;
    for (size_t i = 0; i < count; ++i) {
      Shape own(shape.begin() + int64_t(random() % 3 == 0 ? random() % (shape.size() + 1) : 0), shape.end());
      for (int64_t& dim : own) dim = random() % 4 == 0 ? 1 : dim;
      const DType dtype = pick<DType>(random, {DType::float32, DType::float32, DType::float64, DType::bfloat16,
                                               DType::int32, DType::uint8, DType::boolean, DType::int64});
      inputs.push_back(randomTensor(dtype, own, isFloat(dtype) ? -3 : 0, 3));
      dtypes.push_back(dtype);
    }
    constants = {{1.5, DType::float32}, {2, DType::int32}, {0.25, DType::float64}};
    for (const Constant& constant : constants) dtypes.push_back(constant.dtype);
    const size_t length = 1 + random() % 10;
    for (size_t i = 0; i < length; ++i) addOp(random);
    for (size_t i = 0; i < 1 + random() % 3; ++i) outs.push_back(int64_t(dtypes.size() - 1 - random() % (i + 1)));
  }

  void addOp(std::mt19937& random) {
    const int64_t a = int64_t(random() % dtypes.size());
    const DType dtype = dtypes[size_t(a)];
    std::vector<int64_t> alike, booleans;
    for (size_t r = 0; r < dtypes.size(); ++r) {
      if (dtypes[r] == dtype) alike.push_back(int64_t(r));
      if (dtypes[r] == DType::boolean) booleans.push_back(int64_t(r));
    }
    const int64_t b = pick(random, alike);
    const int kind = int(random() % 6);
    if (kind == 0) {
      const DType to = pick<DType>(random, {DType::float32, DType::float64, DType::bfloat16, DType::float16,
                                            DType::int32, DType::int8, DType::boolean, DType::int64});
      ops.push_back({"cast", {a}, to});
    } else if (kind == 1) {
      ops.push_back({pick<std::string>(random, {"less", "equal", "logical_or"}), {a, b}, DType::boolean});
    } else if (kind == 2 && !booleans.empty()) {
      ops.push_back({"select", {pick(random, booleans), a, b}, dtype});
    } else if (kind == 3) {
      ops.push_back({pick<std::string>(random, {"abs", "square", "relu", "sign"}), {a}, dtype});
    } else {
      ops.push_back({pick<std::string>(random, {"add", "mul", "max", "min"}), {a, b}, dtype});
    }
    dtypes.push_back(ops.back().dtype);
  }

  Attrs attrs() const { return chainAttrs(ops, constants, outs); }

  /// The same chain, op by op with one kernel each, on inputs of the full shape.
  std::vector<HostTensor> unfused() const {
    std::vector<HostTensor> registers;
    for (const HostTensor& input : inputs) registers.push_back(broadcasted(input));
    for (const Constant& constant : constants) {
      registers.push_back(broadcasted(tensorOf(constant.dtype, {}, {constant.value})));
    }
    for (const Op& op : ops) {
      HostTensor result(op.dtype, shape);
      for (int64_t i = 0; i < result.size(); ++i) result.set(i, apply(op, registers, i));
      registers.push_back(result);
    }
    std::vector<HostTensor> results;
    for (const int64_t out : outs) results.push_back(registers[size_t(out)]);
    return results;
  }

  HostTensor broadcasted(const HostTensor& input) const {
    HostTensor full(input.spec.dtype, shape);
    const Shape& own = input.spec.shape;
    for (int64_t i = 0; i < full.size(); ++i) {
      int64_t rest = i, at = 0, step = 1;
      for (size_t d = shape.size(); d-- > shape.size() - own.size();) {
        const int64_t dim = own[d - (shape.size() - own.size())];
        at += dim == 1 ? 0 : rest % shape[d] * step;
        step *= dim;
        rest /= shape[d];
      }
      full.set(i, input.get(at));
    }
    return full;
  }

  static double apply(const Op& op, const std::vector<HostTensor>& registers, int64_t i) {
    double x[3];
    for (size_t k = 0; k < op.operands.size(); ++k) x[k] = registers[size_t(op.operands[k])].get(i);
    if (op.name == "cast") return wrap(x[0], registers[size_t(op.operands[0])].spec.dtype, op.dtype);
    if (op.name == "select") return x[0] != 0 ? x[1] : x[2];
    const auto unary = unaryCases().find(op.name);
    return wrap(
        unary != unaryCases().end() ? unary->second.definition(x[0]) : binaryCases().at(op.name).definition(x[0], x[1]),
        isFloat(op.dtype) ? op.dtype : DType::int64, op.dtype);
  }

  static double wrap(double value, DType from, DType to) {
    if (isFloat(from) || isFloat(to) || to == DType::boolean) return value;
    if (to == DType::int8) return double(int8_t(int64_t(value)));
    if (to == DType::uint8) return double(uint8_t(int64_t(value)));
    if (to == DType::int32) return double(int32_t(int64_t(value)));
    return value;
  }
};

TEST("fused chains equal their ops one by one") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const RandomChain chain(random);
    const auto expected = chain.unfused();
    std::vector<TensorSpec> specs;
    bool exact = true;
    for (const HostTensor& e : expected) specs.push_back(e.spec);
    // Halves may stay wider between ops, which the reference rounds: compare only chains without them.
    for (size_t r = 0; r < chain.dtypes.size(); ++r) {
      const bool isHalf = chain.dtypes[r] == DType::float16 || chain.dtypes[r] == DType::bfloat16;
      exact = exact && !(isHalf && r >= chain.inputs.size());
    }
    const auto results = runKernel("elementwise", chain.attrs(), chain.inputs, specs);
    if (!exact) continue;
    for (size_t i = 0; i < expected.size(); ++i) CHECK(difference(results[i], expected[i].values()) == 0);
  }
}

TEST("an output may be the buffer of an input") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    RandomChain chain(random);
    const auto expected = chain.unfused();
    KernelArgs args{"elementwise", {}, {}, chain.attrs()};
    std::vector<HostTensor> inputs = chain.inputs, outputs;
    std::vector<const void*> in;
    std::vector<void*> out;
    for (HostTensor& input : inputs) {
      args.inputs.push_back(input.spec);
      in.push_back(input.bytes.data());
    }
    std::vector<int> shared(expected.size(), -1);
    for (size_t j = 0; j < expected.size(); ++j) {
      args.outputs.push_back(expected[j].spec);
      outputs.emplace_back(expected[j].spec.dtype, chain.shape);
    }
    for (size_t j = 0; j < expected.size(); ++j) {
      for (size_t i = 0; i < inputs.size(); ++i) {
        const bool taken = std::find(shared.begin(), shared.end(), int(i)) != shared.end();
        if (!taken && inputs[i].spec.shape == chain.shape &&
            sizeOf(inputs[i].spec.dtype) == sizeOf(expected[j].spec.dtype)) {
          shared[j] = int(i);
        }
      }
      out.push_back(shared[j] >= 0 ? inputs[size_t(shared[j])].bytes.data() : outputs[j].bytes.data());
    }
    const bool hasHalves = std::any_of(chain.dtypes.begin(), chain.dtypes.end(),
                                       [](DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; });
    findKernel("elementwise")(args)->run(in, out, nullptr);
    if (hasHalves) continue;
    for (size_t j = 0; j < expected.size(); ++j) {
      HostTensor actual(expected[j].spec.dtype, chain.shape);
      std::copy_n(static_cast<std::byte*>(out[j]), actual.bytes.size(), actual.bytes.data());
      CHECK(difference(actual, expected[j].values()) == 0);
    }
  }
}

}  // namespace
}  // namespace hornet::test

// Writing the CUDA source of an element-wise chain.
#include "chain_source.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "../dispatch.h"
#include "../elementwise.h"
#include "device.h"

namespace hornet {
namespace {

constexpr int64_t kWorthPacking = 32768;  // packs below leave multiprocessors idle

std::vector<std::string> split(const std::string& joined) {
  std::vector<std::string> parts;
  std::istringstream stream(joined);
  for (std::string part; std::getline(stream, part, ';');) parts.push_back(part);
  return parts;
}

/// A constant as a literal of its compute type that gives back the same value.
std::string literal(double value, DType dtype) {
  char text[64];
  switch (domainOf(dtype)) {
    case Domain::boolean:
      return value != 0 ? "1" : "0";
    case Domain::integer:
      std::snprintf(text, sizeof(text), "convert<int64_t>(convert<%s>(%a))", deviceType(dtype), value);
      return std::isfinite(value) ? text : "0";
    default:
      break;
  }
  const char* type = deviceComputeType(dtype);
  if (std::isnan(value)) return std::string("std::numeric_limits<") + type + ">::quiet_NaN()";
  if (std::isinf(value)) {
    return std::string(value < 0 ? "-" : "") + "std::numeric_limits<" + type + ">::infinity()";
  }
  // Rounded as memory of this dtype would hold it.
  std::snprintf(text, sizeof(text), "convert<%s>(convert<%s>(%a))", type, deviceType(dtype), value);
  return text;
}

class SourceWriter {
 public:
  SourceWriter(const KernelArgs& args, const ChainLayout& layout) : args_(args), layout_(layout) {}

  std::string write() {
    addValues();
    out_ << "#include <limits>\n#include \"elementwise_ops.h\"\n#include \"fault.h\"\n#include \"divisor.h\"\n"
            "namespace hornet {\n";
    writeArgs();
    writeChain();
    writeEntries();
    out_ << "}\n";
    return out_.str();
  }

 private:
  /// A value of the chain: its dtype and the expression that names it inside the loop.
  struct Value {
    DType dtype;
    std::string name;
  };

  size_t inputs() const { return args_.inputs.size(); }
  size_t outputs() const { return args_.outputs.size(); }
  const char* index() const { return layout_.isWide ? "int64_t" : "uint32_t"; }

  void addValues() {
    for (size_t i = 0; i < inputs(); ++i) values_.push_back({args_.inputs[i].dtype, "v" + std::to_string(i)});
    const auto& constants = args_.attrs.numbers("consts");
    const auto dtypes = args_.attrs.integers("constDtypes");
    for (size_t i = 0; i < constants.size(); ++i) {
      const DType dtype = DType(dtypes[i]);
      const std::string name = "c" + std::to_string(i);
      constants_ << "  const " << deviceComputeType(dtype) << " " << name << " = " << literal(constants[i], dtype)
                 << ";\n";
      values_.push_back({dtype, name});
    }
    addOps();
  }

  void addOps() {
    const auto names = split(args_.attrs.string("ops", ""));
    const auto operands = args_.attrs.integers("args");
    const auto dtypes = args_.attrs.integers("dtypes");
    size_t next = 0;
    const auto take = [&] { return values_.at(size_t(operands.at(next++))); };
    for (size_t i = 0; i < names.size(); ++i) {
      const DType dtype = DType(dtypes[i]);
      const std::string type = deviceComputeType(dtype), memory = deviceType(dtype);
      std::string expression;
      if (names[i] == "cast") {
        expression = rounded(take().name, type, memory);
      } else if (names[i] == "select") {
        const Value condition = take(), a = take(), b = take();
        expression = "op_select<" + type + ">(" + condition.name + ", " + a.name + ", " + b.name + ")";
      } else {
        const Value a = take();
        expression = "op_" + names[i] + "<" + std::string(deviceComputeType(a.dtype)) + ">(" + a.name;
        for (int more = arity(names[i]); more > 1; --more) expression += ", " + take().name;
        expression += ")";
        // Integers and booleans wrap as memory of their dtype would; halfs are rounded when they are stored.
        const bool isExact = isNative(dtype) || isFloat(dtype);
        if (!isExact) expression = rounded(expression, type, memory);
      }
      values_.push_back({dtype, "r" + std::to_string(i)});
      body_ << "      const " << type << " r" << i << " = " << expression << ";\n";
    }
  }

  static std::string rounded(const std::string& expression, const std::string& type, const std::string& memory) {
    return "convert<" + type + ">(convert<" + memory + ">(" + expression + "))";
  }

  static int arity(const std::string& name) {
#define HORNET_NAME(op, expression) #op,
    static constexpr const char* binary[] = {HORNET_FLOAT_BINARY(HORNET_NAME) HORNET_BINARY(
        HORNET_NAME) HORNET_INTEGER_BINARY(HORNET_NAME) HORNET_BINARY_PREDICATE(HORNET_NAME)};
    static constexpr const char* unary[] = {HORNET_FLOAT_UNARY(HORNET_NAME) HORNET_UNARY(HORNET_NAME)
                                                HORNET_INTEGER_UNARY(HORNET_NAME) HORNET_UNARY_PREDICATE(HORNET_NAME)};
#undef HORNET_NAME
    const auto named = [&](const char* known) { return name == known; };
    if (std::ranges::any_of(binary, named)) return 2;
    if (std::ranges::any_of(unary, named)) return 1;
    throw Error(name, "not an element-wise op");
  }

  // Eight-byte members first and no padding: the host writes the same words one after the other.
  void writeArgs() {
    out_ << "struct ChainTensors {\n";
    if (inputs() > 0) out_ << "  const void* in[" << inputs() << "];\n";
    out_ << "  void* out[" << outputs() << "];\n  int64_t packs;\n};\n";
    out_ << "struct ChainArgs {\n  const FaultRecord* fault;\n  ChainTensors tensors;\n";
    if (!layout_.strides.empty()) {
      out_ << "  int64_t strides[" << layout_.strides.size() << "][" << layout_.dims.size() << "];\n";
      if (layout_.isWide) {
        out_ << "  int64_t dims[" << layout_.dims.size() << "];\n";
      } else {
        out_ << "  Divisor dims[" << layout_.dims.size() << "];\n";
      }
    }
    out_ << "};\n";
  }

  void writeChain() {
    const bool isStrided = !layout_.strides.empty();
    out_ << "__device__ inline void walk(const ChainTensors& t, " << (isStrided ? "const ChainArgs& args, " : "")
         << "int64_t first, int64_t step) {\n"
         << constants_.str();
    for (size_t i = 0; i < inputs(); ++i) {
      if (layout_.walks[i] != ChainLayout::Walk::uniform) continue;
      out_ << "  const " << deviceComputeType(args_.inputs[i].dtype) << " v" << i << " = "
           << loaded(i, memoryAt(i, "0")) << ";\n";
    }
    out_ << "  for (int64_t pack = first; pack < t.packs; pack += step) {\n";
    if (isStrided) writeCoordinates();
    for (size_t i = 0, s = 0; i < inputs(); ++i) {
      const std::string pack = "static_cast<const " + packOf(args_.inputs[i]) + "*>(t.in[" + std::to_string(i) + "])[";
      if (layout_.walks[i] == ChainLayout::Walk::contiguous) {
        out_ << "    const auto p" << i << " = " << pack << "pack];\n";
      } else if (layout_.walks[i] == ChainLayout::Walk::strided) {
        const std::string offset = "offset" + std::to_string(s);
        if (layout_.packed[s++]) {
          out_ << "    const auto p" << i << " = " << pack << offset << "];\n";
        } else {
          out_ << "    const " << deviceComputeType(args_.inputs[i].dtype) << " v" << i << " = "
               << loaded(i, memoryAt(i, offset)) << ";\n";
        }
      }
    }
    const auto outs = args_.attrs.integers("outs");
    for (size_t j = 0; j < outputs(); ++j) {
      out_ << "    " << packOf(args_.outputs[j]) << " q" << j << ";\n";
    }
    out_ << "#pragma unroll\n    for (int i = 0; i < " << layout_.packSize << "; ++i) {\n";
    for (size_t i = 0, s = 0; i < inputs(); ++i) {
      const bool isPacked = layout_.walks[i] == ChainLayout::Walk::contiguous ||
                            (layout_.walks[i] == ChainLayout::Walk::strided && layout_.packed[s++]);
      if (isPacked) {
        out_ << "      const " << deviceComputeType(args_.inputs[i].dtype) << " v" << i << " = "
             << loaded(i, "p" + std::to_string(i) + ".at[i]") << ";\n";
      }
    }
    out_ << body_.str();
    for (size_t j = 0; j < outputs(); ++j) {
      out_ << "      q" << j << ".at[i] = convert<" << deviceType(args_.outputs[j].dtype) << ">("
           << values_.at(size_t(outs.at(j))).name << ");\n";
    }
    out_ << "    }\n";
    for (size_t j = 0; j < outputs(); ++j)
      out_ << "    static_cast<" << packOf(args_.outputs[j]) << "*>(t.out[" << j << "])[pack] = q" << j << ";\n";
    out_ << "  }\n}\n";
  }

  void writeCoordinates() {
    const size_t rank = layout_.dims.size();
    const auto isRead = [&](size_t d) {
      return std::ranges::any_of(layout_.strides, [d](const Dims& strides) { return strides[d] != 0; });
    };
    // Unread outer dimensions need not be told apart.
    size_t first = 0;
    while (first < rank && !isRead(first)) ++first;
    out_ << "    " << index() << " rest = " << index() << "(pack);\n";
    for (size_t d = rank; d-- > first;) {
      const std::string at = "at" + std::to_string(d), dim = "args.dims[" + std::to_string(d) + "]";
      if (d == 0) {
        out_ << "    const " << index() << " at0 = rest;\n";
      } else if (layout_.isWide) {
        if (isRead(d)) out_ << "    const int64_t " << at << " = rest % " << dim << ";\n";
        out_ << "    rest /= " << dim << ";\n";
      } else if (isRead(d)) {
        out_ << "    uint32_t " << at << ";\n    rest = " << dim << ".divide(rest, " << at << ");\n";
      } else {
        out_ << "    rest = " << dim << ".divide(rest);\n";
      }
    }
    for (size_t s = 0; s < layout_.strides.size(); ++s) {
      out_ << "    const int64_t offset" << s << " = 0";
      for (size_t d = first; d < rank; ++d) {
        if (layout_.strides[s][d] != 0) out_ << " + int64_t(at" << d << ") * args.strides[" << s << "][" << d << "]";
      }
      out_ << ";\n";
    }
  }

  std::string packOf(const TensorSpec& spec) const {
    return std::string("Pack<") + deviceType(spec.dtype) + ", " + std::to_string(layout_.packSize) + ">";
  }

  std::string memoryAt(size_t i, const std::string& offset) const {
    return std::string("static_cast<const ") + deviceType(args_.inputs[i].dtype) + "*>(t.in[" + std::to_string(i) +
           "])[" + offset + "]";
  }

  std::string loaded(size_t i, const std::string& memory) const {
    return std::string("convert<") + deviceComputeType(args_.inputs[i].dtype) + ">(" + memory + ")";
  }

  void writeEntries() {
    const bool isStrided = !layout_.strides.empty();
    const char* guard = args_.writesState ? "  if (hasFault(args.fault)) return;\n" : "";
    out_ << "__device__ inline void runChain(const ChainArgs& args) {\n"
         << guard << "  walk(args.tensors, " << (isStrided ? "args, " : "")
         << "int64_t(blockIdx.x) * blockDim.x + threadIdx.x, int64_t(gridDim.x) * blockDim.x);\n}\n";
    if (isStrided) return;
    const size_t words = inputs() + outputs() + 1;
    out_ << "struct ChainsArgs {\n  const FaultRecord* fault;\n  ChainTensors tensors[" << chainsAtOnce(words)
         << "];\n  uint32_t ends[" << chainsAtOnce(words) << "];\n};\n"
         << "__device__ inline void runChains(const ChainsArgs& args) {\n"
         << guard
         << "  uint32_t begin = 0, i = 0;\n"
            "  for (; blockIdx.x >= args.ends[i]; ++i) begin = args.ends[i];\n"
            "  walk(args.tensors[i], int64_t(blockIdx.x - begin) * blockDim.x + threadIdx.x,\n"
            "       int64_t(args.ends[i] - begin) * blockDim.x);\n}\n";
  }

  const KernelArgs& args_;
  const ChainLayout& layout_;
  std::vector<Value> values_;
  std::ostringstream out_, body_, constants_;
};

}  // namespace

size_t chainsAtOnce(size_t words) {
  constexpr size_t kParameterBytes = 3900;  // of the 4096 that a kernel takes
  return (kParameterBytes - 8) / (8 * words + 4);
}

ChainLayout::ChainLayout(const KernelArgs& args) {
  const TensorSpec& output = args.outputs[0];
  const int64_t count = output.numel();
  std::vector<Dims> walked;
  for (const TensorSpec& input : args.inputs) {
    const int64_t own = input.numel();
    walks.push_back(own == count ? Walk::contiguous : own == 1 ? Walk::uniform : Walk::strided);
    if (walks.back() == Walk::strided) walked.push_back(broadcastStrides(input.shape, output.shape));
  }
  if (count == 1) std::ranges::fill(walks, Walk::uniform);
  Dims merged = output.shape;
  if (walked.empty()) {
    merged = {count};
  } else {
    mergeDims(merged, walked);
  }

  int most = 8;
  for (size_t i = 0; i < args.inputs.size(); ++i) {
    if (walks[i] != Walk::uniform) most = std::min(most, int(16 / sizeOf(args.inputs[i].dtype)));
  }
  for (const TensorSpec& spec : args.outputs) most = std::min(most, int(16 / sizeOf(spec.dtype)));
  const int64_t last = merged.empty() ? 1 : merged.back();
  while (most > 1 && (last % most != 0 || count / most < kWorthPacking)) most /= 2;
  packSize = most;
  packs = count / packSize;
  isWide = packs >= (int64_t(1) << 31);
  if (walked.empty()) return;

  dims = merged;
  dims.back() /= packSize;
  for (Dims& s : walked) {
    packed.push_back(s.back() == 1);
    for (size_t d = 0; d < s.size(); ++d) {
      const bool isLast = d + 1 == s.size();
      // Of packed inputs all strides but the last are multiples of the row, and so of the pack.
      if (packed.back() && !isLast) s[d] /= packSize;
    }
    strides.push_back(std::move(s));
  }
}

std::string chainSource(const KernelArgs& args, const ChainLayout& layout) {
  return SourceWriter(args, layout).write();
}

}  // namespace hornet

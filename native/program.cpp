// Decoding and checking of the program format.
#include "program.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "error.h"

namespace hornet {
namespace {

constexpr uint32_t kMagic = 0x4e524f48, kVersion = 3;
constexpr uint32_t kMaxRank = 16, kMaxDepth = 64;
constexpr uint64_t kMaxBytes = uint64_t(1) << 48;

[[noreturn]] void fail(const std::string& message) { throw Error("program", message); }

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  /// A count of items of at least `itemBytes` each, which must still fit into the rest.
  uint32_t count(size_t itemBytes) {
    const uint32_t n = read<uint32_t>();
    if (n > (bytes_.size() - at_) / itemBytes) fail("a count exceeds the size of the program");
    return n;
  }

  std::string string() {
    const auto text = take(count(1));
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  std::span<const uint8_t> take(size_t n) {
    if (n > bytes_.size() - at_) fail("the program is truncated");
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }

  bool atEnd() const { return at_ == bytes_.size(); }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

ProgramValue readValue(Reader& in) {
  const auto dtype = in.read<uint8_t>(), storage = in.read<uint8_t>();
  if (dtype >= kDTypeCount || storage > uint8_t(Storage::constant)) fail("unknown dtype or storage of a value");
  ProgramValue value{{DType(dtype), {}}, Storage(storage), in.read<uint64_t>()};
  const uint32_t rank = in.count(sizeof(uint64_t));
  if (rank > kMaxRank) fail("a value has more than 16 dimensions");
  uint64_t bytes = sizeOf(value.spec.dtype);
  for (uint32_t i = 0; i < rank; ++i) {
    const auto dim = in.read<uint64_t>();
    if (dim > kMaxBytes || (dim != 0 && bytes > kMaxBytes / dim)) fail("a value is too large");
    bytes *= dim;
    value.spec.shape.push_back(int64_t(dim));
  }
  return value;
}

std::vector<uint32_t> readIds(Reader& in, size_t valueCount) {
  std::vector<uint32_t> ids(in.count(sizeof(uint32_t)));
  for (uint32_t& id : ids) {
    id = in.read<uint32_t>();
    if (id >= valueCount) fail("an instruction names a value that does not exist");
  }
  return ids;
}

Program decode(std::span<const uint8_t> bytes, uint32_t depth);

Attrs::Value readAttr(Reader& in, uint32_t depth) {
  switch (in.read<uint8_t>()) {
    case 0:
      return in.read<double>();
    case 1: {
      std::vector<double> list(in.count(sizeof(double)));
      for (double& number : list) number = in.read<double>();
      return list;
    }
    case 2:
      return in.string();
    case 3: {
      Programs programs(in.count(sizeof(uint32_t)));
      for (auto& program : programs) {
        program = std::make_shared<const Program>(decode(in.take(in.count(1)), depth + 1));
      }
      return programs;
    }
    default:
      fail("unknown kind of attribute");
  }
}

Instruction readInstruction(Reader& in, size_t valueCount, uint32_t depth) {
  Instruction instruction;
  instruction.op = in.string();
  instruction.inputs = readIds(in, valueCount);
  instruction.outputs = readIds(in, valueCount);
  for (uint32_t n = in.count(9); n > 0; --n) {
    const std::string key = in.string();
    instruction.attrs.set(key, readAttr(in, depth));
  }
  return instruction;
}

/// Checks that every value lies within its storage, and collects how large parameters and results must be.
void checkPlaces(Program& program) {
  program.parameterBytes.resize(program.parameterCount);
  program.resultBytes.resize(program.resultCount);
  const auto need = [](std::vector<size_t>& sizes, const ProgramValue& value) {
    if (value.place >= sizes.size()) fail("a value names a parameter or result that does not exist");
    sizes[value.place] = std::max(sizes[value.place], value.spec.bytes());
  };
  for (const ProgramValue& value : program.values) {
    if (value.storage == Storage::parameter) {
      need(program.parameterBytes, value);
    } else if (value.storage == Storage::result) {
      need(program.resultBytes, value);
    } else {
      const uint64_t size = value.storage == Storage::arena ? program.arenaBytes : program.constants.size();
      if (value.place > size || value.spec.bytes() > size - value.place) fail("a value lies outside of its storage");
      if (value.place % sizeOf(value.spec.dtype) != 0) fail("a value is not aligned");
    }
  }
  for (const Instruction& instruction : program.instructions) {
    for (const uint32_t id : instruction.outputs) {
      if (program.values[id].storage == Storage::constant) fail("an instruction writes to a constant");
    }
  }
}

Program decode(std::span<const uint8_t> bytes, uint32_t depth) {
  if (depth > kMaxDepth) fail("loops are nested too deeply");
  Reader in(bytes);
  if (in.read<uint32_t>() != kMagic) fail("not a program");
  if (in.read<uint32_t>() != kVersion) fail("the program is of another version than the addon; build the addon anew");
  Program program{};
  program.arenaBytes = in.read<uint64_t>();
  if (program.arenaBytes > kMaxBytes) fail("the arena is too large");
  const auto constants = in.take(in.read<uint64_t>());
  program.constants.assign(constants.begin(), constants.end());
  program.parameterCount = in.read<uint32_t>();
  program.resultCount = in.read<uint32_t>();
  const uint32_t valueCount = in.count(14);
  if (program.parameterCount > valueCount || program.resultCount > valueCount) {
    fail("more parameters or results than values");
  }
  program.values.reserve(valueCount);
  for (uint32_t i = 0; i < valueCount; ++i) program.values.push_back(readValue(in));
  const uint32_t instructionCount = in.count(16);
  program.instructions.reserve(instructionCount);
  for (uint32_t i = 0; i < instructionCount; ++i)
    program.instructions.push_back(readInstruction(in, valueCount, depth));
  if (!in.atEnd()) fail("bytes follow the last instruction");
  checkPlaces(program);
  return program;
}

}  // namespace

const Attrs::Value& Attrs::at(const std::string& key, size_t kind) const {
  const auto found = values_.find(key);
  if (found == values_.end()) fail("attribute '" + key + "' is missing");
  if (found->second.index() != kind) fail("attribute '" + key + "' is of the wrong kind");
  return found->second;
}

int64_t Attrs::toInteger(const std::string& key, double number) {
  if (!(std::abs(number) <= double(int64_t(1) << 53)) || number != std::trunc(number)) {
    fail("attribute '" + key + "' is not an integer");
  }
  return int64_t(number);
}

Program decode(std::span<const uint8_t> bytes) { return decode(bytes, 0); }

std::vector<std::string> describe(const Program& program) {
  std::vector<std::string> lines;
  for (const Instruction& instruction : program.instructions) {
    std::ostringstream line;
    line << instruction.op;
    const auto add = [&](const std::vector<uint32_t>& ids) {
      for (const uint32_t id : ids) {
        const TensorSpec& spec = program.values[id].spec;
        line << ' ' << dtypeName(spec.dtype) << '[';
        for (size_t i = 0; i < spec.shape.size(); ++i) line << (i ? "," : "") << spec.shape[i];
        line << ']';
      }
    };
    add(instruction.inputs);
    line << " ->";
    add(instruction.outputs);
    lines.push_back(line.str());
  }
  return lines;
}

}  // namespace hornet

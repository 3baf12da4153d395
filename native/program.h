// A decoded program: values with their places, and instructions. lib/graph/encode.ts writes the format.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tensor.h"

namespace hornet {

/// Where a value's bytes are: a parameter's or result's own buffer, the program's arena, or its constants.
enum class Storage : uint8_t { parameter, result, arena, constant };

struct ProgramValue {
  TensorSpec spec;
  Storage storage;
  uint64_t place;  // index of the parameter or result, else byte offset
};

struct Program;
/// The programs that an instruction runs: the bodies of a loop, or branches.
using Programs = std::vector<std::shared_ptr<const Program>>;

/// The attributes of an instruction. Reading one that is missing or of another kind throws an Error.
class Attrs {
 public:
  using Value = std::variant<double, std::vector<double>, std::string, Programs>;

  double number(const std::string& key) const { return std::get<double>(at(key, 0)); }
  int64_t integer(const std::string& key) const { return toInteger(key, number(key)); }
  bool flag(const std::string& key) const { return has(key) && number(key) != 0; }
  const std::vector<double>& numbers(const std::string& key) const { return std::get<std::vector<double>>(at(key, 1)); }
  std::vector<int64_t> integers(const std::string& key) const {
    std::vector<int64_t> list;
    for (const double number : numbers(key)) list.push_back(toInteger(key, number));
    return list;
  }
  const std::string& string(const std::string& key) const { return std::get<std::string>(at(key, 2)); }
  std::string string(const std::string& key, const std::string& otherwise) const {
    return has(key) ? string(key) : otherwise;
  }
  const Programs& programs(const std::string& key) const { return std::get<Programs>(at(key, 3)); }
  bool has(const std::string& key) const { return values_.contains(key); }
  void set(const std::string& key, Value value) { values_[key] = std::move(value); }

 private:
  const Value& at(const std::string& key, size_t kind) const;
  static int64_t toInteger(const std::string& key, double number);

  std::map<std::string, Value> values_;
};

struct Instruction {
  std::string op;
  std::vector<uint32_t> inputs, outputs;
  Attrs attrs;
};

struct Program {
  uint64_t arenaBytes;
  std::vector<uint8_t> constants;
  uint32_t parameterCount, resultCount;
  std::vector<ProgramValue> values;
  std::vector<Instruction> instructions;
  /// Bytes that each parameter and result buffer must have at least.
  std::vector<size_t> parameterBytes, resultBytes;
};

/// Reads the program format. Throws an Error unless everything in it is within bounds.
Program decode(std::span<const uint8_t> bytes);

/// One line per instruction, e.g. `matmul float32[8,4] float32[4,2] -> float32[8,2]`.
std::vector<std::string> describe(const Program& program);

}  // namespace hornet

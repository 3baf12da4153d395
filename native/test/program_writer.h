// Writes programs by hand, as lib/graph/encode.ts does.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "../program.h"

namespace hornet::test {

class ByteWriter {
 public:
  template <class T>
  ByteWriter& put(T value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
    return *this;
  }
  ByteWriter& put(const std::string& text) {
    put(uint32_t(text.size()));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  template <class T>
  ByteWriter& putList(const std::vector<T>& list) {
    put(uint32_t(list.size()));
    for (const T item : list) put(item);
    return *this;
  }
  ByteWriter& putRaw(const std::vector<uint8_t>& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

/// A program with every part open to be set, also wrongly.
struct WrittenProgram {
  struct Value {
    uint8_t dtype, storage;
    uint64_t place;
    std::vector<uint64_t> dims;
  };
  struct Step {
    std::string op;
    std::vector<uint32_t> inputs, outputs;
    std::vector<std::pair<std::string, Attrs::Value>> attrs;
  };

  uint32_t magic = 0x4e524f48, version = 3;
  uint64_t arenaBytes = 0;
  std::vector<uint8_t> constants;
  uint32_t parameters = 0, results = 0;
  std::vector<Value> values;
  std::vector<Step> steps;

  std::vector<uint8_t> bytes() const {
    ByteWriter out;
    out.put(magic).put(version).put(arenaBytes).put(uint64_t(constants.size())).putRaw(constants);
    out.put(parameters).put(results).put(uint32_t(values.size()));
    for (const Value& value : values) out.put(value.dtype).put(value.storage).put(value.place).putList(value.dims);
    out.put(uint32_t(steps.size()));
    for (const Step& step : steps) {
      out.put(step.op).putList(step.inputs).putList(step.outputs).put(uint32_t(step.attrs.size()));
      for (const auto& [key, value] : step.attrs) {
        out.put(key).put(uint8_t(value.index()));
        if (const auto* number = std::get_if<double>(&value)) out.put(*number);
        if (const auto* list = std::get_if<std::vector<double>>(&value)) out.putList(*list);
        if (const auto* text = std::get_if<std::string>(&value)) out.put(*text);
      }
    }
    return out.bytes();
  }
};

inline constexpr uint8_t kFloat32 = uint8_t(DType::float32), kInt32 = uint8_t(DType::int32);
inline constexpr uint8_t kParameter = 0, kResult = 1, kArena = 2, kConstant = 3;

/// The step z = x + y for float32 values of one shape.
inline WrittenProgram::Step addStep(uint32_t x, uint32_t y, uint32_t z) {
  using List = std::vector<double>;
  return {"elementwise",
          {x, y},
          {z},
          {{"ops", std::string("add")},
           {"args", List{0, 1}},
           {"dtypes", List{double(kFloat32)}},
           {"consts", List{}},
           {"constDtypes", List{}},
           {"outs", List{2}}}};
}

}  // namespace hornet::test

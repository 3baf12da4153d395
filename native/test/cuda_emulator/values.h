// Reading and writing numbers of the types that the emulated libraries compute with.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "../../convert.h"

namespace emulated {

enum class Type { unknown, boolean, int8, uint8, int32, int64, half, bfloat16, float32, float64 };

inline size_t sizeOf(Type type) {
  constexpr size_t bytes[] = {0, 1, 1, 1, 4, 8, 2, 2, 4, 8};
  return bytes[int(type)];
}

template <class T>
T loadAs(const void* memory, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(memory) + index * int64_t(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void storeAs(void* memory, int64_t index, T value) {
  std::memcpy(static_cast<char*>(memory) + index * int64_t(sizeof(T)), &value, sizeof(T));
}

inline double load(Type type, const void* memory, int64_t index) {
  switch (type) {
    case Type::boolean:
      return loadAs<uint8_t>(memory, index) != 0;
    case Type::int8:
      return loadAs<int8_t>(memory, index);
    case Type::uint8:
      return loadAs<uint8_t>(memory, index);
    case Type::int32:
      return loadAs<int32_t>(memory, index);
    case Type::int64:
      return double(loadAs<int64_t>(memory, index));
    case Type::half:
      return double(hornet::toFloat(loadAs<hornet::Float16>(memory, index)));
    case Type::bfloat16:
      return double(hornet::toFloat(loadAs<hornet::BFloat16>(memory, index)));
    case Type::float32:
      return double(loadAs<float>(memory, index));
    case Type::float64:
      return loadAs<double>(memory, index);
    case Type::unknown:
      break;
  }
  return std::nan("");
}

inline void store(Type type, void* memory, int64_t index, double value) {
  switch (type) {
    case Type::boolean:
      return storeAs(memory, index, uint8_t(value != 0));
    case Type::int8:
      return storeAs(memory, index, hornet::convert<int8_t>(value));
    case Type::uint8:
      return storeAs(memory, index, hornet::convert<uint8_t>(value));
    case Type::int32:
      return storeAs(memory, index, hornet::convert<int32_t>(value));
    case Type::int64:
      return storeAs(memory, index, hornet::convert<int64_t>(value));
    case Type::half:
      return storeAs(memory, index, hornet::toFloat16(float(value)));
    case Type::bfloat16:
      return storeAs(memory, index, hornet::toBFloat16(float(value)));
    case Type::float32:
      return storeAs(memory, index, float(value));
    case Type::float64:
      return storeAs(memory, index, value);
    case Type::unknown:
      break;
  }
}

/// What tensor cores make of a float32: ten bits after the point.
inline float toTf32(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000u) != 0x7f800000u) bits = (bits + 0xfffu + ((bits >> 13) & 1u)) & ~0x1fffu;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

}  // namespace emulated

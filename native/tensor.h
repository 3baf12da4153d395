// What a tensor is without its memory: dtype and shape. The codes of DType are those of the program format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hornet {

enum class DType : uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64
};

inline constexpr int kDTypeCount = 12;

inline size_t sizeOf(DType dtype) {
  constexpr size_t bytes[kDTypeCount] = {1, 1, 2, 4, 1, 2, 4, 8, 2, 2, 4, 8};
  return bytes[int(dtype)];
}

inline const char* dtypeName(DType dtype) {
  constexpr const char* names[kDTypeCount] = {"bool",  "uint8", "uint16",  "uint32",   "int8",    "int16",
                                              "int32", "int64", "float16", "bfloat16", "float32", "float64"};
  return names[int(dtype)];
}

inline bool isFloat(DType dtype) { return dtype >= DType::float16; }

struct TensorSpec {
  DType dtype;
  std::vector<int64_t> shape;

  int64_t numel() const {
    int64_t count = 1;
    for (const int64_t dim : shape) count *= dim;
    return count;
  }
  size_t bytes() const { return size_t(numel()) * sizeOf(dtype); }
};

}  // namespace hornet

// Infinity and NaN by their bits: all bits of the exponent are set.
#pragma once

#include "tensor.h"

namespace hornet {

/// The bits of the exponent in a float of this dtype.
inline uint64_t exponentBits(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return 0x7c00;
    case DType::bfloat16:
      return 0x7f80;
    case DType::float32:
      return 0x7f800000;
    default:
      return 0x7ff0000000000000;
  }
}

}  // namespace hornet

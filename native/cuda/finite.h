// What all_finite hands to the device.
#pragma once

#include <cstdint>

namespace hornet {

/// Tensors of one dtype that one launch looks at.
inline constexpr int kFiniteTensors = 160;

struct FiniteArgs {
  const void* tensors[kFiniteTensors];
  int64_t counts[kFiniteTensors];
  uint64_t exponent;
  uint8_t* finite;  // 1 before; set to 0 where something is not finite
};

}  // namespace hornet

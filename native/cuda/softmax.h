// What the host tells the kernels of softmax.cu.
#pragma once

#include <cstdint>

namespace hornet {

/// Rows of `length` values, `inner` of them side by side.
struct SoftmaxArgs {
  const void* x;
  void* y;
  int64_t rows, length, inner;
};

/// The threads of softmaxLong.
inline constexpr int kSoftmaxLongThreads = 1024;

}  // namespace hornet

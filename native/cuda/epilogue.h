// Bias and activation over the rows of a result, where no library has done them on the way.
#pragma once

#include "../activation.h"

namespace hornet {

/// y = activation(y + bias) over rows of `width` values; the bias may be null.
struct EpilogueArgs {
  void* y;
  const void* bias;
  int64_t count, width;
  Activation activation;
};

}  // namespace hornet

#if !defined(__CUDACC__) && !defined(HORNET_DEVICE_CODE)

#include "device.h"
#include "pack.h"

namespace hornet {

class Epilogue {
 public:
  /// Nothing to do, and false.
  Epilogue() = default;
  Epilogue(Device& device, const TensorSpec& y, Activation activation)
      : pack_(packFor(sizeOf(y.dtype), y.shape.back())),
        kernel_(device, "epilogue.cu",
                instantiate("epilogue", {deviceType(y.dtype), deviceComputeType(y.dtype), std::to_string(pack_)})),
        args_{nullptr, nullptr, y.numel(), y.shape.back(), activation} {}

  explicit operator bool() const { return bool(kernel_); }

  /// In place.
  void run(void* y, const void* bias) {
    args_.y = y;
    args_.bias = bias;
    kernel_.launch({blocksFor(args_.count / pack_)}, args_);
  }

 private:
  int pack_ = 1;
  DeviceKernel kernel_;
  EpilogueArgs args_{};
};

}  // namespace hornet

#endif

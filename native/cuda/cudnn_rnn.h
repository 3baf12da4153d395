// cuDNN's recurrences: their descriptors, the sizes of what they need, and where their weights are. They have no graph
// form.
#pragma once

#include <array>
#include <memory>
#include <type_traits>
#include <vector>

#include "../rnn_shape.h"
#include "cudnn_library.h"
#include "device.h"
#include "rnn.h"

namespace hornet::cudnn {

template <class Handle, auto Destroy>
struct RnnDestroyer {
  using pointer = Handle;
  void operator()(Handle handle) const noexcept { (rnnFunctions().*Destroy)(handle); }
};
template <class Handle, auto Destroy>
using RnnOwned = std::unique_ptr<std::remove_pointer_t<Handle>, RnnDestroyer<Handle, Destroy>>;

using TensorDescriptor = RnnOwned<cudnnTensorDescriptor_t, &RnnFunctions::cudnnDestroyTensorDescriptor>;
using DropoutDescriptor = RnnOwned<cudnnDropoutDescriptor_t, &RnnFunctions::cudnnDestroyDropoutDescriptor>;
using RnnDescriptor = RnnOwned<cudnnRNNDescriptor_t, &RnnFunctions::cudnnDestroyRNNDescriptor>;
using RnnDataDescriptor = RnnOwned<cudnnRNNDataDescriptor_t, &RnnFunctions::cudnnDestroyRNNDataDescriptor>;

/// Tensors of a run; states and their gradients may be null where they are zero or not wanted.
struct RnnTensors {
  /// int32 [batch] on the device: the number of steps, of each sample.
  const void* lengths;
  const void *x, *y, *hx, *cx;
  void *hy, *cy;
  const void *weights, *dy, *dhy, *dcy;
  void *dx, *dhx, *dcx, *dweights;
  void *work, *reserve;
};

/// One layer in one direction, all sequences of one length.
class RnnPlan {
 public:
  /// Throws a StatusError where the library does not take this recurrence.
  RnnPlan(Device& device, const RnnShape& shape, DType dtype);

  size_t weightBytes() const { return weightBytes_; }
  size_t workBytes(bool training) const { return training ? trainingWork_ : inferenceWork_; }
  size_t reserveBytes() const { return reserveBytes_; }
  std::string name() const;

  /// The outputs and last states. In training it also fills the reserve, from which the gradients are computed.
  void forward(bool training, const RnnTensors& tensors, void* y);
  /// The gradients of the input and of the states before the first step.
  void backwardData(const RnnTensors& tensors);
  /// Adds to the gradients of the weights; behind backwardData.
  void backwardWeights(const RnnTensors& tensors);

  /// Where the weights are, for weights at this address, beside tensors [inputs, gates · units] and biases.
  RnnWeightsArgs weights(void* library, void* kernel, void* recurrentKernel, void* bias);

 private:
  /// Byte offsets into the weights; `bias` is -1 where there is none.
  struct Part {
    int64_t matrix, bias;
  };

  void findParts(void* weights);

  Device& device_;
  RnnShape shape_;
  DType dtype_;
  DropoutDescriptor noDropout_;
  RnnDescriptor rnn_;
  RnnDataDescriptor x_, y_;
  TensorDescriptor state_;
  size_t weightBytes_ = 0, trainingWork_ = 0, inferenceWork_ = 0, reserveBytes_ = 0;
  std::vector<Part> parts_;
};

}  // namespace hornet::cudnn

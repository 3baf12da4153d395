// A graph of cuDNN operations under construction: tensors, and operations between them. What runs it is a plan.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "cudnn_library.h"

namespace hornet::cudnn {

/// A tensor's dimensions in cuDNN's order and their strides in elements.
struct Layout {
  std::vector<int64_t> dims, strides;
};

/// A channels-last tensor [N, …, C]: dimensions N, C, ….
Layout channelsLast(const std::vector<int64_t>& shape);
/// A dense tensor in the order of its dimensions.
Layout rowMajor(const std::vector<int64_t>& dims);

/// A tensor of a graph: the number under which a plan is told its memory.
using Tensor = int64_t;

struct Sliding {
  std::vector<int64_t> strides, lo, hi, dilation;
};

class Graph {
 public:
  /// A tensor in device memory; `alignment` in bytes.
  Tensor tensor(DType dtype, const Layout& layout, int64_t alignment = 16);
  /// A tensor that exists between operations only.
  Tensor between(const Layout& layout, DType dtype = DType::float32);
  /// A number that the host gives when the plan runs; its dimensions are 1.
  Tensor scalar(DType dtype, size_t rank);
  const Descriptor& at(Tensor tensor) const { return entry(tensor).descriptor; }

  /// Tensors are numbered from 1 to this.
  Tensor tensors() const { return Tensor(entries_.size()); }
  /// Bytes in device memory; 0 for tensors that are not there.
  size_t bytes(Tensor tensor) const { return entry(tensor).bytes; }
  bool isScalar(Tensor tensor) const { return entry(tensor).isScalar; }

  // Convolutions: x [N, C, …], w [O, C / groups, …], y [N, O, …]. Sums are made in `compute`.
  void convolve(Tensor x, Tensor w, Tensor y, const Sliding& sliding, DType compute = DType::float32);
  void convolveInputGrad(Tensor dy, Tensor w, Tensor dx, const Sliding& sliding, DType compute = DType::float32);
  void convolveKernelGrad(Tensor x, Tensor dy, Tensor dw, const Sliding& sliding, DType compute = DType::float32);

  /// y = mode(x) or mode(x, b), broadcast; NaN stays NaN.
  void pointwise(cudnnPointwiseMode_t mode, std::initializer_list<Tensor> in, Tensor y, DType compute = DType::float32);
  /// dx = dy · mode'(x), where x is what the mode's backward form wants: the input, or for some the output.
  void pointwiseGrad(cudnnPointwiseMode_t mode, Tensor dy, Tensor x, Tensor dx, DType compute = DType::float32);
  /// y holds each place's index along an axis of x, int32.
  void index(Tensor x, Tensor y, int64_t axis);
  /// y is x in another layout: with the last two dimensions exchanged, strides and all, x transposed.
  void reshape(Tensor x, Tensor y);
  /// c = a · b over the last two dimensions.
  void matmul(Tensor a, Tensor b, Tensor c, DType compute = DType::float32);
  /// Reduces the dimensions that are 1 in y.
  void reduce(cudnnReduceTensorOp_t mode, Tensor x, Tensor y, DType compute = DType::float32);

  /// Any other operation: its attributes name tensors by `at`.
  void add(Descriptor operation);

  /// Whether it multiplies float32 tensors, which tensor cores would round to TF32.
  bool multipliesFloat32() const { return multipliesFloat32_; }
  const std::vector<Descriptor>& operations() const { return operations_; }
  /// Equal for graphs that are equal.
  std::string text() const;

 private:
  /// Notes that an operation multiplies a tensor.
  void multiplies(Tensor tensor) { multipliesFloat32_ |= entry(tensor).dtype == DType::float32; }
  Tensor enter(DType dtype, const Layout& layout, int64_t alignment, bool isVirtual, bool isScalar);

  struct Entry {
    Descriptor descriptor;
    DType dtype;
    bool isScalar;
    size_t bytes;
  };
  const Entry& entry(Tensor tensor) const { return entries_.at(size_t(tensor - 1)); }

  std::vector<Entry> entries_;
  std::vector<Descriptor> operations_;
  bool multipliesFloat32_ = false;
};

}  // namespace hornet::cudnn

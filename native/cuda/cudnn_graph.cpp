// The descriptors of tensors and operations.
#include "cudnn_graph.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "../strides.h"

namespace hornet::cudnn {
namespace {

Descriptor convolution(const Sliding& s, DType compute) {
  Descriptor d(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  d.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t(s.strides.size()))
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, dataType(compute))
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, s.strides)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, s.lo)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, s.hi)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, s.dilation);
  return std::move(d).finalize();
}

/// Sets y = 1 · f(…) + 0 · y.
void setScales(Descriptor& operation, cudnnBackendAttributeName_t alpha, cudnnBackendAttributeName_t beta,
               DType compute) {
  if (compute == DType::float64) {
    operation.set(alpha, 1.0).set(beta, 0.0);
  } else {
    operation.set(alpha, 1.0f).set(beta, 0.0f);
  }
}

Descriptor pointwiseMode(cudnnPointwiseMode_t mode, DType compute, std::optional<int64_t> axis = std::nullopt) {
  Descriptor d(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  d.set(CUDNN_ATTR_POINTWISE_MODE, mode).set(CUDNN_ATTR_POINTWISE_MATH_PREC, dataType(compute));
  if (mode == CUDNN_POINTWISE_RELU_FWD || mode == CUDNN_POINTWISE_RELU_BWD) {
    d.set(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_PROPAGATE_NAN);
  }
  if (axis) d.set(CUDNN_ATTR_POINTWISE_AXIS, *axis);
  return std::move(d).finalize();
}

}  // namespace

Layout channelsLast(const std::vector<int64_t>& shape) {
  Layout layout{shape, rowMajorStrides(shape)};
  std::rotate(layout.dims.begin() + 1, layout.dims.end() - 1, layout.dims.end());
  std::rotate(layout.strides.begin() + 1, layout.strides.end() - 1, layout.strides.end());
  return layout;
}

Layout rowMajor(const std::vector<int64_t>& dims) { return {dims, rowMajorStrides(dims)}; }

Tensor Graph::enter(DType dtype, const Layout& layout, int64_t alignment, bool isVirtual, bool isScalar) {
  const Tensor id = tensors() + 1;
  Descriptor d(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, dataType(dtype))
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, layout.dims)
      .set(CUDNN_ATTR_TENSOR_STRIDES, layout.strides)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, isVirtual)
      .set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, isScalar)
      .finalize();
  int64_t values = 1;
  for (size_t i = 0; i < layout.dims.size(); ++i) values += (layout.dims[i] - 1) * layout.strides[i];
  entries_.push_back({std::move(d), dtype, isScalar, isVirtual || isScalar ? 0 : size_t(values) * sizeOf(dtype)});
  return id;
}

Tensor Graph::tensor(DType dtype, const Layout& layout, int64_t alignment) {
  return enter(dtype, layout, alignment, false, false);
}

Tensor Graph::between(const Layout& layout, DType dtype) { return enter(dtype, layout, 16, true, false); }

Tensor Graph::scalar(DType dtype, size_t rank) {
  return enter(dtype, rowMajor(std::vector<int64_t>(rank, 1)), int64_t(sizeOf(dtype)), false, true);
}

void Graph::convolve(Tensor x, Tensor w, Tensor y, const Sliding& sliding, DType compute) {
  multiplies(x);
  Descriptor op(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution(sliding, compute))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, at(x))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, at(w))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, at(y));
  setScales(op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, compute);
  add(std::move(op));
}

void Graph::convolveInputGrad(Tensor dy, Tensor w, Tensor dx, const Sliding& sliding, DType compute) {
  multiplies(dy);
  Descriptor op(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, convolution(sliding, compute))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, at(dy))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, at(w))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, at(dx));
  setScales(op, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
            compute);
  add(std::move(op));
}

void Graph::convolveKernelGrad(Tensor x, Tensor dy, Tensor dw, const Sliding& sliding, DType compute) {
  multiplies(x);
  Descriptor op(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, convolution(sliding, compute))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, at(x))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, at(dy))
      .set(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, at(dw));
  setScales(op, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
            compute);
  add(std::move(op));
}

void Graph::pointwise(cudnnPointwiseMode_t mode, std::initializer_list<Tensor> in, Tensor y, DType compute) {
  Descriptor op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwiseMode(mode, compute))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(in.begin()[0]));
  if (in.size() > 1) op.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, at(in.begin()[1]));
  if (in.size() > 2) op.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, at(in.begin()[2]));
  op.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(y));
  add(std::move(op));
}

void Graph::pointwiseGrad(cudnnPointwiseMode_t mode, Tensor dy, Tensor x, Tensor dx, DType compute) {
  Descriptor op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwiseMode(mode, compute))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, at(dy))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(x))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, at(dx));
  add(std::move(op));
}

void Graph::index(Tensor x, Tensor y, int64_t axis) {
  Descriptor op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwiseMode(CUDNN_POINTWISE_GEN_INDEX, DType::int32, axis))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(x))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(y));
  add(std::move(op));
}

void Graph::reshape(Tensor x, Tensor y) {
  Descriptor op(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, at(x)).set(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, at(y));
  add(std::move(op));
}

void Graph::matmul(Tensor a, Tensor b, Tensor c, DType compute) {
  multiplies(a);
  Descriptor product(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
  product.set(CUDNN_ATTR_MATMUL_COMP_TYPE, dataType(compute)).finalize();
  Descriptor op(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, product)
      .set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, at(a))
      .set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, at(b))
      .set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, at(c));
  add(std::move(op));
}

void Graph::reduce(cudnnReduceTensorOp_t mode, Tensor x, Tensor y, DType compute) {
  Descriptor reduction(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
  reduction.set(CUDNN_ATTR_REDUCTION_OPERATOR, mode).set(CUDNN_ATTR_REDUCTION_COMP_TYPE, dataType(compute)).finalize();
  Descriptor op(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, reduction)
      .set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, at(x))
      .set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, at(y));
  add(std::move(op));
}

void Graph::add(Descriptor operation) { operations_.push_back(std::move(operation).finalize()); }

std::string Graph::text() const {
  std::string text;
  for (const Descriptor& operation : operations_) text += operation.text() + "\n";
  return text;
}

}  // namespace hornet::cudnn

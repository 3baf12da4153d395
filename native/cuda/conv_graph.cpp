// Tensors and operations of convolutions.
#include "conv_graph.h"

#include <algorithm>

namespace hornet {
namespace {

/// cuDNN knows two and three spatial axes.
int firstAxis(const Window& w) { return w.rank == 3 ? 0 : 1; }

std::vector<int64_t> spatialSizes(const Window& w, const Window::Sizes& sizes) {
  std::vector<int64_t> list;
  for (int axis = firstAxis(w); axis < 3; ++axis) list.push_back(sizes[axis]);
  return list;
}

cudnn::Layout layout(int64_t outer, const std::vector<int64_t>& sizes, int64_t channels) {
  std::vector<int64_t> shape{outer};
  shape.insert(shape.end(), sizes.begin(), sizes.end());
  shape.push_back(channels);
  return cudnn::channelsLast(shape);
}

cudnn::Sliding sliding(const Window& w) {
  cudnn::Sliding s{spatialSizes(w, w.stride), spatialSizes(w, w.lo), {}, spatialSizes(w, w.dilation)};
  for (int axis = firstAxis(w); axis < 3; ++axis) s.hi.push_back(std::max<int64_t>(0, w.hi(axis)));
  return s;
}

}  // namespace

ConvGraph::ConvGraph(const ConvShape& s, ConvDirection direction, DType dtype, Epilogue epilogue) {
  const Window& w = s.window;
  const DType compute = dtype == DType::float64 ? DType::float64 : DType::float32;
  const cudnn::Layout yLayout = layout(s.batch, spatialSizes(w, w.out), s.outputs);
  const cudnn::Tensor x = graph.tensor(dtype, layout(s.batch, spatialSizes(w, w.in), s.inputs));
  const cudnn::Tensor kernel = graph.tensor(dtype, layout(s.outputs, spatialSizes(w, w.size), s.groupInputs()));
  const cudnn::Tensor y = graph.tensor(dtype, yLayout);
  switch (direction) {
    case ConvDirection::forward: {
      a = x, b = kernel, result = y;
      const cudnn::Tensor product = epilogue.hasBias ? graph.between(yLayout, compute) : y;
      graph.convolve(x, kernel, product, sliding(w), compute);
      if (!epilogue.hasBias) return;
      const std::vector<int64_t> ones(size_t(3 - firstAxis(w)), 1);
      bias = graph.tensor(dtype, layout(1, ones, s.outputs));
      const cudnn::Tensor sum = epilogue.hasRelu ? graph.between(yLayout, compute) : y;
      graph.pointwise(CUDNN_POINTWISE_ADD, {product, bias}, sum, compute);
      if (epilogue.hasRelu) graph.pointwise(CUDNN_POINTWISE_RELU_FWD, {sum}, y, compute);
      return;
    }
    case ConvDirection::inputGrad:
      a = y, b = kernel, result = x;
      graph.convolveInputGrad(y, kernel, x, sliding(w), compute);
      return;
    default:
      a = x, b = y, result = kernel;
      graph.convolveKernelGrad(x, y, kernel, sliding(w), compute);
  }
}

}  // namespace hornet

// Which attributes the descriptors of the emulated cuDNN have, and what must hold between them.
#include <algorithm>
#include <utility>

#include "cudnn_descriptor.h"

namespace emulated::dnn {
namespace {

/// `most` values of a type; `type2` is taken, too.
struct Rule {
  int name;
  cudnnBackendAttributeType_t type;
  bool required = true;
  int64_t most = 1;
  cudnnBackendAttributeType_t type2 = type;
};

constexpr auto kInts = CUDNN_TYPE_INT64;
constexpr auto kDescriptor = CUDNN_TYPE_BACKEND_DESCRIPTOR;
constexpr auto kFloat = CUDNN_TYPE_FLOAT, kDouble = CUDNN_TYPE_DOUBLE;
constexpr int64_t kAny = 1 << 20;

const std::map<int, std::vector<Rule>>& rules() {
  static const auto& table = *new std::map<int, std::vector<Rule>>{
      {CUDNN_BACKEND_TENSOR_DESCRIPTOR,
       {{CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_TENSOR_STRIDES, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, kInts},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, kInts},
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, false},
        {CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, false}}},
      {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR,
       {{CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, kInts, true, CUDNN_DIM_MAX},
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, kInts}}},
      {CUDNN_BACKEND_POINTWISE_DESCRIPTOR,
       {{CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE},
        {CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, false},
        {CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_ELU_ALPHA, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_SOFTPLUS_BETA, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_SWISH_BETA, kDouble, false, 1, kFloat},
        {CUDNN_ATTR_POINTWISE_AXIS, kInts, false}}},
      {CUDNN_BACKEND_MATMUL_DESCRIPTOR, {{CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE}}},
      {CUDNN_BACKEND_REDUCTION_DESCRIPTOR,
       {{CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE},
        {CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE},
        {CUDNN_ATTR_REDUCTION_IS_DETERMINISTIC, CUDNN_TYPE_BOOLEAN, false}}},
      {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, kDescriptor}}},
      {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, kDescriptor}}},
      {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, kFloat, true, 1, kDouble},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, kDescriptor},
        {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, kDescriptor}}},
      {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kDescriptor},
        {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_TDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, kDescriptor, false},
        {CUDNN_ATTR_OPERATION_POINTWISE_ALPHA1, kFloat, false, 1, kDouble},
        {CUDNN_ATTR_OPERATION_POINTWISE_ALPHA2, kFloat, false, 1, kDouble}}},
      {CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_MATMUL_DESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_MATMUL_ADESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_MATMUL_BDESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_MATMUL_CDESC, kDescriptor}}},
      {CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_REDUCTION_DESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, kDescriptor},
        {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, kDescriptor}}},
      {CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATION_RESHAPE_XDESC, kDescriptor}, {CUDNN_ATTR_OPERATION_RESHAPE_YDESC, kDescriptor}}},
      {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR,
       {{CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, false},
        {CUDNN_ATTR_OPERATIONGRAPH_OPS, kDescriptor, true, kAny}}},
      {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR,
       {{CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, kDescriptor},
        {CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE},
        {CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, kDescriptor, false}}},
      {CUDNN_BACKEND_ENGINE_DESCRIPTOR,
       {{CUDNN_ATTR_ENGINE_OPERATION_GRAPH, kDescriptor},
        {CUDNN_ATTR_ENGINE_GLOBAL_INDEX, kInts},
        {CUDNN_ATTR_ENGINE_DEVICEPROP, kDescriptor, false}}},
      {CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
       {{CUDNN_ATTR_ENGINECFG_ENGINE, kDescriptor}, {CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, kDescriptor, false, kAny}}},
      {CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR,
       {{CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE}, {CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, kInts}}},
      {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR,
       {{CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, false},
        {CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, kDescriptor},
        {CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, kDescriptor, false}}},
      {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
       {{CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, kInts, true, kAny},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, true, kAny},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, false}}},
  };
  return table;
}

std::string nameOf(const Descriptor& descriptor, int attribute) {
  return "attribute " + std::to_string(attribute) + " of a descriptor of type " + std::to_string(descriptor.type);
}

cudnnStatus_t checkTensor(const Descriptor& tensor) {
  const auto dims = tensor.list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
  const auto strides = tensor.list<int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
  if (dims.size() != strides.size())
    return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor's dimensions and strides differ in number");
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] <= 0 || strides[i] < 0) return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor has an empty dimension");
  const auto alignment = tensor.value<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
  if (alignment <= 0 || (alignment & (alignment - 1)))
    return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor's alignment is no power of two");
  return CUDNN_STATUS_SUCCESS;
}

std::vector<int64_t> dimsOf(const Descriptor& descriptor, int name) {
  return descriptor.descriptor(name)->list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
}

/// x [N, C, …], w [O, C / groups, …], y [N, O, …] by the rule of convolutions.
cudnnStatus_t checkConvolution(const Descriptor& convolution, const std::vector<int64_t>& x,
                               const std::vector<int64_t>& w, const std::vector<int64_t>& y) {
  const auto spatial = convolution.value<int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
  const auto strides = convolution.list<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
  const auto dilations = convolution.list<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS);
  const auto lo = convolution.list<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
  const auto hi = convolution.list<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
  for (const auto* list : {&strides, &dilations, &lo, &hi})
    if (int64_t(list->size()) != spatial)
      return refuse(CUDNN_STATUS_BAD_PARAM, "a convolution's lists differ in length");
  for (const auto* list : {&x, &w, &y})
    if (int64_t(list->size()) != spatial + 2)
      return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "a convolution's tensors have another rank");
  if (spatial < 2 || spatial > 3)
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "convolutions have 2 or 3 spatial dimensions");
  if (x[0] != y[0] || w[0] != y[1] || x[1] % w[1] != 0 || w[0] % (x[1] / w[1]) != 0)
    return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "a convolution's batch or channels do not fit");
  for (int64_t i = 0; i < spatial; ++i) {
    const size_t axis = size_t(i), dim = axis + 2;
    if (strides[axis] < 1 || dilations[axis] < 1 || lo[axis] < 0 || hi[axis] < 0)
      return refuse(CUDNN_STATUS_BAD_PARAM, "a convolution has a stride or dilation below 1, or negative padding");
    const int64_t span = (w[dim] - 1) * dilations[axis] + 1;
    if (x[dim] + lo[axis] + hi[axis] < span || y[dim] != (x[dim] + lo[axis] + hi[axis] - span) / strides[axis] + 1)
      return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "a convolution's output has another size");
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkPointwise(const Descriptor& operation) {
  const bool backward = operation.has(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC);
  if (backward != operation.has(CUDNN_ATTR_OPERATION_POINTWISE_DXDESC) ||
      backward == operation.has(CUDNN_ATTR_OPERATION_POINTWISE_YDESC))
    return refuse(CUDNN_STATUS_BAD_PARAM, "a pointwise operation has neither y nor dy and dx");
  const auto y =
      dimsOf(operation, backward ? CUDNN_ATTR_OPERATION_POINTWISE_DXDESC : CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
  for (const int name : {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
                         CUDNN_ATTR_OPERATION_POINTWISE_TDESC, CUDNN_ATTR_OPERATION_POINTWISE_DYDESC}) {
    if (!operation.has(name)) continue;
    const auto dims = dimsOf(operation, name);
    if (dims.size() != y.size())
      return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "operands of pointwise operations differ in rank");
    for (size_t i = 0; i < y.size(); ++i)
      if (dims[i] != y[i] && dims[i] != 1)
        return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "operands of pointwise operations don't broadcast");
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkMatmul(const Descriptor& operation) {
  const auto a = dimsOf(operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC),
             b = dimsOf(operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC),
             c = dimsOf(operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC);
  const size_t rank = c.size();
  if (rank < 3 || a.size() != rank || b.size() != rank || a[rank - 2] != c[rank - 2] || b[rank - 1] != c[rank - 1] ||
      a[rank - 1] != b[rank - 2])
    return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "the matrices of a product do not fit");
  for (size_t i = 0; i + 2 < rank; ++i)
    // Heads of b may be shared by several of a.
    if ((a[i] != c[i] && a[i] != 1) || (b[i] != c[i] && b[i] != 1 && !(i == 1 && rank == 4 && c[i] % b[i] == 0)))
      return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "the batches of a product don't broadcast");
  return CUDNN_STATUS_SUCCESS;
}

/// Only transpositions are emulated: the last two dimensions exchanged with their strides.
cudnnStatus_t checkReshape(const Descriptor& operation) {
  const auto list = [&](int tensor, int name) { return operation.descriptor(tensor)->list<int64_t>(name); };
  for (const int name : {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_ATTR_TENSOR_STRIDES}) {
    auto x = list(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, name);
    if (x.size() < 2) return refuse(CUDNN_STATUS_NOT_SUPPORTED, "a reshape of a vector is not emulated");
    std::swap(x[x.size() - 1], x[x.size() - 2]);
    if (x != list(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, name))
      return refuse(CUDNN_STATUS_NOT_SUPPORTED, "a reshape that is no transposition is not emulated");
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkReduction(const Descriptor& operation) {
  const auto x = dimsOf(operation, CUDNN_ATTR_OPERATION_REDUCTION_XDESC),
             y = dimsOf(operation, CUDNN_ATTR_OPERATION_REDUCTION_YDESC);
  bool fits = x.size() == y.size();
  // Heads may be summed in groups.
  for (size_t i = 0; fits && i < x.size(); ++i)
    fits = y[i] == x[i] || y[i] == 1 || (i == 1 && x.size() == 4 && x[i] % y[i] == 0);
  return fits ? CUDNN_STATUS_SUCCESS
              : refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "the result of a reduction has another shape");
}

}  // namespace

size_t sizeOfAttribute(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    case CUDNN_TYPE_FRACTION:
      return 16;
    default:
      return 4;
  }
}

cudnnStatus_t checkAttribute(const Descriptor& descriptor, int name, cudnnBackendAttributeType_t type, int64_t count) {
  const auto found = rules().find(descriptor.type);
  if (found == rules().end())
    return refuse(CUDNN_STATUS_NOT_SUPPORTED,
                  "descriptors of type " + std::to_string(descriptor.type) + " are not emulated");
  const auto rule =
      std::find_if(found->second.begin(), found->second.end(), [&](const Rule& r) { return r.name == name; });
  if (rule == found->second.end())
    return refuse(CUDNN_STATUS_BAD_PARAM, nameOf(descriptor, name) + " is not emulated, or is not its own");
  if (type != rule->type && type != rule->type2)
    return refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE,
                  nameOf(descriptor, name) + " is set with type " + std::to_string(type));
  if (count < 1 || count > rule->most)
    return refuse(CUDNN_STATUS_BAD_PARAM,
                  nameOf(descriptor, name) + " is set with " + std::to_string(count) + " values");
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t checkDescriptor(const Descriptor& d) {
  const auto found = rules().find(d.type);
  if (found == rules().end())
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "descriptors of type " + std::to_string(d.type) + " are not emulated");
  for (const Rule& rule : found->second)
    if (rule.required && !d.has(rule.name)) return refuse(CUDNN_STATUS_BAD_PARAM, nameOf(d, rule.name) + " is not set");
  switch (d.type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
      return checkTensor(d);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return checkConvolution(*d.descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y));
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return checkConvolution(*d.descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY));
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return checkConvolution(*d.descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW),
                              dimsOf(d, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY));
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
      return checkPointwise(d);
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return checkMatmul(d);
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      return checkReshape(d);
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
      return checkReduction(d);
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: {
      auto ids = d.list<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
      if (ids.size() != d.list<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).size())
        return refuse(CUDNN_STATUS_BAD_PARAM, "a variant pack's ids and addresses differ in number");
      std::sort(ids.begin(), ids.end());
      if (std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        return refuse(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "a variant pack has an id twice");
      return CUDNN_STATUS_SUCCESS;
    }
    default:
      return CUDNN_STATUS_SUCCESS;
  }
}

}  // namespace emulated::dnn

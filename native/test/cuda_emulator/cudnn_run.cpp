// The operations of the emulated cuDNN on dense arrays: plain loops, in float or double as the operation says.
#include "cudnn_run.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "cudnn_handle.h"
#include "cudnn_pointwise.h"
#include "memory.h"

namespace emulated::dnn {
namespace {

using Dims = std::vector<int64_t>;

struct Tensor {
  explicit Tensor(const Descriptor& d)
      : id(d.value<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID)),
        alignment(d.value<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT)),
        type(typeOf(d.value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE))),
        dims(d.list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS)),
        strides(d.list<int64_t>(CUDNN_ATTR_TENSOR_STRIDES)),
        isVirtual(d.value<char>(CUDNN_ATTR_TENSOR_IS_VIRTUAL)),
        isByValue(d.value<char>(CUDNN_ATTR_TENSOR_IS_BY_VALUE)) {}

  int64_t count() const {
    int64_t product = 1;
    for (const int64_t dim : dims) product *= dim;
    return product;
  }
  size_t extent() const {
    int64_t last = 0;
    for (size_t i = 0; i < dims.size(); ++i) last += (dims[i] - 1) * strides[i];
    return size_t(last + 1) * sizeOf(type);
  }

  int64_t id, alignment;
  Type type;
  Dims dims, strides;
  bool isVirtual, isByValue;
};

/// Calls fn(offset) for every index of dims in order, with the sum of index times stride.
template <class F>
void forEach(const Dims& dims, const Dims& strides, F&& fn) {
  Dims index(dims.size(), 0);
  int64_t offset = 0;
  while (true) {
    fn(offset);
    size_t axis = dims.size();
    while (axis-- > 0) {
      offset += strides[axis];
      if (++index[axis] < dims[axis]) break;
      offset -= index[axis] * strides[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (dims.empty()) return;
  }
}

Dims denseStrides(const Dims& dims) {
  Dims strides(dims.size());
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0; step *= dims[i]) strides[i] = step;
  return strides;
}

/// Strides that stay where a dimension of `dims` is 1: for walking over a larger shape.
Dims broadcastStrides(const Dims& dims) {
  Dims strides = denseStrides(dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == 1) strides[i] = 0;
  return strides;
}

/// Where each index of `dims` in order finds its value in a dense tensor whose dimensions divide these.
Dims sharedOffsets(const Dims& dims, const Dims& own) {
  const Dims strides = denseStrides(own);
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  Dims offsets(size_t(count), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (size_t axis = dims.size(); axis-- > 0; rest /= dims[axis])
      offsets[size_t(i)] += rest % dims[axis] * own[axis] / dims[axis] * strides[axis];
  }
  return offsets;
}

using Values = std::vector<double>;

double rounded(Type type, double value) {
  char place[8];
  store(type, place, 0, value);
  return load(type, place, 0);
}

/// The graph while it runs: what virtual tensors hold.
class Run {
 public:
  Run(const Operands& operands, bool tf32) : operands_(operands), tf32_(tf32) {}

  Values read(const Descriptor& descriptor) const {
    const Tensor tensor(descriptor);
    if (tensor.isByValue) return {operands_.values.at(tensor.id)};
    if (tensor.isVirtual) return between_.at(tensor.id);
    const void* memory = operands_.addresses.at(tensor.id);
    Values values;
    values.reserve(size_t(tensor.count()));
    forEach(tensor.dims, tensor.strides, [&](int64_t at) { values.push_back(load(tensor.type, memory, at)); });
    return values;
  }

  void write(const Descriptor& descriptor, Values values) {
    const Tensor tensor(descriptor);
    if (tensor.isVirtual) {
      for (double& value : values) value = rounded(tensor.type, value);
      between_[tensor.id] = std::move(values);
      return;
    }
    void* memory = operands_.addresses.at(tensor.id);
    size_t i = 0;
    forEach(tensor.dims, tensor.strides, [&](int64_t at) { store(tensor.type, memory, at, values[i++]); });
  }

  /// y = alpha * values + beta * y.
  void writeScaled(const Descriptor& descriptor, Values values, double alpha, double beta) {
    if (alpha != 1)
      for (double& value : values) value *= alpha;
    if (beta != 0) {
      const Values old = read(descriptor);
      for (size_t i = 0; i < values.size(); ++i) values[i] += beta * old[i];
    }
    write(descriptor, std::move(values));
  }

  /// A factor of a product.
  template <class S>
  std::vector<S> factors(const Descriptor& descriptor) const {
    const bool rounds = tf32_ && Tensor(descriptor).type == Type::float32;
    std::vector<S> result;
    for (const double value : read(descriptor)) result.push_back(rounds ? S(toTf32(float(value))) : S(value));
    return result;
  }

 private:
  const Operands& operands_;
  bool tf32_;
  std::map<int64_t, Values> between_;
};

bool isDouble(const Descriptor& descriptor, int name) {
  return descriptor.value<cudnnDataType_t>(name) == CUDNN_DATA_DOUBLE;
}

// --- Convolutions. Dimensions are N, C, three spatial ones.

struct Convolution {
  Convolution(const Descriptor& c, Dims x, Dims w, Dims y)
      : stride(c.list<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)),
        lo(c.list<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)),
        dilation(c.list<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS)),
        x(std::move(x)),
        w(std::move(w)),
        y(std::move(y)) {
    for (Dims* list : {&stride, &dilation})
      if (list->size() == 2) list->insert(list->begin(), 1);
    if (lo.size() == 2) lo.insert(lo.begin(), 0);
    for (Dims* list : {&this->x, &this->w, &this->y})
      if (list->size() == 4) list->insert(list->begin() + 2, 1);
    groups = this->x[1] / this->w[1];
    for (size_t i = 2; i < 5; ++i) xArea *= this->x[i], wArea *= this->w[i], yArea *= this->y[i];
  }

  /// Calls fn(n, output position, input position, tap) for each pair that meets.
  template <class F>
  void forEachPair(F&& fn) const {
    for (int64_t n = 0; n < x[0]; ++n)
      for (int64_t position = 0; position < yArea; ++position)
        for (int64_t tap = 0; tap < wArea; ++tap) {
          const int64_t place[3] = {position / (y[3] * y[4]), position / y[4] % y[3], position % y[4]};
          const int64_t at[3] = {tap / (w[3] * w[4]), tap / w[4] % w[3], tap % w[4]};
          int64_t from = 0;
          bool inside = true;
          for (size_t i = 0; i < 3; ++i) {
            const int64_t input = place[i] * stride[i] - lo[i] + at[i] * dilation[i];
            inside &= input >= 0 && input < x[i + 2];
            from = from * x[i + 2] + input;
          }
          if (inside) fn(n, position, from, tap);
        }
  }

  Dims stride, lo, dilation, x, w, y;
  int64_t groups, xArea = 1, wArea = 1, yArea = 1;
};

/// [outer, channels, area] as [outer, area, channels], or back.
template <class To, class From>
std::vector<To> swapped(const std::vector<From>& values, int64_t outer, int64_t rows, int64_t columns) {
  std::vector<To> result(values.size());
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        result[size_t((i * columns + c) * rows + r)] = To(values[size_t((i * rows + r) * columns + c)]);
  return result;
}

enum class Direction { forward, data, filter };

/// Channels lie last in all three: x [N, area, C], w [tap, C / groups, O], y [N, area, O].
template <class S>
Values convolve(const Convolution& c, Direction direction, const Run& run, const Descriptor& first,
                const Descriptor& second) {
  const int64_t inputs = c.x[1], outputs = c.y[1], groupInputs = c.w[1], groupOutputs = outputs / c.groups;
  std::vector<S> x(size_t(c.x[0] * inputs * c.xArea)), y(size_t(c.y[0] * outputs * c.yArea)),
      w(size_t(outputs * groupInputs * c.wArea));
  const auto toW = [&](const std::vector<S>& values) {  // [O, C, tap] to [tap, C, O]
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t i = 0; i < groupInputs; ++i)
        for (int64_t t = 0; t < c.wArea; ++t)
          w[size_t((t * groupInputs + i) * outputs + o)] = values[size_t((o * groupInputs + i) * c.wArea + t)];
  };
  if (direction != Direction::data) x = swapped<S>(run.factors<S>(first), c.x[0], inputs, c.xArea);
  if (direction == Direction::data) y = swapped<S>(run.factors<S>(first), c.y[0], outputs, c.yArea);
  if (direction == Direction::filter) y = swapped<S>(run.factors<S>(second), c.y[0], outputs, c.yArea);
  if (direction != Direction::filter) toW(run.factors<S>(second));
  c.forEachPair([&](int64_t n, int64_t to, int64_t from, int64_t tap) {
    for (int64_t channel = 0; channel < inputs; ++channel) {
      const int64_t group = channel / groupInputs;
      S& xValue = x[size_t((n * c.xArea + from) * inputs + channel)];
      S* yLine = &y[size_t((n * c.yArea + to) * outputs + group * groupOutputs)];
      S* wLine = &w[size_t((tap * groupInputs + channel % groupInputs) * outputs + group * groupOutputs)];
      if (direction == Direction::forward) {
        const S factor = xValue;
        for (int64_t o = 0; o < groupOutputs; ++o) yLine[o] += factor * wLine[o];
      } else if (direction == Direction::data) {
        S sum = 0;
        for (int64_t o = 0; o < groupOutputs; ++o) sum += yLine[o] * wLine[o];
        xValue += sum;
      } else {
        const S factor = xValue;
        for (int64_t o = 0; o < groupOutputs; ++o) wLine[o] += factor * yLine[o];
      }
    }
  });
  if (direction == Direction::forward) return swapped<double>(y, c.y[0], c.yArea, outputs);
  if (direction == Direction::data) return swapped<double>(x, c.x[0], c.xArea, inputs);
  Values result(w.size());
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < groupInputs; ++i)
      for (int64_t t = 0; t < c.wArea; ++t)
        result[size_t((o * groupInputs + i) * c.wArea + t)] = double(w[size_t((t * groupInputs + i) * outputs + o)]);
  return result;
}

struct ConvolutionNames {
  Direction direction;
  int convolution, x, w, y, alpha, beta;
};

void runConvolution(Run& run, const Descriptor& operation, const ConvolutionNames& names) {
  const Descriptor& convolution = *operation.descriptor(names.convolution);
  const Descriptor &x = *operation.descriptor(names.x), &w = *operation.descriptor(names.w),
                   &y = *operation.descriptor(names.y);
  const Convolution c(convolution, Tensor(x).dims, Tensor(w).dims, Tensor(y).dims);
  const Descriptor& first = names.direction == Direction::data ? y : x;
  const Descriptor& second = names.direction == Direction::filter ? y : w;
  const Descriptor& result = names.direction == Direction::forward ? y : names.direction == Direction::data ? x : w;
  Values values = isDouble(convolution, CUDNN_ATTR_CONVOLUTION_COMP_TYPE)
                      ? convolve<double>(c, names.direction, run, first, second)
                      : convolve<float>(c, names.direction, run, first, second);
  run.writeScaled(result, std::move(values), operation.number(names.alpha, 1), operation.number(names.beta, 0));
}

constexpr ConvolutionNames kForward{Direction::forward,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
constexpr ConvolutionNames kData{Direction::data,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
constexpr ConvolutionNames kFilter{Direction::filter,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

// --- The others.

/// Each place's index along an axis.
Values indices(const Dims& dims, size_t axis) {
  Dims strides(dims.size(), 0);
  strides.at(axis) = 1;
  Values values;
  forEach(dims, strides, [&](int64_t at) { values.push_back(double(at)); });
  return values;
}

void runPointwise(Run& run, const Descriptor& operation) {
  const Descriptor& mode = *operation.descriptor(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
  const bool backward = operation.has(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC);
  const int resultName = backward ? CUDNN_ATTR_OPERATION_POINTWISE_DXDESC : CUDNN_ATTR_OPERATION_POINTWISE_YDESC;
  const Descriptor& result = *operation.descriptor(resultName);
  const Dims dims = Tensor(result).dims;
  if (mode.value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE) == CUDNN_POINTWISE_GEN_INDEX)
    return run.write(result, indices(dims, size_t(mode.value<int64_t>(CUDNN_ATTR_POINTWISE_AXIS))));
  // The operands in the order of x, b, t; going backward x and dy.
  std::vector<Values> operands;
  for (const int name : {CUDNN_ATTR_OPERATION_POINTWISE_XDESC,
                         backward ? CUDNN_ATTR_OPERATION_POINTWISE_DYDESC : CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
                         CUDNN_ATTR_OPERATION_POINTWISE_TDESC}) {
    if (!operation.has(name)) continue;
    const Descriptor& operand = *operation.descriptor(name);
    const Values dense = run.read(operand);
    Values& broadcast = operands.emplace_back();
    forEach(dims, broadcastStrides(Tensor(operand).dims), [&](int64_t at) { broadcast.push_back(dense[size_t(at)]); });
  }
  operands.resize(3);
  Values values(operands[0].size());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto operand = [&](size_t k) { return operands[k].empty() ? 0.0 : operands[k][i]; };
    values[i] = pointwise(mode, operand(0), operand(1), operand(2));
  }
  run.write(result, std::move(values));
}

void runMatmul(Run& run, const Descriptor& operation) {
  const Descriptor &a = *operation.descriptor(CUDNN_ATTR_OPERATION_MATMUL_ADESC),
                   &b = *operation.descriptor(CUDNN_ATTR_OPERATION_MATMUL_BDESC),
                   &c = *operation.descriptor(CUDNN_ATTR_OPERATION_MATMUL_CDESC);
  const Dims aDims = Tensor(a).dims, bDims = Tensor(b).dims, cDims = Tensor(c).dims;
  const size_t rank = cDims.size();
  const int64_t m = cDims[rank - 2], n = cDims[rank - 1], k = aDims[rank - 1];
  const auto batchOf = [](const Dims& dims) { return Dims(dims.begin(), dims.end() - 2); };
  const std::vector<float> aValues = run.factors<float>(a), bValues = run.factors<float>(b);
  const Dims aMatrices = sharedOffsets(batchOf(cDims), batchOf(aDims)),
             bMatrices = sharedOffsets(batchOf(cDims), batchOf(bDims));
  Values values;
  for (size_t i = 0; i < aMatrices.size(); ++i)
    for (int64_t row = 0; row < m; ++row)
      for (int64_t column = 0; column < n; ++column) {
        float sum = 0;
        for (int64_t p = 0; p < k; ++p)
          sum +=
              aValues[size_t((aMatrices[i] * m + row) * k + p)] * bValues[size_t((bMatrices[i] * k + p) * n + column)];
        values.push_back(double(sum));
      }
  run.write(c, std::move(values));
}

/// The last two dimensions exchanged.
void runReshape(Run& run, const Descriptor& operation) {
  const Descriptor &x = *operation.descriptor(CUDNN_ATTR_OPERATION_RESHAPE_XDESC),
                   &y = *operation.descriptor(CUDNN_ATTR_OPERATION_RESHAPE_YDESC);
  const Dims dims = Tensor(x).dims;
  const int64_t rows = dims[dims.size() - 2], columns = dims.back();
  run.write(y, swapped<double>(run.read(x), Tensor(x).count() / (rows * columns), rows, columns));
}

void runReduction(Run& run, const Descriptor& operation) {
  const auto mode = operation.descriptor(CUDNN_ATTR_OPERATION_REDUCTION_DESC)
                        ->value<cudnnReduceTensorOp_t>(CUDNN_ATTR_REDUCTION_OPERATOR);
  const Descriptor &x = *operation.descriptor(CUDNN_ATTR_OPERATION_REDUCTION_XDESC),
                   &y = *operation.descriptor(CUDNN_ATTR_OPERATION_REDUCTION_YDESC);
  const Values values = run.read(x);
  const bool isMax = mode == CUDNN_REDUCE_TENSOR_MAX, isMin = mode == CUDNN_REDUCE_TENSOR_MIN;
  const double infinity = std::numeric_limits<double>::infinity();
  Values result(size_t(Tensor(y).count()), isMax                             ? -infinity
                                           : isMin                           ? infinity
                                           : mode == CUDNN_REDUCE_TENSOR_MUL ? 1
                                                                             : 0);
  size_t i = 0;
  for (const int64_t at : sharedOffsets(Tensor(x).dims, Tensor(y).dims)) {
    const double value = values[i++];
    double& place = result[size_t(at)];
    if (isMax)
      place = value > place || value != value ? value : place;
    else if (isMin)
      place = value < place || value != value ? value : place;
    else if (mode == CUDNN_REDUCE_TENSOR_MUL)
      place *= value;
    else
      place += value;
  }
  if (mode == CUDNN_REDUCE_TENSOR_AVG)
    for (double& value : result) value *= double(result.size()) / double(values.size());
  run.write(y, std::move(result));
}

void runOperation(Run& run, const Descriptor& operation) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return runConvolution(run, operation, kForward);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return runConvolution(run, operation, kData);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return runConvolution(run, operation, kFilter);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
      return runPointwise(run, operation);
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return runMatmul(run, operation);
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      return runReshape(run, operation);
    default:
      return runReduction(run, operation);
  }
}

/// The attributes of an operation that are its results.
std::set<int> resultNames(const Descriptor& operation) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {kForward.y};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {kData.x};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {kFilter.w};
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_ATTR_OPERATION_POINTWISE_DXDESC};
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_MATMUL_CDESC};
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_RESHAPE_YDESC};
    default:
      return {CUDNN_ATTR_OPERATION_REDUCTION_YDESC};
  }
}

/// Calls fn(tensor, isResult) for each tensor of an operation.
template <class F>
void forEachTensor(const Descriptor& operation, F&& fn) {
  const std::set<int> results = resultNames(operation);
  for (const auto& [name, attribute] : operation.attributes)
    for (const DescriptorPointer& descriptor : attribute.descriptors)
      if (descriptor->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR) fn(Tensor(*descriptor), results.count(name) > 0);
}

const std::vector<DescriptorPointer>& operationsOf(const Descriptor& graph) {
  return graph.attributes.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).descriptors;
}

/// The operations, each after those that make its operands; fewer if that cannot be.
std::vector<DescriptorPointer> ordered(const Descriptor& graph) {
  std::vector<DescriptorPointer> left = operationsOf(graph), order;
  std::set<int64_t> toBeMade;
  for (const DescriptorPointer& operation : left)
    forEachTensor(*operation, [&](const Tensor& tensor, bool isResult) {
      if (isResult) toBeMade.insert(tensor.id);
    });
  for (bool progress = true; progress;) {
    progress = false;
    for (auto at = left.begin(); at != left.end();) {
      bool ready = true;
      std::set<int64_t> made;
      forEachTensor(**at, [&](const Tensor& tensor, bool isResult) {
        if (isResult) made.insert(tensor.id);
        ready &= isResult || toBeMade.count(tensor.id) == 0;
      });
      if (!ready) {
        ++at;
        continue;
      }
      for (const int64_t id : made) toBeMade.erase(id);
      order.push_back(*at);
      at = left.erase(at);
      progress = true;
    }
  }
  return order;
}

}  // namespace

cudnnStatus_t checkGraph(const Descriptor& graph) {
  if (ordered(graph).size() != operationsOf(graph).size())
    return refuse(CUDNN_STATUS_BAD_PARAM, "the operations of a graph form a circle");
  std::set<int64_t> made, read;
  std::map<int64_t, DescriptorPointer> known;
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  for (const DescriptorPointer& operation : operationsOf(graph)) {
    for (const auto& [name, attribute] : operation->attributes)
      for (const DescriptorPointer& d : attribute.descriptors) {
        if (d->type != CUDNN_BACKEND_TENSOR_DESCRIPTOR) continue;
        const auto [place, isNew] = known.emplace(Tensor(*d).id, d);
        if (!isNew && place->second != d) status = refuse(CUDNN_STATUS_BAD_PARAM, "two tensors of a graph have one id");
      }
    forEachTensor(*operation, [&](const Tensor& tensor, bool isResult) {
      if (tensor.type == Type::unknown) status = refuse(CUDNN_STATUS_NOT_SUPPORTED, "a tensor's type is not emulated");
      if (tensor.isByValue && tensor.count() != 1) status = refuse(CUDNN_STATUS_BAD_PARAM, "a value has dimensions");
      if (isResult && !made.insert(tensor.id).second) status = refuse(CUDNN_STATUS_BAD_PARAM, "a tensor is made twice");
      if (!isResult) read.insert(tensor.id);
    });
    if (operation->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR) {
      const Descriptor& mode = *operation->descriptor(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
      const int operands = 1 + operation->has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC) +
                           operation->has(CUDNN_ATTR_OPERATION_POINTWISE_TDESC) +
                           operation->has(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC);
      if (operandsOf(mode) != operands)
        status = refuse(CUDNN_STATUS_NOT_SUPPORTED, "a pointwise mode is not emulated, or has other operands");
    }
  }
  for (const auto& [id, d] : known)
    if (Tensor(*d).isVirtual && (!read.count(id) || !made.count(id)))
      status = refuse(CUDNN_STATUS_BAD_PARAM, "a virtual tensor is never made or never read");
  return status;
}

cudnnStatus_t resolve(const Descriptor& graph, const std::map<int64_t, void*>& addresses, Operands& operands) {
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  for (const DescriptorPointer& operation : operationsOf(graph))
    forEachTensor(*operation, [&](const Tensor& tensor, bool) {
      if (tensor.isVirtual || status) return;
      const auto found = addresses.find(tensor.id);
      const std::string name = "tensor " + std::to_string(tensor.id);
      if (found == addresses.end() || !found->second) {
        status = refuse(CUDNN_STATUS_BAD_PARAM, name + " has no address in the variant pack");
      } else if (tensor.isByValue) {
        operands.values[tensor.id] = load(tensor.type, found->second, 0);
      } else if (reinterpret_cast<uintptr_t>(found->second) % uintptr_t(tensor.alignment) != 0) {
        status = refuse(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, name + " is less aligned than it says");
      } else if (!findDevice(found->second, tensor.extent())) {
        status = refuse(CUDNN_STATUS_BAD_PARAM, name + " of " + std::to_string(tensor.extent()) + " bytes at " +
                                                    describeAddress(found->second));
      } else {
        operands.addresses[tensor.id] = found->second;
      }
    });
  return status;
}

void runGraph(const Descriptor& graph, const Operands& operands, bool tf32) {
  Run run(operands, tf32);
  for (const DescriptorPointer& operation : ordered(graph)) runOperation(run, *operation);
}

}  // namespace emulated::dnn

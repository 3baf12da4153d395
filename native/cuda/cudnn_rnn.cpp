// Descriptors and calls of cuDNN's recurrences.
#include "cudnn_rnn.h"

#include "cudnn.h"

namespace hornet::cudnn {
namespace {

template <class Owned, class Handle>
Owned create(cudnnStatus_t (*make)(Handle*)) {
  Handle handle = nullptr;
  check(make(&handle), "creating a descriptor of a recurrence");
  return Owned(handle);
}

cudnnRNNMode_t mode(RnnCell cell) {
  switch (cell) {
    case RnnCell::lstm:
      return CUDNN_LSTM;
    case RnnCell::gru:
      return CUDNN_GRU;
    case RnnCell::tanh:
      return CUDNN_RNN_TANH;
    default:
      return CUDNN_RNN_RELU;
  }
}

cudnnMathType_t mathType(const Device& device, DType dtype) {
  if (dtype == DType::float16 || dtype == DType::bfloat16) return CUDNN_TENSOR_OP_MATH;
  return dtype == DType::float32 && !device.allowsTf32() ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
}

RnnDataDescriptor sequences(const RnnShape& shape, DType dtype, int64_t width) {
  auto data = create<RnnDataDescriptor>(rnnFunctions().cudnnCreateRNNDataDescriptor);
  const std::vector<int> lengths(size_t(shape.batch), int(shape.steps));
  check(
      rnnFunctions().cudnnSetRNNDataDescriptor(data.get(), dataType(dtype), CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED,
                                               int(shape.steps), int(shape.batch), int(width), lengths.data(), nullptr),
      "describing sequences");
  return data;
}

/// The gate of ours that is the library's gate of this number: i, f, g, o of an LSTM; r, z, h of a GRU.
int64_t gateOf(RnnCell cell, int64_t number) { return cell == RnnCell::gru && number < 2 ? 1 - number : number; }

void* at(void* base, int64_t offset) { return static_cast<std::byte*>(base) + offset; }

}  // namespace

RnnPlan::RnnPlan(Device& device, const RnnShape& shape, DType dtype)
    : device_(device),
      shape_(shape),
      dtype_(dtype),
      noDropout_(create<DropoutDescriptor>(rnnFunctions().cudnnCreateDropoutDescriptor)),
      rnn_(create<RnnDescriptor>(rnnFunctions().cudnnCreateRNNDescriptor)),
      x_(sequences(shape, dtype, shape.features)),
      y_(sequences(shape, dtype, shape.units)),
      state_(create<TensorDescriptor>(rnnFunctions().cudnnCreateTensorDescriptor)) {
  const RnnFunctions& f = rnnFunctions();
  const cudnnHandle_t handle = device.dnn().get();
  const cudnnDataType_t type = dataType(dtype);
  check(f.cudnnSetDropoutDescriptor(noDropout_.get(), handle, 0, nullptr, 0, 0), "describing dropout");
  check(f.cudnnSetRNNDescriptor_v8(rnn_.get(), CUDNN_RNN_ALGO_STANDARD, mode(shape.cell),
                                   shape.cell == RnnCell::gru ? CUDNN_RNN_DOUBLE_BIAS : CUDNN_RNN_SINGLE_INP_BIAS,
                                   CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, type,
                                   dtype == DType::float64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT,
                                   mathType(device, dtype), int32_t(shape.features), int32_t(shape.units),
                                   int32_t(shape.units), 1, noDropout_.get(), CUDNN_RNN_PADDED_IO_ENABLED),
        "describing a recurrence");
  const std::array<int, 3> dims = {1, int(shape.batch), int(shape.units)};
  const std::array<int, 3> strides = {dims[1] * dims[2], dims[2], 1};
  check(f.cudnnSetTensorNdDescriptor(state_.get(), type, 3, dims.data(), strides.data()), "describing a state");
  check(f.cudnnGetRNNWeightSpaceSize(handle, rnn_.get(), &weightBytes_), "sizing weights");
  size_t none = 0;
  check(f.cudnnGetRNNTempSpaceSizes(handle, rnn_.get(), CUDNN_FWD_MODE_TRAINING, x_.get(), &trainingWork_,
                                    &reserveBytes_),
        "sizing a recurrence");
  check(f.cudnnGetRNNTempSpaceSizes(handle, rnn_.get(), CUDNN_FWD_MODE_INFERENCE, x_.get(), &inferenceWork_, &none),
        "sizing a recurrence");
}

std::string RnnPlan::name() const {
  const char* cells[] = {"lstm", "gru", "rnn tanh", "rnn relu"};
  return std::string("cudnn ") + cells[int(shape_.cell)];
}

void RnnPlan::forward(bool training, const RnnTensors& t, void* y) {
  const bool isLstm = shape_.cell == RnnCell::lstm;
  check(rnnFunctions().cudnnRNNForward(
            device_.dnn().get(), rnn_.get(), training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE,
            static_cast<const int32_t*>(t.lengths), x_.get(), t.x, y_.get(), y, state_.get(), t.hx, t.hy,
            isLstm ? state_.get() : nullptr, t.cx, t.cy, weightBytes_, t.weights, workBytes(training), t.work,
            training ? reserveBytes_ : 0, training ? t.reserve : nullptr),
        "running a recurrence");
}

void RnnPlan::backwardData(const RnnTensors& t) {
  const bool isLstm = shape_.cell == RnnCell::lstm;
  check(rnnFunctions().cudnnRNNBackwardData_v8(device_.dnn().get(), rnn_.get(), static_cast<const int32_t*>(t.lengths),
                                               y_.get(), t.y, t.dy, x_.get(), t.dx, state_.get(), t.hx, t.dhy, t.dhx,
                                               isLstm ? state_.get() : nullptr, t.cx, t.dcy, t.dcx, weightBytes_,
                                               t.weights, trainingWork_, t.work, reserveBytes_, t.reserve),
        "running the gradient of a recurrence");
}

void RnnPlan::backwardWeights(const RnnTensors& t) {
  check(rnnFunctions().cudnnRNNBackwardWeights_v8(device_.dnn().get(), rnn_.get(), CUDNN_WGRAD_MODE_ADD,
                                                  static_cast<const int32_t*>(t.lengths), x_.get(), t.x, state_.get(),
                                                  t.hx, y_.get(), t.y, weightBytes_, t.dweights, trainingWork_, t.work,
                                                  reserveBytes_, t.reserve),
        "running the gradient of a recurrence's weights");
}

/// Asks for the offsets, with an address that weights really have, and checks that the matrices are what is packed.
void RnnPlan::findParts(void* weights) {
  const RnnFunctions& f = rnnFunctions();
  const auto matrix = create<TensorDescriptor>(f.cudnnCreateTensorDescriptor);
  const auto bias = create<TensorDescriptor>(f.cudnnCreateTensorDescriptor);
  const int64_t gates = shape_.gates();
  for (int64_t i = 0; i < 2 * gates; ++i) {
    void *matrixAt = nullptr, *biasAt = nullptr;
    check(f.cudnnGetRNNWeightParams(device_.dnn().get(), rnn_.get(), 0, weightBytes_, weights, int32_t(i), matrix.get(),
                                    &matrixAt, bias.get(), &biasAt),
          "finding weights");
    cudnnDataType_t type;
    int rank = 0;
    std::array<int, 3> dims{}, strides{};
    check(f.cudnnGetTensorNdDescriptor(matrix.get(), 3, &type, &rank, dims.data(), strides.data()), "finding weights");
    const int64_t inputs = i < gates ? shape_.features : shape_.units;
    if (matrixAt == nullptr || dims[1] != shape_.units || dims[2] != inputs) {
      throw Error("rnn", "cuDNN lays out its weights in another way than this version of Hornet knows");
    }
    const auto offset = [weights](void* address) {
      return address ? static_cast<std::byte*>(address) - static_cast<std::byte*>(weights) : -1;
    };
    parts_.push_back({offset(matrixAt), offset(biasAt)});
  }
}

RnnWeightsArgs RnnPlan::weights(void* library, void* kernel, void* recurrentKernel, void* bias) {
  if (parts_.empty()) findParts(library);
  RnnWeightsArgs args{};
  args.units = shape_.units;
  args.width = shape_.width();
  const int64_t gates = shape_.gates(), size = int64_t(sizeOf(dtype_));
  for (int64_t i = 0; i < 2 * gates; ++i) {
    const bool isInput = i < gates;
    const int64_t column = gateOf(shape_.cell, i % gates) * shape_.units * size;
    RnnWeightsArgs::Part& part = args.parts[i];
    part.matrix = at(library, parts_[size_t(i)].matrix);
    part.kernel = at(isInput ? kernel : recurrentKernel, column);
    part.inputs = isInput ? shape_.features : shape_.units;
    if (parts_[size_t(i)].bias < 0) continue;
    part.bias = at(library, parts_[size_t(i)].bias);
    part.tensorBias = bias ? at(bias, column + (isInput ? 0 : shape_.width() * size)) : nullptr;
  }
  return args;
}

}  // namespace hornet::cudnn

// The recurrences of the emulated cuDNN: descriptors, sizes, where weights are, and the three runs.
#include <cudnn.h>

#include <algorithm>
#include <array>

#include "cudnn_cell.h"
#include "cudnn_descriptor.h"
#include "cudnn_handle.h"
#include "memory.h"

namespace emulated::dnn {
namespace {

struct TensorHandle {
  cudnnDataType_t type;
  std::vector<int> dims, strides;
};

struct DataHandle {
  cudnnDataType_t type;
  int steps = 0, batch = 0, width = 0;
};

struct RnnHandle {
  cudnnRNNMode_t mode;
  cudnnRNNBiasMode_t bias;
  cudnnDataType_t type, math;
  int64_t inputs = 0, units = 0;
};

template <class T, class H>
T& as(H handle) {
  return *reinterpret_cast<T*>(handle);
}

template <class T, class H>
cudnnStatus_t create(H* handle) {
  *handle = reinterpret_cast<H>(new T{});
  return CUDNN_STATUS_SUCCESS;
}

template <class T, class H>
cudnnStatus_t destroy(H handle) {
  delete &as<T>(handle);
  return CUDNN_STATUS_SUCCESS;
}

constexpr size_t kWorkspace = 1111;

/// Bytes from the start of the weights; -1 for a bias that this mode does not have.
struct Place {
  int64_t matrix, bias;
};

std::vector<Place> placesOf(const RnnHandle& rnn, size_t& bytes) {
  const CellSizes sizes{rnn.mode, rnn.inputs, rnn.units, 0, 0};
  const int64_t size = int64_t(sizeOf(typeOf(rnn.type)));
  std::vector<Place> places;
  int64_t at = 0;
  for (int64_t gate = 0; gate < 2 * sizes.gates(); ++gate) {
    places.push_back({at, -1});
    at += sizes.matrix(gate) * size;
  }
  for (int64_t gate = 0; gate < 2 * sizes.gates(); ++gate) {
    const bool isInput = gate < sizes.gates();
    if (rnn.bias == CUDNN_RNN_NO_BIAS || (rnn.bias == CUDNN_RNN_SINGLE_INP_BIAS && !isInput) ||
        (rnn.bias == CUDNN_RNN_SINGLE_REC_BIAS && isInput))
      continue;
    places[size_t(gate)].bias = at;
    at += rnn.units * size;
  }
  bytes = size_t(at);
  return places;
}

size_t reserveBytes(const RnnHandle& rnn, const DataHandle& x) {
  return size_t(int64_t(x.steps) * x.batch * 2 * keptOf(rnn.mode) * rnn.units) *
         (rnn.math == CUDNN_DATA_DOUBLE ? sizeof(double) : sizeof(float));
}

/// What a run is called with; null where a call has no such tensor, or the caller gave none.
struct Call {
  RnnHandle rnn;
  DataHandle x, y;
  const int32_t* lengths;
  const void *xMemory, *yMemory, *hx, *cx, *dy, *dhy, *dcy, *weights;
  void *yResult, *hy, *cy, *dx, *dhx, *dcx, *dWeights, *work, *reserve;
  size_t workBytes, reserveBytes, weightBytes;

  CellSizes sizes() const { return {rnn.mode, rnn.inputs, rnn.units, x.batch, x.steps}; }
};

cudnnStatus_t checkMemory(const void* memory, size_t bytes, const char* name, bool mayBeNull) {
  if (!memory && mayBeNull) return CUDNN_STATUS_SUCCESS;
  if (findDevice(memory, bytes)) return CUDNN_STATUS_SUCCESS;
  return refuse(CUDNN_STATUS_BAD_PARAM,
                std::string("RNN: ") + name + " of " + std::to_string(bytes) + " bytes at " + describeAddress(memory));
}

cudnnStatus_t check(const Call& c, bool needsReserve) {
  const size_t size = sizeOf(typeOf(c.rnn.type));
  const size_t rows = size_t(c.x.steps) * size_t(c.x.batch), state = size_t(c.x.batch) * size_t(c.rnn.units) * size;
  if (c.x.width != c.rnn.inputs || c.y.width != c.rnn.units || c.x.steps != c.y.steps || c.x.batch != c.y.batch)
    return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: the sequences have other sizes than the recurrence");
  size_t weights = 0;
  placesOf(c.rnn, weights);
  if (c.weightBytes != weights) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: the weights have another size");
  if (c.workBytes < kWorkspace) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: the workspace is too small");
  const size_t reserve = reserveBytes(c.rnn, c.x);
  if (needsReserve && c.reserveBytes < reserve) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: the reserve is too small");
  DNN_TRY(checkMemory(c.lengths, size_t(c.x.batch) * sizeof(int32_t), "lengths", false));
  DNN_TRY(checkMemory(c.work, kWorkspace, "the workspace", false));
  if (needsReserve) DNN_TRY(checkMemory(c.reserve, reserve, "the reserve", false));
  for (const void* memory : {c.weights, static_cast<const void*>(c.dWeights)})
    DNN_TRY(checkMemory(memory, weights, "weights", true));
  for (const void* memory : {c.xMemory, static_cast<const void*>(c.dx)})
    DNN_TRY(checkMemory(memory, rows * size_t(c.rnn.inputs) * size, "x", true));
  for (const void* memory : {c.yMemory, c.dy, static_cast<const void*>(c.yResult)})
    DNN_TRY(checkMemory(memory, rows * size_t(c.rnn.units) * size, "y", true));
  for (const void* memory : {c.hx, c.cx, c.dhy, c.dcy, static_cast<const void*>(c.hy), static_cast<const void*>(c.cy),
                             static_cast<const void*>(c.dhx), static_cast<const void*>(c.dcx)})
    DNN_TRY(checkMemory(memory, state, "a state", true));
  return CUDNN_STATUS_SUCCESS;
}

template <class S>
class Runner {
 public:
  explicit Runner(const Call& call) : call_(call), type_(typeOf(call.rnn.type)) {
    size_t bytes = 0;
    places_ = placesOf(call.rnn, bytes);
    run_.sizes = call.sizes();
    run_.lengths.assign(call.lengths, call.lengths + call.x.batch);
    const size_t rows = size_t(call.x.steps) * size_t(call.x.batch), states = size_t(call.x.batch) * units();
    run_.x = read(call.xMemory, rows * size_t(call.rnn.inputs));
    run_.y = read(call.yMemory, rows * units());
    run_.hx = read(call.hx, states);
    run_.cx = call.rnn.mode == CUDNN_LSTM ? read(call.cx, states) : std::vector<S>();
    run_.reserve.resize(reserveBytes(call.rnn, call.x) / sizeof(S));
    if (call.weights) run_.weights = weightsAt(call.weights);
  }

  void forward(bool training) {
    run_.forward();
    write(call_.yResult, run_.y);
    write(call_.hy, run_.hy);
    write(call_.cy, run_.cy);
    if (training) keepReserve();
  }

  void backwardData() {
    takeReserve();
    const size_t rows = size_t(call_.x.steps) * size_t(call_.x.batch);
    run_.dy = read(call_.dy, rows * units());
    if (call_.dhy) run_.dhy = read(call_.dhy, run_.hx.size());
    if (call_.dcy) run_.dcy = read(call_.dcy, run_.cx.size());
    run_.dx.resize(rows * size_t(call_.rnn.inputs));
    run_.backwardData();
    write(call_.dx, run_.dx);
    write(call_.dhx, run_.dhx);
    write(call_.dcx, run_.dcx);
    keepReserve();
  }

  void backwardWeights() {
    takeReserve();
    CellWeights<S> gradients = weightsAt(call_.dWeights);
    run_.backwardWeights(gradients);
    char* base = static_cast<char*>(call_.dWeights);
    for (size_t gate = 0; gate < places_.size(); ++gate) {
      write(base + places_[gate].matrix, gradients.matrices[gate]);
      if (places_[gate].bias >= 0) write(base + places_[gate].bias, gradients.biases[gate]);
    }
  }

 private:
  size_t units() const { return size_t(call_.rnn.units); }

  std::vector<S> read(const void* memory, size_t count) const {
    std::vector<S> values(count, S(0));
    if (memory)
      for (size_t i = 0; i < count; ++i) values[i] = S(load(type_, memory, int64_t(i)));
    return values;
  }
  void write(void* memory, const std::vector<S>& values) const {
    if (memory)
      for (size_t i = 0; i < values.size(); ++i) store(type_, memory, int64_t(i), double(values[i]));
  }
  CellWeights<S> weightsAt(const void* memory) const {
    const char* base = static_cast<const char*>(memory);
    CellWeights<S> weights;
    for (size_t gate = 0; gate < places_.size(); ++gate) {
      weights.matrices.push_back(read(base + places_[gate].matrix, size_t(run_.sizes.matrix(int64_t(gate)))));
      weights.biases.push_back(read(places_[gate].bias < 0 ? nullptr : base + places_[gate].bias, units()));
    }
    return weights;
  }
  void keepReserve() { std::memcpy(call_.reserve, run_.reserve.data(), run_.reserve.size() * sizeof(S)); }
  void takeReserve() { std::memcpy(run_.reserve.data(), call_.reserve, run_.reserve.size() * sizeof(S)); }

  Call call_;
  Type type_;
  std::vector<Place> places_;
  CellRun<S> run_;
};

enum class Kind { inference, training, backwardData, backwardWeights };

template <class S>
void runAs(const Call& call, Kind kind) {
  Runner<S> runner(call);
  if (kind == Kind::backwardData) return runner.backwardData();
  if (kind == Kind::backwardWeights) return runner.backwardWeights();
  runner.forward(kind == Kind::training);
}

cudnnStatus_t enqueue(cudnnHandle_t handle, const Call& call, Kind kind) {
  Stream* stream = nullptr;
  if (streamOf(as<Handle>(handle).stream, stream, "an RNN call") || countWork()) return CUDNN_STATUS_EXECUTION_FAILED;
  DNN_TRY(check(call, kind != Kind::inference));
  const CUresult error = stream->enqueue([call, kind] {
    const DeviceAccess access;
    // What lies in the workspace is lost.
    std::memset(call.work, 0xff, kWorkspace);
    for (int sample = 0; sample < call.x.batch; ++sample)
      if (call.lengths[sample] < 0 || call.lengths[sample] > call.x.steps)
        return fail(CUDA_ERROR_ILLEGAL_ADDRESS, "RNN: a sequence is longer than its descriptor says");
    call.rnn.math == CUDNN_DATA_DOUBLE ? runAs<double>(call, kind) : runAs<float>(call, kind);
    return CUDA_SUCCESS;
  });
  return error ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t setTensor(TensorHandle& tensor, cudnnDataType_t type, int rank, const int* dims, const int* strides) {
  if (rank < 3 || rank > CUDNN_DIM_MAX) return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor has a rank below 3 or above 8");
  tensor = {type, {dims, dims + rank}, {strides, strides + rank}};
  return CUDNN_STATUS_SUCCESS;
}

/// States are [layers, batch, units], dense.
cudnnStatus_t checkState(const RnnHandle& rnn, const DataHandle& x, cudnnTensorDescriptor_t handle) {
  const TensorHandle& state = as<TensorHandle>(handle);
  const std::vector<int> dims{1, x.batch, int(rnn.units)}, strides{x.batch * int(rnn.units), int(rnn.units), 1};
  if (state.dims == dims && state.strides == strides && state.type == rnn.type) return CUDNN_STATUS_SUCCESS;
  return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: a state has another shape");
}

}  // namespace
}  // namespace emulated::dnn

using namespace emulated;
using namespace emulated::dnn;

extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* handle) { return create<TensorHandle>(handle); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t handle) { return destroy<TensorHandle>(handle); }

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t handle, cudnnDataType_t type, int rank,
                                         const int* dims, const int* strides) {
  return setTensor(as<TensorHandle>(handle), type, rank, dims, strides);
}

cudnnStatus_t cudnnGetTensorNdDescriptor(const cudnnTensorDescriptor_t handle, int limit, cudnnDataType_t* type,
                                         int* rank, int* dims, int* strides) {
  const TensorHandle& tensor = as<TensorHandle>(handle);
  *type = tensor.type;
  *rank = int(tensor.dims.size());
  const int count = std::min(limit, *rank);
  std::copy_n(tensor.dims.begin(), count, dims);
  std::copy_n(tensor.strides.begin(), count, strides);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t* handle) { return create<float>(handle); }
cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t handle) { return destroy<float>(handle); }

cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t, cudnnHandle_t, float dropout, void*, size_t,
                                        unsigned long long) {
  return dropout == 0 ? CUDNN_STATUS_SUCCESS : refuse(CUDNN_STATUS_NOT_SUPPORTED, "dropout is not emulated");
}

cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t* handle) { return create<DataHandle>(handle); }
cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t handle) { return destroy<DataHandle>(handle); }

cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t handle, cudnnDataType_t type,
                                        cudnnRNNDataLayout_t layout, int steps, int batch, int width,
                                        const int lengths[], void*) {
  if (layout != CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED)
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "RNN: only sequences with the batch first are emulated");
  if (steps < 1 || batch < 1 || width < 1 || !lengths) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: empty sequences");
  for (int i = 0; i < batch; ++i)
    if (lengths[i] < 0 || lengths[i] > steps) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: a length is out of range");
  as<DataHandle>(handle) = {type, steps, batch, width};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t* handle) { return create<RnnHandle>(handle); }
cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t handle) { return destroy<RnnHandle>(handle); }

cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t handle, cudnnRNNAlgo_t algorithm, cudnnRNNMode_t mode,
                                       cudnnRNNBiasMode_t bias, cudnnDirectionMode_t direction,
                                       cudnnRNNInputMode_t input, cudnnDataType_t type, cudnnDataType_t math,
                                       cudnnMathType_t mathType, int32_t inputs, int32_t units, int32_t projection,
                                       int32_t layers, cudnnDropoutDescriptor_t, uint32_t flags) {
  if (algorithm != CUDNN_RNN_ALGO_STANDARD || direction != CUDNN_UNIDIRECTIONAL || input != CUDNN_LINEAR_INPUT ||
      projection != units || layers != 1 || flags != CUDNN_RNN_PADDED_IO_ENABLED)
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "RNN: only one layer in one direction is emulated");
  const bool isHalf = type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16;
  if ((isHalf || type == CUDNN_DATA_FLOAT) ? math != CUDNN_DATA_FLOAT
                                           : type != CUDNN_DATA_DOUBLE || math != CUDNN_DATA_DOUBLE)
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "RNN: these types do not go together");
  if (type == CUDNN_DATA_DOUBLE && mathType == CUDNN_TENSOR_OP_MATH)
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "RNN: tensor cores for double");
  if (inputs < 1 || units < 1) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: empty sizes");
  as<RnnHandle>(handle) = {mode, bias, type, math, inputs, units};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t, cudnnRNNDescriptor_t rnn, size_t* bytes) {
  placesOf(as<RnnHandle>(rnn), *bytes);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode,
                                        cudnnRNNDataDescriptor_t x, size_t* work, size_t* reserve) {
  *work = kWorkspace;
  *reserve = mode == CUDNN_FWD_MODE_TRAINING ? reserveBytes(as<RnnHandle>(rnn), as<DataHandle>(x)) : 0;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t, cudnnRNNDescriptor_t handle, int32_t layer, size_t bytes,
                                      const void* weights, int32_t gate, cudnnTensorDescriptor_t matrix,
                                      void** matrixAddress, cudnnTensorDescriptor_t bias, void** biasAddress) {
  const RnnHandle& rnn = as<RnnHandle>(handle);
  size_t needed = 0;
  const std::vector<Place> places = placesOf(rnn, needed);
  if (layer != 0 || bytes != needed || gate < 0 || size_t(gate) >= places.size())
    return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: there are no such weights");
  const int inputs = int(gate < gatesOf(rnn.mode) ? rnn.inputs : rnn.units), units = int(rnn.units);
  const std::array<int, 3> matrixDims{1, units, inputs}, matrixStrides{units * inputs, inputs, 1};
  const std::array<int, 3> biasDims{1, units, 1}, biasStrides{units, 1, 1};
  const auto address = [&](int64_t offset) {
    return offset < 0 ? nullptr : const_cast<char*>(static_cast<const char*>(weights)) + offset;
  };
  *matrixAddress = address(places[size_t(gate)].matrix);
  *biasAddress = address(places[size_t(gate)].bias);
  DNN_TRY(setTensor(as<TensorHandle>(matrix), rnn.type, 3, matrixDims.data(), matrixStrides.data()));
  return setTensor(as<TensorHandle>(bias), rnn.type, 3, biasDims.data(), biasStrides.data());
}

cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode,
                              const int32_t lengths[], cudnnRNNDataDescriptor_t xDesc, const void* x,
                              cudnnRNNDataDescriptor_t yDesc, void* y, cudnnTensorDescriptor_t hDesc, const void* hx,
                              void* hy, cudnnTensorDescriptor_t cDesc, const void* cx, void* cy, size_t weightBytes,
                              const void* weights, size_t workBytes, void* work, size_t reserveBytes, void* reserve) {
  EMULATED_DNN_CALL;
  Call call{};
  call.rnn = as<RnnHandle>(rnn), call.x = as<DataHandle>(xDesc), call.y = as<DataHandle>(yDesc);
  DNN_TRY(checkState(call.rnn, call.x, hDesc));
  if (call.rnn.mode == CUDNN_LSTM) DNN_TRY(checkState(call.rnn, call.x, cDesc));
  if (!x || !y || !weights) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: x, y or weights are missing");
  call.lengths = lengths;
  call.xMemory = x, call.yResult = y, call.hx = hx, call.hy = hy, call.cx = cx, call.cy = cy, call.weights = weights;
  call.weightBytes = weightBytes, call.workBytes = workBytes, call.work = work;
  call.reserveBytes = reserveBytes, call.reserve = reserve;
  return enqueue(handle, call, mode == CUDNN_FWD_MODE_TRAINING ? Kind::training : Kind::inference);
}

cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const int32_t lengths[],
                                      cudnnRNNDataDescriptor_t yDesc, const void* y, const void* dy,
                                      cudnnRNNDataDescriptor_t xDesc, void* dx, cudnnTensorDescriptor_t hDesc,
                                      const void* hx, const void* dhy, void* dhx, cudnnTensorDescriptor_t cDesc,
                                      const void* cx, const void* dcy, void* dcx, size_t weightBytes,
                                      const void* weights, size_t workBytes, void* work, size_t reserveBytes,
                                      void* reserve) {
  EMULATED_DNN_CALL;
  Call call{};
  call.rnn = as<RnnHandle>(rnn), call.x = as<DataHandle>(xDesc), call.y = as<DataHandle>(yDesc);
  DNN_TRY(checkState(call.rnn, call.x, hDesc));
  if (call.rnn.mode == CUDNN_LSTM) DNN_TRY(checkState(call.rnn, call.x, cDesc));
  if (!y || !dy || !dx || !weights) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: y, dy, dx or weights are missing");
  call.lengths = lengths;
  call.yMemory = y, call.dy = dy, call.dx = dx, call.hx = hx, call.dhy = dhy, call.dhx = dhx;
  call.cx = cx, call.dcy = dcy, call.dcx = dcx, call.weights = weights;
  call.weightBytes = weightBytes, call.workBytes = workBytes, call.work = work;
  call.reserveBytes = reserveBytes, call.reserve = reserve;
  return enqueue(handle, call, Kind::backwardData);
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnWgradMode_t mode,
                                         const int32_t lengths[], cudnnRNNDataDescriptor_t xDesc, const void* x,
                                         cudnnTensorDescriptor_t hDesc, const void* hx, cudnnRNNDataDescriptor_t yDesc,
                                         const void* y, size_t weightBytes, void* dWeights, size_t workBytes,
                                         void* work, size_t reserveBytes, void* reserve) {
  EMULATED_DNN_CALL;
  if (mode != CUDNN_WGRAD_MODE_ADD) return refuse(CUDNN_STATUS_NOT_SUPPORTED, "RNN: gradients can only be added to");
  Call call{};
  call.rnn = as<RnnHandle>(rnn), call.x = as<DataHandle>(xDesc), call.y = as<DataHandle>(yDesc);
  DNN_TRY(checkState(call.rnn, call.x, hDesc));
  if (!x || !y || !dWeights) return refuse(CUDNN_STATUS_BAD_PARAM, "RNN: x, y or dweights are missing");
  call.lengths = lengths;
  call.xMemory = x, call.yMemory = y, call.hx = hx, call.dWeights = dWeights;
  call.weightBytes = weightBytes, call.workBytes = workBytes, call.work = work;
  call.reserveBytes = reserveBytes, call.reserve = reserve;
  return enqueue(handle, call, Kind::backwardWeights);
}

}  // extern "C"

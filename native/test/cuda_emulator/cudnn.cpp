// The backend API of the emulated cuDNN: descriptors, two made-up engines for each graph, execution.
#include <cudnn.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "cudnn_descriptor.h"
#include "cudnn_handle.h"
#include "cudnn_run.h"
#include "memory.h"

namespace emulated::dnn {
namespace {

std::string& lastError() {
  thread_local std::string message;
  return message;
}

/// What users hold: a pointer to this.
struct Holder {
  std::shared_ptr<Descriptor> descriptor;
};

Descriptor& of(cudnnBackendDescriptor_t handle) { return *static_cast<Holder*>(handle)->descriptor; }

/// Engines of every graph: one that may not give the same twice, one on tensor cores, one that needs a workspace, a
/// plain one.
struct EngineKind {
  int64_t index;
  std::vector<cudnnBackendNumericalNote_t> notes;
  int64_t workspace;
};

const std::vector<EngineKind>& engines() {
  static const auto& list = *new std::vector<EngineKind>{
      {30, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, 0},
      {31, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, 0},
      {32, {CUDNN_NUMERICAL_NOTE_FFT, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}, 64},
      {33, {}, 4321},
      {34, {}, 0},
  };
  return list;
}

const EngineKind* engineOf(const Descriptor& engine) {
  const auto index = engine.value<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, -1);
  for (const EngineKind& kind : engines())
    if (kind.index == index) return &kind;
  return nullptr;
}

void set(Descriptor& descriptor, int name, cudnnBackendAttributeType_t type, const void* values, size_t bytes,
         int64_t count) {
  const char* begin = static_cast<const char*>(values);
  descriptor.attributes[name] = {type, count, std::vector<char>(begin, begin + bytes), {}};
}

void setDescriptor(Descriptor& descriptor, int name, DescriptorPointer value) {
  descriptor.attributes[name] = {CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, {}, {std::move(value)}};
}

DescriptorPointer makeConfig(const DescriptorPointer& graph, const EngineKind& kind) {
  auto engine = std::make_shared<Descriptor>();
  engine->type = CUDNN_BACKEND_ENGINE_DESCRIPTOR;
  engine->finalized = true;
  setDescriptor(*engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
  set(*engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, &kind.index, sizeof kind.index, 1);
  auto config = std::make_shared<Descriptor>();
  config->type = CUDNN_BACKEND_ENGINECFG_DESCRIPTOR;
  config->finalized = true;
  setDescriptor(*config, CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  return config;
}

template <class T>
cudnnStatus_t give(const std::vector<T>& values, int64_t limit, int64_t* count, void* place) {
  if (limit == 0 || !place) return *count = int64_t(values.size()), CUDNN_STATUS_SUCCESS;
  *count = std::min<int64_t>(limit, int64_t(values.size()));
  std::memcpy(place, values.data(), size_t(*count) * sizeof(T));
  return CUDNN_STATUS_SUCCESS;
}

/// Copies descriptors into those that the caller has made.
cudnnStatus_t giveDescriptors(const std::vector<DescriptorPointer>& values, int64_t limit, int64_t* count,
                              void* place) {
  *count = int64_t(values.size());
  if (limit == 0 || !place) return CUDNN_STATUS_SUCCESS;
  *count = std::min<int64_t>(limit, *count);
  auto* targets = static_cast<cudnnBackendDescriptor_t*>(place);
  for (int64_t i = 0; i < *count; ++i) {
    if (!targets[i] || of(targets[i]).type != values[size_t(i)]->type)
      return refuse(CUDNN_STATUS_BAD_PARAM, "descriptors of another type are given to be filled");
    of(targets[i]) = *values[size_t(i)];
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t read(const Descriptor& d, int name, cudnnBackendAttributeType_t type, int64_t limit, int64_t* count,
                   void* place) {
  if (d.type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR && name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    std::vector<DescriptorPointer> configs;
    const DescriptorPointer graph = d.descriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    for (const EngineKind& kind : engines()) configs.push_back(makeConfig(graph, kind));
    return giveDescriptors(configs, limit, count, place);
  }
  if (d.type == CUDNN_BACKEND_ENGINE_DESCRIPTOR && name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE) {
    if (type != CUDNN_TYPE_NUMERICAL_NOTE)
      return refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "notes are read as another type");
    return give(engineOf(d)->notes, limit, count, place);
  }
  if (d.type == CUDNN_BACKEND_ENGINE_DESCRIPTOR &&
      (name == CUDNN_ATTR_ENGINE_KNOB_INFO || name == CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE))
    return *count = 0, CUDNN_STATUS_SUCCESS;
  if (d.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) {
    const auto config = d.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    return give(std::vector<int64_t>{engineOf(*config->descriptor(CUDNN_ATTR_ENGINECFG_ENGINE))->workspace}, limit,
                count, place);
  }
  const auto found = d.attributes.find(name);
  if (found == d.attributes.end()) return *count = 0, CUDNN_STATUS_SUCCESS;
  if (found->second.type != type)
    return refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "an attribute is read as another type");
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) return giveDescriptors(found->second.descriptors, limit, count, place);
  *count = found->second.count;
  if (limit == 0 || !place) return CUDNN_STATUS_SUCCESS;
  *count = std::min(limit, *count);
  std::memcpy(place, found->second.bytes.data(), size_t(*count) * sizeOfAttribute(type));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t finalizeNow(const Descriptor& d) {
  if (const cudnnStatus_t status = checkDescriptor(d)) return status;
  if (d.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) return checkGraph(d);
  if (d.type == CUDNN_BACKEND_ENGINE_DESCRIPTOR && !engineOf(d))
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "there is no such engine");
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

cudnnStatus_t refuse(cudnnStatus_t status, const std::string& why) {
  lastError() = why;
  report("cuDNN: " + why);
  return status;
}

}  // namespace emulated::dnn

using namespace emulated;
using namespace emulated::dnn;

extern "C" {

size_t cudnnGetVersion() { return CUDNN_VERSION; }
size_t cudnnGetCudartVersion() { return CUDA_VERSION; }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED:
      return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE:
      return "CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE";
    case CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH:
      return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
    case CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED:
      return "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_EXECUTION_FAILED:
      return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
      return "another CUDNN_STATUS";
  }
}

void cudnnGetLastErrorString(char* message, size_t size) {
  std::strncpy(message, lastError().c_str(), size);
  if (size > 0) message[size - 1] = 0;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  EMULATED_DNN_CALL;
  if (refuseWhileCapturing("cudnnCreate")) return CUDNN_STATUS_NOT_INITIALIZED;
  *handle = reinterpret_cast<cudnnHandle_t>(new Handle{currentDevice()});
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete reinterpret_cast<Handle*>(handle);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  EMULATED_DNN_CALL;
  Stream* found = nullptr;
  if (streamOf(reinterpret_cast<CUstream>(stream), found, "cudnnSetStream")) return CUDNN_STATUS_BAD_PARAM;
  reinterpret_cast<Handle*>(handle)->stream = reinterpret_cast<CUstream>(stream);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  auto* holder = new Holder{std::make_shared<Descriptor>()};
  holder->descriptor->type = type;
  *descriptor = holder;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Holder*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t handle, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  if (!handle || !values) return refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "an attribute is set from or of nothing");
  Descriptor& descriptor = of(handle);
  if (descriptor.finalized) return refuse(CUDNN_STATUS_BAD_PARAM, "an attribute of a finalized descriptor is set");
  if (const cudnnStatus_t status = checkAttribute(descriptor, name, type, count)) return status;
  Attribute attribute{type, count, {}, {}};
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    const auto* list = static_cast<const cudnnBackendDescriptor_t*>(values);
    for (int64_t i = 0; i < count; ++i) {
      if (!list[i] || !of(list[i]).finalized)
        return refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "an attribute is a descriptor that is not finalized");
      attribute.descriptors.push_back(static_cast<Holder*>(list[i])->descriptor);
    }
  } else {
    const char* begin = static_cast<const char*>(values);
    attribute.bytes.assign(begin, begin + size_t(count) * sizeOfAttribute(type));
  }
  descriptor.attributes[name] = std::move(attribute);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t handle) {
  Descriptor& descriptor = of(handle);
  if (descriptor.finalized) return refuse(CUDNN_STATUS_BAD_PARAM, "a descriptor is finalized twice");
  if (const cudnnStatus_t status = finalizeNow(descriptor)) return status;
  descriptor.finalized = true;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t handle, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t limit, int64_t* count, void* values) {
  const Descriptor& descriptor = of(handle);
  if (!descriptor.finalized)
    return refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "an attribute of a descriptor that is not finalized is read");
  int64_t ignored = 0;
  return read(descriptor, name, type, limit, count ? count : &ignored, values);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t planHandle,
                                  cudnnBackendDescriptor_t packHandle) {
  EMULATED_DNN_CALL;
  const Handle& own = *reinterpret_cast<Handle*>(handle);
  const Descriptor &plan = of(planHandle), &pack = of(packHandle);
  if (!plan.finalized || !pack.finalized)
    return refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "a plan or variant pack is not finalized");
  if (own.device != currentDevice()) return refuse(CUDNN_STATUS_BAD_PARAM, "the handle is of another device");
  Stream* stream = nullptr;
  if (streamOf(own.stream, stream, "cudnnBackendExecute") || countWork()) return CUDNN_STATUS_EXECUTION_FAILED;
  const DescriptorPointer engine =
      plan.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->descriptor(CUDNN_ATTR_ENGINECFG_ENGINE);
  const DescriptorPointer graph = engine->descriptor(CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
  const EngineKind& kind = *engineOf(*engine);
  const auto ids = pack.list<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto pointers = pack.list<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  std::map<int64_t, void*> addresses;
  for (size_t i = 0; i < ids.size(); ++i) addresses[ids[i]] = pointers[i];
  Operands operands;
  if (const cudnnStatus_t status = resolve(*graph, addresses, operands)) return status;
  void* workspace = pack.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  if (kind.workspace > 0 && !findDevice(workspace, size_t(kind.workspace)))
    return refuse(CUDNN_STATUS_BAD_PARAM, "the workspace is too small or not on the device");
  const bool tf32 = std::count(kind.notes.begin(), kind.notes.end(), CUDNN_NUMERICAL_NOTE_TENSOR_CORE) > 0;
  const CUresult error = stream->enqueue([=, bytes = size_t(kind.workspace)] {
    const DeviceAccess access;
    // What lies in the workspace is lost.
    if (bytes > 0) std::memset(workspace, 0xff, bytes);
    runGraph(*graph, operands, tf32);
    return CUDA_SUCCESS;
  });
  return error ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}

}  // extern "C"

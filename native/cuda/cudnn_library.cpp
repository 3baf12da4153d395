// Opening cuDNN and setting attributes of its descriptors.
#include "cudnn_library.h"

#include <array>
#include <utility>

#include "libraries.h"

namespace hornet::cudnn {
namespace {

std::string lastError() {
  std::array<char, 2048> message{};
  functions().cudnnGetLastErrorString(message.data(), message.size());
  return message.data();
}

}  // namespace

#define HORNET_LOAD(name) reinterpret_cast<decltype(&::name)>(cuda::symbolOf(cuda::Library::cudnn, #name)),

const Functions& functions() {
  static const Functions table{HORNET_CUDNN_FUNCTIONS(HORNET_LOAD)};
  return table;
}

const RnnFunctions& rnnFunctions() {
  static const RnnFunctions table{HORNET_CUDNN_RNN_FUNCTIONS(HORNET_LOAD)};
  return table;
}

#undef HORNET_LOAD

StatusError::StatusError(cudnnStatus_t status, const std::string& what)
    : Error("cudnn", what + " failed with " + functions().cudnnGetErrorString(status) + ": " + lastError()) {}

cudnnDataType_t dataType(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return CUDNN_DATA_BOOLEAN;
    case DType::uint8:
      return CUDNN_DATA_UINT8;
    case DType::int8:
      return CUDNN_DATA_INT8;
    case DType::int32:
      return CUDNN_DATA_INT32;
    case DType::int64:
      return CUDNN_DATA_INT64;
    case DType::float16:
      return CUDNN_DATA_HALF;
    case DType::bfloat16:
      return CUDNN_DATA_BFLOAT16;
    case DType::float32:
      return CUDNN_DATA_FLOAT;
    case DType::float64:
      return CUDNN_DATA_DOUBLE;
    default:
      throw Error("cudnn", std::string("the library has no ") + dtypeName(dtype));
  }
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) : type_(type), text_(std::to_string(int(type)) + "{") {
  check(functions().cudnnBackendCreateDescriptor(type, &descriptor_), "creating a descriptor");
}

Descriptor::~Descriptor() {
  if (descriptor_) functions().cudnnBackendDestroyDescriptor(descriptor_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : type_(other.type_), descriptor_(std::exchange(other.descriptor_, nullptr)), text_(std::move(other.text_)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(type_, other.type_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(text_, other.text_);
  return *this;
}

void Descriptor::note(cudnnBackendAttributeName_t name, const std::string& value) {
  text_ += std::to_string(int(name)) + "=" + value + ";";
}

Descriptor& Descriptor::setRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                               const void* values) {
  const cudnnStatus_t status = functions().cudnnBackendSetAttribute(descriptor_, name, type, count, values);
  if (status != CUDNN_STATUS_SUCCESS) {
    throw StatusError(status, "setting attribute " + std::to_string(int(name)) + " of " + text());
  }
  return *this;
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  std::string list;
  for (const int64_t value : values) list += std::to_string(value) + ",";
  note(name, list);
  return setRaw(name, CUDNN_TYPE_INT64, int64_t(values.size()), values.data());
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  note(name, value.text());
  return setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values) {
  std::string list;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& value : values) {
    list += value.text();
    raw.push_back(value.descriptor_);
  }
  note(name, list);
  return setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, int64_t(raw.size()), raw.data());
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const std::string& text) {
  note(name, text);
  return setRaw(name, CUDNN_TYPE_CHAR, int64_t(text.size() + 1), text.c_str());
}

Descriptor& Descriptor::finalize() & {
  const cudnnStatus_t status = functions().cudnnBackendFinalize(descriptor_);
  if (status != CUDNN_STATUS_SUCCESS) throw StatusError(status, "finalizing " + text());
  return *this;
}

Descriptor&& Descriptor::finalize() && {
  finalize();
  return std::move(*this);
}

int64_t Descriptor::getRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t limit,
                           void* values) const {
  int64_t count = 0;
  const cudnnStatus_t status = functions().cudnnBackendGetAttribute(descriptor_, name, type, limit, &count, values);
  if (status != CUDNN_STATUS_SUCCESS) {
    throw StatusError(status, "reading attribute " + std::to_string(int(name)) + " of " + text());
  }
  return count;
}

std::vector<Descriptor> Descriptor::list(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                         int64_t limit) const {
  if (limit < 0) limit = getRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, nullptr);
  std::vector<Descriptor> values;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < limit; ++i) raw.push_back(values.emplace_back(type).descriptor_);
  const int64_t count = getRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, limit, raw.data());
  while (int64_t(values.size()) > count) values.pop_back();
  return values;
}

}  // namespace hornet::cudnn

// Backend descriptors of the emulated cuDNN: attributes with their types, as they were set.
#pragma once

#include <cudnn.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace emulated::dnn {

struct Descriptor;
using DescriptorPointer = std::shared_ptr<const Descriptor>;

struct Attribute {
  cudnnBackendAttributeType_t type;
  int64_t count = 0;
  std::vector<char> bytes;
  /// Of CUDNN_TYPE_BACKEND_DESCRIPTOR: what they were when they were set.
  std::vector<DescriptorPointer> descriptors;
};

struct Descriptor {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  std::map<int, Attribute> attributes;

  bool has(int name) const { return attributes.count(name) > 0; }

  template <class T>
  std::vector<T> list(int name) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    std::vector<T> values(found->second.bytes.size() / sizeof(T));
    std::copy_n(found->second.bytes.data(), values.size() * sizeof(T), reinterpret_cast<char*>(values.data()));
    return values;
  }
  template <class T>
  T value(int name, T otherwise = {}) const {
    const std::vector<T> values = list<T>(name);
    return values.empty() ? otherwise : values[0];
  }
  /// A number that may be a float or a double.
  double number(int name, double otherwise) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return otherwise;
    return found->second.type == CUDNN_TYPE_DOUBLE ? value<double>(name) : double(value<float>(name));
  }
  DescriptorPointer descriptor(int name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() || found->second.descriptors.empty() ? nullptr : found->second.descriptors[0];
  }
};

/// Keeps the text for cudnnGetLastErrorString, tells it on stderr and returns the status.
cudnnStatus_t refuse(cudnnStatus_t status, const std::string& why);

/// Whether a descriptor may be finalized: all that is needed is set and fits.
cudnnStatus_t checkDescriptor(const Descriptor& descriptor);
/// Whether an attribute of this name, type and count may be set.
cudnnStatus_t checkAttribute(const Descriptor& descriptor, int name, cudnnBackendAttributeType_t type, int64_t count);
size_t sizeOfAttribute(cudnnBackendAttributeType_t type);

}  // namespace emulated::dnn

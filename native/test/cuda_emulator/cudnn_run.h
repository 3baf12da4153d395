// Running an operation graph of the emulated cuDNN.
#pragma once

#include <map>

#include "cudnn_descriptor.h"

namespace emulated::dnn {

/// Where the tensors of a graph are, by their ids; of those that are given by value, the value.
struct Operands {
  std::map<int64_t, void*> addresses;
  std::map<int64_t, double> values;
};

/// Whether these operations can be run here.
cudnnStatus_t checkGraph(const Descriptor& graph);

/// Finds out where the tensors are; each must have an address that is aligned and within device memory.
cudnnStatus_t resolve(const Descriptor& graph, const std::map<int64_t, void*>& addresses, Operands& operands);

/// Does the operations in an order that their tensors allow; with `tf32` products are rounded as on tensor cores.
void runGraph(const Descriptor& graph, const Operands& operands, bool tf32);

}  // namespace emulated::dnn

// The key of a hash among an op's attributes. For the host only.
#pragma once

#include <string>

#include "hash.h"
#include "kernel.h"

namespace hornet::hash {

/// Attribute `key`: two numbers of 64 bits as halves of 32, low ones first; empty where there is none.
inline Key keyOf(const KernelArgs& args) {
  const auto halves = args.attrs.integers("key");
  if (halves.empty()) return {};
  if (halves.size() != 4) throw Error(args.op, "expected a key of four halves");
  const auto word = [&](size_t i) { return uint64_t(halves[i]) | uint64_t(halves[i + 1]) << 32; };
  return {true, word(0), word(2)};
}

inline void requireInt64(const KernelArgs& args) {
  if (args.inputs[0].dtype != DType::int64 || args.outputs[0].dtype != DType::int64)
    throw Error(args.op, std::string("expected int64, received ") + dtypeName(args.inputs[0].dtype));
}

}  // namespace hornet::hash

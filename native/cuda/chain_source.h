// The CUDA source of an element-wise chain: one function that computes packs of neighbouring values in registers.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"
#include "../strides.h"

namespace hornet {

/// How a chain walks its operands. What the source depends on is here; sizes come as arguments.
struct ChainLayout {
  enum class Walk : uint8_t {
    uniform,     // one value
    contiguous,  // in the order of the outputs
    strided,     // by coordinates; repeated along some dimensions
  };

  explicit ChainLayout(const KernelArgs& args);

  std::vector<Walk> walks;  // by input
  /// Dimensions that strided inputs need told apart, the last in packs; empty where there is no strided input.
  Dims dims;
  /// By strided input: strides in packs where `packed`, else in elements.
  std::vector<Dims> strides;
  std::vector<bool> packed;  // whether a strided input's values lie together along the last dimension
  int64_t packs = 0;
  int packSize = 1;
  bool isWide = false;  // more than 2^31 packs
};

/// How many sets of tensors, each of so many words (pointers and a count), `runChains` takes in one launch.
size_t chainsAtOnce(size_t words);

/// A translation unit with `runChain` on one set of tensors and `runChains` on several, as DeviceKernel takes them.
std::string chainSource(const KernelArgs& args, const ChainLayout& layout);

}  // namespace hornet

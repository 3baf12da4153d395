// attention and attention_grad by the fused kernels of cuDNN.
#pragma once

#include <memory>

#include "../kernel.h"

namespace hornet {

/// Null where cuDNN has no kernel for it.
std::unique_ptr<Kernel> fusedAttention(const KernelArgs& args);
std::unique_ptr<Kernel> fusedAttentionGrad(const KernelArgs& args);

}  // namespace hornet

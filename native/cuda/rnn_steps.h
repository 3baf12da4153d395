// rnn and rnn_grad step by step, with masks.
#pragma once

#include "../kernel.h"

namespace hornet {

std::unique_ptr<Kernel> makeSteppedRnn(const KernelArgs& args);
std::unique_ptr<Kernel> makeSteppedRnnGrad(const KernelArgs& args);

}  // namespace hornet

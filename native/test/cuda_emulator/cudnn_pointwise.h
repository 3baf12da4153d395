// The pointwise modes of the emulated cuDNN.
#pragma once

#include "cudnn_descriptor.h"

namespace emulated::dnn {

/// How many operands a mode has: x, b and t; or x and dy. 0: it is not emulated.
int operandsOf(const Descriptor& mode);

/// What a mode makes of x and b, of x, b and t, or of x and dy.
double pointwise(const Descriptor& mode, double x, double b, double t);

}  // namespace emulated::dnn

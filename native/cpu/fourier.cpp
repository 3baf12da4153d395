// fft: one transform per thread.
#include "../fourier.h"

#include "batched.h"

namespace hornet {
namespace {

std::unique_ptr<Kernel> makeFourier(const KernelArgs& args) {
  if (args.inputs[0].dtype == DType::float64) return makeBatched<Fourier<double>>(args);
  return makeBatched<Fourier<float>>(args);
}

}  // namespace

REGISTER_KERNEL("fft", makeFourier);

}  // namespace hornet

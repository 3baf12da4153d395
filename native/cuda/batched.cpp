// The kernels whose algorithms both backends share: linear algebra, Fourier transforms, CTC. One block per problem.
#include <algorithm>

#include "../batch_plan.h"
#include "../ctc.h"
#include "../eigen.h"
#include "../fourier.h"
#include "../orthogonal.h"
#include "../triangular.h"
#include "batched_args.h"
#include "device.h"

namespace hornet {
namespace {

class Batched : public Kernel {
 public:
  Batched(const KernelArgs& args, const Batch& batch, const char* algorithm, const char* fault)
      : args_{batch, args.device->faults().record(), 0} {
    if (batch.count == 0) return;
    if (fault != nullptr) {
      const auto explain = [fault](int64_t value) { return fault + std::to_string(value); };
      args_.site = args.device->faults().addSite(args.op, explain);
    }
    kernel_ = DeviceKernel(*args.device, "batched.cu", instantiate("solveBatch", {algorithm}));
    blocks_ = unsigned(std::min<int64_t>(batch.count, 4 * args.device->multiprocessors()));
  }

  size_t scratchBytes() const override { return size_t(blocks_ * args_.batch.scratchEach) * sizeof(double); }
  std::string implementation() const override { return kernel_.name(); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (!kernel_) return;
    setOperands(args_.batch, in, out, scratch);
    kernel_.launch({blocks_}, args_);
  }

 private:
  BatchedArgs args_;
  DeviceKernel kernel_;
  unsigned blocks_ = 0;
};

template <class Algorithm>
std::unique_ptr<Kernel> makeBatched(const KernelArgs& args) {
  return std::make_unique<Batched>(args, planBatch<Algorithm>(args), Algorithm::kName, Algorithm::kFault);
}

std::unique_ptr<Kernel> makeFourier(const KernelArgs& args) {
  if (args.inputs[0].dtype == DType::float64) return makeBatched<Fourier<double>>(args);
  return makeBatched<Fourier<float>>(args);
}

}  // namespace

REGISTER_KERNEL("cholesky", makeBatched<Cholesky>);
REGISTER_KERNEL("lu", makeBatched<Lu>);
REGISTER_KERNEL("triangular_solve", makeBatched<TriangularSolve>);
REGISTER_KERNEL("qr", makeBatched<Qr>);
REGISTER_KERNEL("svd", makeBatched<Svd>);
REGISTER_KERNEL("eig", makeBatched<Eig>);
REGISTER_KERNEL("fft", makeFourier);
REGISTER_KERNEL("ctc_loss", makeBatched<CtcLoss>);
REGISTER_KERNEL("ctc_beam_search", makeBatched<CtcBeamSearch>);

}  // namespace hornet

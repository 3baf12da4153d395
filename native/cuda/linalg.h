// What the host tells the kernels of linalg.cu.
#pragma once

#include "../device_fn.h"

namespace hornet {

/// x [batch, m, n] = q [batch, m, k] r [batch, k, n]. Each block has qrScratchValues doubles.
struct QrArgs {
  const void* x;
  void *q, *r;
  double* scratch;
  int64_t batch, m, n, k;
};

/// The matrix that becomes r, q, the reflectors and their scales.
HORNET_DEVICE_FN int64_t qrScratchValues(int64_t m, int64_t n, int64_t k) { return m * n + 2 * m * k + k; }

}  // namespace hornet

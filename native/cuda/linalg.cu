// qr: reduced decomposition by Householder reflections in double, with the signs that LAPACK gives. One block per
// matrix.
#include "linalg.h"

#include "../convert.h"
#include "block_reduce.h"

namespace hornet {

inline constexpr int kQrThreads = 256;

/// a -= scale * v * (v' * a). Threads lie beside each other along the columns, and share the rows.
__device__ inline void reflect(const double* v, double scale, double* a, int64_t rows, int64_t columns,
                               int64_t stride) {
  __shared__ double sums[kQrThreads];
  int width = 1;
  while (width < 32 && width < columns) width *= 2;
  const int own = int(threadIdx.x) % width, line = int(threadIdx.x) / width, lines = kQrThreads / width;
  if (scale == 0) return;
  for (int64_t column = own; column - own < columns; column += width) {
    double sum = 0;
    const int64_t end = column < columns ? rows : 0;
    for (int64_t i = line; i < end; i += lines) sum += v[i] * a[i * stride + column];
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (int half = kQrThreads / 2; half >= width; half /= 2) {
      if (int(threadIdx.x) < half) sums[threadIdx.x] += sums[threadIdx.x + half];
      __syncthreads();
    }
    const double factor = scale * sums[own];
    for (int64_t i = line; i < end; i += lines) a[i * stride + column] -= factor * v[i];
    __syncthreads();
  }
}

/// The norm of `count` values that are `stride` apart, in all threads, without overflow on the way.
__device__ inline double blockNorm(const double* a, int64_t count, int64_t stride) {
  double largest = 0, sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kQrThreads) largest = fn::max(largest, fabs(a[i * stride]));
  largest = blockReduce<Maximum, kQrThreads>(largest);
  if (largest == 0) return 0;
  for (int64_t i = threadIdx.x; i < count; i += kQrThreads) {
    const double value = a[i * stride] / largest;
    sum += value * value;
  }
  return largest * sqrt(blockReduce<Sum, kQrThreads>(sum));
}

/// The reflection that zeroes column j below the diagonal: v from the diagonal on; returns its scale and puts the new
/// diagonal in place.
__device__ inline double makeReflector(double* a, int64_t rows, int64_t stride, double* v) {
  const double diagonal = *a, below = blockNorm(a + stride, rows - 1, stride);
  const double norm = -copysign(hypot(diagonal, below), diagonal);
  for (int64_t i = threadIdx.x; i < rows; i += kQrThreads) {
    v[i] = i == 0 ? 1.0 : below == 0 ? 0.0 : a[i * stride] / (diagonal - norm);
  }
  __syncthreads();
  if (below == 0) return 0;
  if (threadIdx.x == 0) *a = norm;
  return (norm - diagonal) / norm;
}

template <class T>
__device__ void qrBlock(const QrArgs& args) {
  const int64_t m = args.m, n = args.n, k = args.k;
  double* a = args.scratch + blockIdx.x * qrScratchValues(m, n, k);
  double *q = a + m * n, *reflectors = q + m * k, *scales = reflectors + k * m;
  for (int64_t item = blockIdx.x; item < args.batch; item += gridDim.x) {
    const T* x = static_cast<const T*>(args.x) + item * m * n;
    for (int64_t i = threadIdx.x; i < m * n; i += kQrThreads) a[i] = convert<double>(x[i]);
    for (int64_t i = threadIdx.x; i < m * k; i += kQrThreads) q[i] = i / k == i % k ? 1.0 : 0.0;
    __syncthreads();
    for (int64_t j = 0; j < k; ++j) {
      double* v = reflectors + j * m + j;
      const double scale = makeReflector(a + j * n + j, m - j, n, v);
      if (threadIdx.x == 0) scales[j] = scale;
      reflect(v, scale, a + j * n + j + 1, m - j, n - j - 1, n);
      __syncthreads();
    }
    for (int64_t j = k; j-- > 0;) {
      reflect(reflectors + j * m + j, scales[j], q + j * k + j, m - j, k - j, k);
    }
    T *qOut = static_cast<T*>(args.q) + item * m * k, *rOut = static_cast<T*>(args.r) + item * k * n;
    for (int64_t i = threadIdx.x; i < m * k; i += kQrThreads) qOut[i] = convert<T>(q[i]);
    for (int64_t i = threadIdx.x; i < k * n; i += kQrThreads) rOut[i] = convert<T>(i / n > i % n ? 0.0 : a[i]);
    __syncthreads();
  }
}

}  // namespace hornet

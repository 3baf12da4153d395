// Splitting loops over threads. Results must not depend on how the range is split.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>

namespace hornet {

/// Calls fn(begin, end) for parts of [0, n), in parallel where the parts are at least `grain` long: waking a thread
/// costs microseconds. An exception of any part is rethrown.
template <class F>
void parallelFor(int64_t n, int64_t grain, F&& fn) {
  if (n <= 0) return;
  const int64_t most = (n + grain - 1) / std::max<int64_t>(grain, 1);
  const int threads = int(std::min<int64_t>(omp_get_max_threads(), most));
  if (threads <= 1) {
    fn(int64_t(0), n);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel num_threads(threads)
  {
    const int64_t part = omp_get_thread_num(), parts = omp_get_num_threads();
    const int64_t begin = n * part / parts, end = n * (part + 1) / parts;
    try {
      if (begin < end) fn(begin, end);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace hornet

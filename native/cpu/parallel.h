// Splitting loops over threads. Results must not depend on how the range is split.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>

namespace hornet {

/// Calls fn(begin, end) for parts of [0, n): on all threads where there are several times `grain` to do, since waking a
/// thread costs microseconds, else on this one. Never on some: libgomp ends threads that a smaller team leaves over and
/// has to start them again. An exception of any part is rethrown.
template <class F>
void parallelFor(int64_t n, int64_t grain, F&& fn) {
  if (n <= 0) return;
  const int64_t worthwhile = (n + grain - 1) / std::max<int64_t>(grain, 1);
  const int threads = omp_get_max_threads();
  if (threads == 1 || worthwhile < std::min(threads, 4)) {
    fn(int64_t(0), n);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel
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

// What an emulated kernel library and the emulated driver know of each other. Included by the prelude of kernels, which
// has no standard headers, and by the driver.
#pragma once

namespace emulated {

struct Index3 {
  unsigned x, y, z;
};

/// What the driver does for the threads of a block.
struct Runtime {
  /// Waits for all threads of the block.
  void (*syncThreads)();
  /// Gives a value to the lanes of `mask` and waits for theirs: 32 values, those of absent lanes all ones.
  const unsigned long long* (*exchange)(unsigned mask, unsigned long long value);
  /// The lanes of this warp that exist and have not ended.
  unsigned (*activeLanes)();
};

struct KernelEntry {
  const char* name;
  /// One thread, its index being set.
  void (*thread)(void** parameters);
  /// All threads of a block one after the other, for kernels that never wait for each other.
  void (*block)(void** parameters);
  const unsigned* sizes;
  unsigned count, maxThreads;
};

struct Module {
  const Runtime** runtime;
  Index3 *threadIdx, *blockIdx, *blockDim, *gridDim;
  char *sharedBegin, *sharedEnd;
  /// Null for kernels whose threads never wait for each other.
  const char* waits;
  const KernelEntry* kernels;
  unsigned kernelCount;
};

}  // namespace emulated

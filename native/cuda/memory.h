// Device memory: one pool per device, ordered by the stream that uses it, so that taking and giving back wait for
// nobody.
#pragma once

#include <cstddef>

#include "../backend.h"
#include "driver.h"

namespace hornet::cuda {

class MemoryPool {
 public:
  /// `limit`: bytes that may be in use at once; 0: as many as the device has.
  MemoryPool(CUdevice device, size_t limit);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  CUmemoryPool handle() const { return pool_; }
  /// Memory from the stream's next work on, aligned to 256 bytes. Throws an Error that tells sizes. Empty blocks are
  /// null.
  void* allocate(size_t bytes, CUstream stream);
  /// Free after the stream's earlier work.
  void release(void* memory, size_t bytes, CUstream stream) noexcept;
  const MemoryUse& use() const { return use_; }

 private:
  [[noreturn]] void fail(size_t bytes, const std::string& reason) const;

  CUmemoryPool pool_ = nullptr;
  size_t limit_;
  MemoryUse use_;
};

/// Memory that all programs of a device share, because they run one after the other: arena and scratch. It only grows.
class Workspace {
 public:
  Workspace(MemoryPool& pool, CUstream stream) : pool_(pool), stream_(stream) {}
  ~Workspace() { pool_.release(memory_, bytes_, stream_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// At least so many bytes, which stay where they are until somebody reserves more.
  std::byte* reserve(size_t bytes);

 private:
  MemoryPool& pool_;
  CUstream stream_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace hornet::cuda

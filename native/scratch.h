// Divides a kernel's scratch memory into aligned parts. Not an allocator: offsets are fixed when the kernel is made.
#pragma once

#include <cstddef>

namespace hornet {

class ScratchPlan {
 public:
  /// Reserves a part and returns its offset.
  size_t reserve(size_t bytes) {
    const size_t offset = bytes_;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  }

  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kAlignment = 256;  // what libraries on a GPU may ask for
  size_t bytes_ = 0;
};

template <class T = std::byte>
T* scratchAt(void* scratch, size_t offset) {
  return reinterpret_cast<T*>(static_cast<std::byte*>(scratch) + offset);
}

}  // namespace hornet

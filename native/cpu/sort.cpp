// sort (stable, along any axis) and top_k (last axis), with indices. NaN comes last in either direction.
#include <omp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "../dispatch.h"
#include "../kernel.h"
#include "../sort_key.h"
#include "../strides.h"
#include "parallel.h"

namespace hornet {

namespace {

constexpr int64_t kSmall = 512;  // rows below are sorted by comparing, longer ones digit by digit

/// A value as an integer that sorts like it, and where it was.
struct Entry {
  uint64_t key;
  uint32_t index;

  bool operator<(const Entry& other) const { return key != other.key ? key < other.key : index < other.index; }
};

/// Stable sort of entries whose indices ascend; the result is in the returned one of the two buffers.
Entry* sortEntries(Entry* entries, Entry* spare, int64_t n) {
  if (n <= kSmall) {
    std::sort(entries, entries + n);
    return entries;
  }
  std::array<std::array<uint32_t, 256>, 8> counts{};
  for (int64_t i = 0; i < n; i++) {
    for (int digit = 0; digit < 8; digit++) counts[size_t(digit)][entries[i].key >> (8 * digit) & 255]++;
  }
  for (int digit = 0; digit < 8; digit++) {
    auto& count = counts[size_t(digit)];
    if (count[entries[0].key >> (8 * digit) & 255] == uint32_t(n)) continue;
    uint32_t start = 0;
    for (uint32_t& c : count) {
      const uint32_t size = c;
      c = start;
      start += size;
    }
    for (int64_t i = 0; i < n; i++) spare[count[entries[i].key >> (8 * digit) & 255]++] = entries[i];
    std::swap(entries, spare);
  }
  return entries;
}

/// Orders the rows along an axis and keeps the first `kept` of each.
template <class T>
class Sort : public Kernel {
 public:
  Sort(const KernelArgs& args, int64_t axis, bool descending)
      : view_(args.inputs[0].shape, axis), kept_(args.outputs[0].shape.at(size_t(axis))), descending_(descending) {
    rows_ = view_.outer * view_.inner;
    lanes_ = std::clamp<int64_t>(rows_, 1, omp_get_max_threads());
    if (view_.length > INT32_MAX) throw Error(args.op, "more than 2147483647 values along the axis");
  }

  size_t scratchBytes() const override { return size_t(lanes_ * 2 * view_.length) * sizeof(Entry); }

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    if (kept_ == 0) return;
    const T* x = static_cast<const T*>(in[0]);
    T* values = static_cast<T*>(out[0]);
    int32_t* indices = static_cast<int32_t*>(out[1]);
    Entry* entries = static_cast<Entry*>(scratch);
    const int64_t grain = rows_ * view_.length < 4096 ? lanes_ : 1;
    parallelFor(lanes_, grain, [&](int64_t begin, int64_t end) {
      for (int64_t lane = begin; lane < end; lane++) {
        for (int64_t row = lane; row < rows_; row += lanes_) {
          const int64_t outer = row / view_.inner, column = row % view_.inner;
          const int64_t at = outer * kept_ * view_.inner + column;
          sortRow(x + outer * view_.length * view_.inner + column, values + at, indices + at,
                  entries + lane * 2 * view_.length);
        }
      }
    });
  }

 private:
  void sortRow(const T* x, T* values, int32_t* indices, Entry* entries) const {
    const int64_t n = view_.length;
    for (int64_t i = 0; i < n; i++) entries[i] = {sortKey(x[i * view_.inner], descending_), uint32_t(i)};
    if (kept_ * 16 < n)
      std::partial_sort(entries, entries + kept_, entries + n);
    else
      entries = sortEntries(entries, entries + n, n);
    for (int64_t i = 0; i < kept_; i++) {
      values[i * view_.inner] = x[int64_t(entries[i].index) * view_.inner];
      indices[i * view_.inner] = int32_t(entries[i].index);
    }
  }

  AxisView view_;
  int64_t kept_, rows_, lanes_;
  bool descending_;
};

std::unique_ptr<Kernel> make(const KernelArgs& args, int64_t axis, bool descending) {
  return withStorageType(args.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<Sort<typename decltype(tag)::Type>>(args, axis, descending);
  });
}

std::unique_ptr<Kernel> makeSort(const KernelArgs& args) {
  return make(args, args.attrs.integer("axis"), args.attrs.flag("descending"));
}

std::unique_ptr<Kernel> makeTopK(const KernelArgs& args) {
  return make(args, int64_t(args.inputs[0].shape.size()) - 1, true);
}

}  // namespace

REGISTER_KERNEL("sort", makeSort);
REGISTER_KERNEL("top_k", makeTopK);

}  // namespace hornet

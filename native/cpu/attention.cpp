// attention and attention_grad: a few queries of one head at a time, whose scores stay in cache and are never written
// out. The gradient computes them again. Method: Dao et al., "FlashAttention", 2022, with whole rows of scores.
#include "../attention_shape.h"

#include <omp.h>

#include <oneapi/dnnl/dnnl.h>
#include <algorithm>
#include <cmath>
#include <memory>

#include "../fast_math.h"
#include "../kernel.h"
#include "make.h"
#include "parallel.h"

namespace hornet {
namespace {

constexpr int64_t kBlock = 64;  // queries whose scores are at hand

/// A matrix with rows `stride` apart.
template <class T>
struct Matrix {
  T* data;
  int64_t stride;
};

/// c[M, N] = alpha * a[M, K] x b[K, N] + beta * c, a or b transposed. On this thread only.
template <class T>
void multiply(bool transposeA, bool transposeB, int64_t M, int64_t N, int64_t K, T alpha, Matrix<const T> a,
              Matrix<const T> b, T beta, Matrix<T> c) {
  if constexpr (std::is_same_v<T, float>) {
    const dnnl_status_t status = dnnl_sgemm(transposeA ? 'T' : 'N', transposeB ? 'T' : 'N', M, N, K, alpha, a.data,
                                            a.stride, b.data, b.stride, beta, c.data, c.stride);
    if (status != dnnl_success) throw Error("attention", "oneDNN failed with status " + std::to_string(int(status)));
  } else {
    for (int64_t i = 0; i < M; ++i) {
      for (int64_t j = 0; j < N; ++j) {
        T sum = 0;
        for (int64_t k = 0; k < K; ++k) {
          sum += (transposeA ? a.data[k * a.stride + i] : a.data[i * a.stride + k]) *
                 (transposeB ? b.data[j * b.stride + k] : b.data[k * b.stride + j]);
        }
        T& to = c.data[i * c.stride + j];
        to = alpha * sum + (beta == T(0) ? T(0) : beta * to);
      }
    }
  }
}

template <class T>
class AttentionBase : public Kernel {
 public:
  AttentionBase(const KernelArgs& args, int64_t tiles)
      : shape_(args),
        threads_(omp_get_max_threads()),
        tileItems_((kBlock * shape_.keys + 15) / 16 * 16),
        tiles_(tiles) {}

  size_t scratchBytes() const override { return size_t(threads_ * tiles_ * tileItems_) * sizeof(T); }

 protected:
  T* tile(void* scratch, int64_t number) const {
    return static_cast<T*>(scratch) + (omp_get_thread_num() * tiles_ + number) * tileItems_;
  }

  /// The keys that the queries before `end` may see at most.
  int64_t seenBy(int64_t end) const { return shape_.isCausal ? std::min(end, shape_.keys) : shape_.keys; }

  /// Scaled scores of `count` queries, unseen keys of the last block included.
  void score(const T* q, const T* k, int64_t first, int64_t count, int64_t keys, T* scores) const {
    multiply<T>(false, true, count, keys, shape_.depth, T(shape_.scale), {q, shape_.queryStride()},
                {k, shape_.keyStride()}, T(0), {scores, keys});
    if (!shape_.isCausal) return;
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = first + i + 1; j < keys; ++j) scores[i * keys + j] = T(kUnseen);
    }
  }

  AttentionShape shape_;

 private:
  int64_t threads_, tileItems_, tiles_;
};

template <class T>
class Attention : public AttentionBase<T> {
  using Base = AttentionBase<T>;
  using Base::shape_;

 public:
  explicit Attention(const KernelArgs& args) : Base(args, 1) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const AttentionShape& s = shape_;
    const int64_t blocks = (s.queries + kBlock - 1) / kBlock;
    parallelFor(s.batch * s.heads * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t block = task % blocks, head = task / blocks % s.heads, sample = task / blocks / s.heads;
        const int64_t first = block * kBlock, count = std::min(kBlock, s.queries - first);
        const int64_t at = s.queryAt(sample, head) + first * s.queryStride(), key = s.keyAt(sample, head / s.group());
        attend(static_cast<const T*>(in[0]) + at, static_cast<const T*>(in[1]) + key,
               static_cast<const T*>(in[2]) + key, first, count, this->tile(scratch, 0), static_cast<T*>(out[0]) + at,
               static_cast<T*>(out[1]) + (sample * s.heads + head) * s.queries + first);
      }
    });
  }

 private:
  void attend(const T* q, const T* k, const T* v, int64_t first, int64_t count, T* scores, T* y, T* sums) const {
    const AttentionShape& s = shape_;
    const int64_t keys = this->seenBy(first + count);
    this->score(q, k, first, count, keys, scores);
    for (int64_t i = 0; i < count; ++i) {
      T* row = scores + i * keys;
      T highest = -std::numeric_limits<T>::infinity();
#pragma omp simd reduction(max : highest)
      for (int64_t j = 0; j < keys; ++j) highest = row[j] > highest ? row[j] : highest;
      T sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < keys; ++j) {
        row[j] = math::exp(row[j] - highest);
        sum += row[j];
      }
      const T inverse = T(1) / sum;
#pragma omp simd
      for (int64_t j = 0; j < keys; ++j) row[j] *= inverse;
      sums[i] = highest + std::log(sum);
    }
    multiply<T>(false, false, count, s.depth, keys, T(1), {scores, keys}, {v, s.keyStride()}, T(0),
                {y, s.queryStride()});
  }
};

template <class T>
class AttentionGrad : public AttentionBase<T> {
  using Base = AttentionBase<T>;
  using Base::shape_;

 public:
  explicit AttentionGrad(const KernelArgs& args) : Base(args, 2) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void* scratch) override {
    const AttentionShape& s = shape_;
    if (s.queries == 0) {
      for (const size_t i : {1, 2}) std::fill_n(static_cast<T*>(out[i]), s.batch * s.keys * s.keyStride(), T(0));
    }
    // A thread has all query heads of a key head: what they add to dk and dv has a fixed order.
    parallelFor(s.batch * s.kvHeads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t kvHead = task % s.kvHeads, sample = task / s.kvHeads, key = s.keyAt(sample, kvHead);
        T *dk = static_cast<T*>(out[1]) + key, *dv = static_cast<T*>(out[2]) + key;
        bool isFirst = true;
        for (int64_t head = kvHead * s.group(); head < (kvHead + 1) * s.group(); ++head) {
          // The last block first: where it is causal, it alone reaches all keys.
          for (int64_t block = (s.queries + kBlock - 1) / kBlock; block-- > 0; isFirst = false) {
            addBlock(in, out, sample, head, block * kBlock, dk, dv, isFirst, this->tile(scratch, 0),
                     this->tile(scratch, 1));
          }
        }
      }
    });
  }

 private:
  void addBlock(std::span<const void* const> in, std::span<void* const> out, int64_t sample, int64_t head,
                int64_t first, T* dk, T* dv, bool isFirst, T* weights, T* slopes) const {
    const AttentionShape& s = shape_;
    const int64_t count = std::min(kBlock, s.queries - first);
    const int64_t at = s.queryAt(sample, head) + first * s.queryStride(), key = s.keyAt(sample, head / s.group());
    const T *q = static_cast<const T*>(in[0]) + at, *k = static_cast<const T*>(in[1]) + key,
            *v = static_cast<const T*>(in[2]) + key, *y = static_cast<const T*>(in[3]) + at,
            *sums = static_cast<const T*>(in[4]) + (sample * s.heads + head) * s.queries + first,
            *dy = static_cast<const T*>(in[5]) + at;
    const int64_t keys = isFirst ? s.keys : this->seenBy(first + count);
    this->score(q, k, first, count, keys, weights);
    multiply<T>(false, true, count, keys, s.depth, T(1), {dy, s.queryStride()}, {v, s.keyStride()}, T(0),
                {slopes, keys});
    for (int64_t i = 0; i < count; ++i) {
      T along = 0;
      for (int64_t d = 0; d < s.depth; ++d) along += y[i * s.queryStride() + d] * dy[i * s.queryStride() + d];
      T *weight = weights + i * keys, *slope = slopes + i * keys;
#pragma omp simd
      for (int64_t j = 0; j < keys; ++j) {
        weight[j] = math::exp(weight[j] - sums[i]);
        slope[j] = weight[j] * (slope[j] - along) * T(s.scale);
      }
    }
    const T beta = isFirst ? T(0) : T(1);
    multiply<T>(false, false, count, s.depth, keys, T(1), {slopes, keys}, {k, s.keyStride()}, T(0),
                {static_cast<T*>(out[0]) + at, s.queryStride()});
    multiply<T>(true, false, keys, s.depth, count, T(1), {slopes, keys}, {q, s.queryStride()}, beta,
                {dk, s.keyStride()});
    multiply<T>(true, false, keys, s.depth, count, T(1), {weights, keys}, {dy, s.queryStride()}, beta,
                {dv, s.keyStride()});
  }
};

template <template <class> class Of>
std::unique_ptr<Kernel> makeAttention(const KernelArgs& args) {
  return makeFloating(args, makeAttention<Of>, [&]<class T>() { return std::make_unique<Of<T>>(args); });
}

REGISTER_KERNEL("attention", makeAttention<Attention>);
REGISTER_KERNEL("attention_grad", makeAttention<AttentionGrad>);

}  // namespace
}  // namespace hornet

// max_pool, avg_pool and their gradients: own loops over channels-last tensors, vectorised over the channels.
#include <algorithm>
#include <limits>

#include "../kernel.h"
#include "../window_args.h"
#include "converted.h"
#include "make.h"
#include "parallel.h"

namespace hornet {
namespace {

constexpr int64_t kParallelWork = 131072;  // inputs read that are worth a thread

/// Rows of outputs that are worth a thread.
int64_t grain(const PoolShape& s) {
  return std::max<int64_t>(1, kParallelWork / std::max<int64_t>(1, s.channels * s.window.taps() * s.window.out[2]));
}

/// The input positions that the window of one output position covers.
struct Box {
  Window::Sizes begin, end;

  void place(const Window& w, int axis, int64_t o) {
    begin[axis] = std::max<int64_t>(0, w.input(axis, o, 0));
    end[axis] = std::min(w.in[axis], w.input(axis, o, w.size[axis]));
  }

  int64_t count() const {
    int64_t product = 1;
    for (int axis = 0; axis < 3; ++axis) product *= std::max<int64_t>(0, end[axis] - begin[axis]);
    return product;
  }

  template <class Fn>
  void forEach(const Window& w, Fn&& fn) const {
    for (int64_t i0 = begin[0]; i0 < end[0]; ++i0) {
      for (int64_t i1 = begin[1]; i1 < end[1]; ++i1) {
        const int64_t row = (i0 * w.in[1] + i1) * w.in[2];
        for (int64_t i2 = begin[2]; i2 < end[2]; ++i2) fn(row + i2);
      }
    }
  }
};

/// Calls fn(image, output position, box) for a range of output rows, counted over the whole batch.
template <class Fn>
void forEachBox(const Window& w, int64_t firstRow, int64_t lastRow, Fn&& fn) {
  for (int64_t row = firstRow; row < lastRow; ++row) {
    Box box;
    box.place(w, 0, row / w.out[1] % w.out[0]);
    box.place(w, 1, row % w.out[1]);
    for (int64_t o = 0; o < w.out[2]; ++o) {
      box.place(w, 2, o);
      fn(row / (w.out[0] * w.out[1]), row * w.out[2] + o, box);
    }
  }
}

template <class T>
class MaxPool : public Kernel {
  using C = Computed<T>;

 public:
  explicit MaxPool(const PoolShape& s) : shape_(s) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const Window& w = shape_.window;
    const int64_t channels = shape_.channels;
    parallelFor(shape_.batch * shape_.rows(), grain(shape_), [&](int64_t firstRow, int64_t lastRow) {
      forEachBox(w, firstRow, lastRow, [&](int64_t n, int64_t i, const Box& box) {
        const T* image = static_cast<const T*>(in[0]) + n * w.inputPositions() * channels;
        T* y = static_cast<T*>(out[0]) + i * channels;
        std::fill_n(y, channels, lowest());
        box.forEach(w, [&](int64_t position) {
          const T* x = image + position * channels;
#pragma omp simd
          for (int64_t c = 0; c < channels; ++c) {
            const C value = convert<C>(x[c]), best = convert<C>(y[c]);
            y[c] = convert<T>((value > best) | (value != value) ? value : best);
          }
        });
      });
    });
  }

 private:
  static T lowest() {
    using Limits = std::numeric_limits<C>;
    return convert<T>(Limits::has_infinity ? -Limits::infinity() : Limits::lowest());
  }

  PoolShape shape_;
};

/// Gradients run over one image and one block of channels per task, so that overlapping windows never meet.
template <class Fn>
void forEachPlane(const PoolShape& s, int64_t block, Fn&& fn) {
  const int64_t blocks = (s.channels + block - 1) / block, positions = s.window.outputPositions();
  const int64_t work = std::max<int64_t>(1, positions * s.window.taps() * std::min(s.channels, block));
  parallelFor(s.batch * blocks, std::max<int64_t>(1, kParallelWork / work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * block;
      fn(i / blocks, first, std::min(block, s.channels - first));
    }
  });
}

template <class T>
class MaxPoolGrad : public Kernel {
  using C = Computed<T>;
  static constexpr int64_t kBlock = 64;

 public:
  explicit MaxPoolGrad(const PoolShape& s) : shape_(s) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    shape_.overlaps() ? gradient<true>(in, out) : gradient<false>(in, out);
  }

 private:
  template <bool overlap>
  void gradient(std::span<const void* const> in, std::span<void* const> out) const {
    const Window& w = shape_.window;
    const int64_t inputs = w.inputPositions(), channels = shape_.channels;
    const bool clear = overlap || !shape_.isTiling();
    forEachPlane(shape_, kBlock, [&](int64_t image, int64_t first, int64_t count) {
      const T* x = static_cast<const T*>(in[0]) + image * inputs * channels + first;
      T* dx = static_cast<T*>(out[0]) + image * inputs * channels + first;
      for (int64_t p = 0; clear && p < inputs; ++p) std::fill_n(dx + p * channels, count, T{});
      forEachBox(w, image * shape_.rows(), (image + 1) * shape_.rows(), [&](int64_t, int64_t i, const Box& box) {
        const T* y = static_cast<const T*>(in[1]) + i * channels + first;
        const T* dy = static_cast<const T*>(in[2]) + i * channels + first;
        C left[kBlock];  // the gradient that no earlier tap has taken
        for (int64_t c = 0; c < count; ++c) left[c] = convert<C>(dy[c]);
        box.forEach(w, [&](int64_t position) {
          const T* from = x + position * channels;
          T* to = dx + position * channels;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            const C value = convert<C>(from[c]);
            const bool hit = (value == convert<C>(y[c])) | (value != value);
            const C taken = hit ? left[c] : C(0);
            to[c] = convert<T>(overlap ? convert<C>(to[c]) + taken : taken);
            left[c] = hit ? C(0) : left[c];
          }
        });
      });
    });
  }

  PoolShape shape_;
};

template <class T>
class AvgPool : public Kernel {
  using C = Computed<T>;
  static constexpr int64_t kBlock = 128;

 public:
  explicit AvgPool(const PoolShape& s) : shape_(s) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const Window& w = shape_.window;
    const int64_t channels = shape_.channels;
    parallelFor(shape_.batch * shape_.rows(), grain(shape_), [&](int64_t firstRow, int64_t lastRow) {
      forEachBox(w, firstRow, lastRow, [&](int64_t n, int64_t i, const Box& box) {
        const T* image = static_cast<const T*>(in[0]) + n * w.inputPositions() * channels;
        const C factor = C(shape_.average(box.count()));
        for (int64_t first = 0; first < channels; first += kBlock) {
          const int64_t count = std::min(kBlock, channels - first);
          C sums[kBlock];
          std::fill_n(sums, count, C(0));
          box.forEach(w, [&](int64_t position) {
            const T* x = image + position * channels + first;
#pragma omp simd
            for (int64_t c = 0; c < count; ++c) sums[c] += convert<C>(x[c]);
          });
          T* y = static_cast<T*>(out[0]) + i * channels + first;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) y[c] = convert<T>(sums[c] * factor);
        }
      });
    });
  }

 private:
  PoolShape shape_;
};

template <class T>
class AvgPoolGrad : public Kernel {
  using C = Computed<T>;

 public:
  explicit AvgPoolGrad(const PoolShape& s) : shape_(s) {}

  void run(std::span<const void* const> in, std::span<void* const> out, void*) override {
    const Window& w = shape_.window;
    const int64_t inputs = w.inputPositions(), channels = shape_.channels;
    forEachPlane(shape_, 256, [&](int64_t image, int64_t first, int64_t count) {
      T* dx = static_cast<T*>(out[0]) + image * inputs * channels + first;
      for (int64_t p = 0; p < inputs; ++p) std::fill_n(dx + p * channels, count, T{});
      forEachBox(w, image * shape_.rows(), (image + 1) * shape_.rows(), [&](int64_t, int64_t i, const Box& box) {
        const T* dy = static_cast<const T*>(in[0]) + i * channels + first;
        const C factor = C(shape_.average(box.count()));
        box.forEach(w, [&](int64_t position) {
          T* to = dx + position * channels;
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) to[c] = convert<T>(convert<C>(to[c]) + convert<C>(dy[c]) * factor);
        });
      });
    });
  }

 private:
  PoolShape shape_;
};

/// Gradients of overlapping windows are summed in place, so half precision is widened first.
template <class Make>
std::unique_ptr<Kernel> makeGradient(const KernelArgs& args, const PoolShape& s, KernelFactory self, Make make) {
  return s.overlaps() ? makeFloating(args, self, make) : makeStored(args, self, args.inputs.size(), make);
}

std::unique_ptr<Kernel> makeMaxPool(const KernelArgs& args) {
  const PoolShape shape = parsePoolShape(args, args.inputs[0], args.outputs[0]);
  const auto make = [&]<class T>() { return std::make_unique<MaxPool<T>>(shape); };
  return isFloat(args.inputs[0].dtype) ? makeStored(args, makeMaxPool, 1, make) : makeInteger(args, make);
}

std::unique_ptr<Kernel> makeMaxPoolGrad(const KernelArgs& args) {
  const PoolShape shape = parsePoolShape(args, args.inputs[0], args.inputs[1]);
  return makeGradient(args, shape, makeMaxPoolGrad, [&]<class T>() { return std::make_unique<MaxPoolGrad<T>>(shape); });
}

std::unique_ptr<Kernel> makeAvgPool(const KernelArgs& args) {
  const PoolShape shape = parsePoolShape(args, args.inputs[0], args.outputs[0]);
  return makeStored(args, makeAvgPool, 1, [&]<class T>() { return std::make_unique<AvgPool<T>>(shape); });
}

std::unique_ptr<Kernel> makeAvgPoolGrad(const KernelArgs& args) {
  const PoolShape shape = parsePoolShape(args, args.outputs[0], args.inputs[0]);
  return makeGradient(args, shape, makeAvgPoolGrad, [&]<class T>() { return std::make_unique<AvgPoolGrad<T>>(shape); });
}

REGISTER_KERNEL("max_pool", makeMaxPool);
REGISTER_KERNEL("max_pool_grad", makeMaxPoolGrad);
REGISTER_KERNEL("avg_pool", makeAvgPool);
REGISTER_KERNEL("avg_pool_grad", makeAvgPoolGrad);

}  // namespace
}  // namespace hornet

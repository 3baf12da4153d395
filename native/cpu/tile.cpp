// Conversions between memory and tiles.
#include "tile.h"

namespace hornet {

namespace {

template <class From, class Through, class To>
void convertLoop(const void* a, const void*, const void*, void* out, int64_t n) {
  const From* x = static_cast<const From*>(a);
  To* y = static_cast<To*>(out);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) y[i] = convert<To>(convert<Through>(x[i]));
}

template <class T>
void fillLoop(const void* a, const void*, const void*, void* out, int64_t n) {
  const T value = *static_cast<const T*>(a);
  T* y = static_cast<T*>(out);
  for (int64_t i = 0; i < n; i++) y[i] = value;
}

}  // namespace

TileFn loadTile(DType from, Domain to) {
  return withStorageType(from, [=](auto storage) {
    using From = typename decltype(storage)::Type;
    return withComputeType(to, [](auto compute) -> TileFn {
      using To = typename decltype(compute)::Type;
      using Through = std::conditional_t<domainOf<To>() == Domain::boolean, Bool8, From>;
      return convertLoop<From, Through, To>;
    });
  });
}

TileFn storeTile(Domain from, DType to) {
  return withStorageType(to, [=](auto storage) {
    using To = typename decltype(storage)::Type;
    return withComputeType(from, [](auto compute) -> TileFn {
      using From = typename decltype(compute)::Type;
      return convertLoop<From, From, To>;
    });
  });
}

TileFn castTile(Domain from, DType to) {
  return withStorageType(to, [=](auto storage) {
    using Through = typename decltype(storage)::Type;
    return withComputeType(from, [=](auto compute) -> TileFn {
      using From = typename decltype(compute)::Type;
      if constexpr (std::is_same_v<Through, double>)
        return convertLoop<From, Through, double>;
      else if constexpr (std::is_same_v<Through, Bool8>)
        return convertLoop<From, Through, int32_t>;
      else if constexpr (std::is_integral_v<Through>)
        return convertLoop<From, Through, int64_t>;
      else
        return convertLoop<From, Through, float>;
    });
  });
}

TileFn fillTile(Domain domain) { return computeBytes(domain) == 4 ? fillLoop<uint32_t> : fillLoop<uint64_t>; }

}  // namespace hornet

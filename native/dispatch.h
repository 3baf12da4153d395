// From a DType at run time to a C++ type at compile time.
#pragma once

#include "convert.h"
#include "tensor.h"

namespace hornet {

template <class T>
struct TypeTag {
  using Type = T;
};

/// Calls visit(TypeTag<T>{}) with the type that holds a value of this dtype in memory.
template <class Visit>
auto withStorageType(DType dtype, Visit visit) {
  switch (dtype) {
    case DType::boolean:
      return visit(TypeTag<Bool8>{});
    case DType::uint8:
      return visit(TypeTag<uint8_t>{});
    case DType::uint16:
      return visit(TypeTag<uint16_t>{});
    case DType::uint32:
      return visit(TypeTag<uint32_t>{});
    case DType::int8:
      return visit(TypeTag<int8_t>{});
    case DType::int16:
      return visit(TypeTag<int16_t>{});
    case DType::int32:
      return visit(TypeTag<int32_t>{});
    case DType::int64:
      return visit(TypeTag<int64_t>{});
    case DType::float16:
      return visit(TypeTag<Float16>{});
    case DType::bfloat16:
      return visit(TypeTag<BFloat16>{});
    case DType::float32:
      return visit(TypeTag<float>{});
    default:
      return visit(TypeTag<double>{});
  }
}

/// Calls visit(TypeTag<T>{}) with an unsigned integer of this size: for kernels that only move values.
template <class Visit>
auto withSizedType(size_t bytes, Visit visit) {
  switch (bytes) {
    case 1:
      return visit(TypeTag<uint8_t>{});
    case 2:
      return visit(TypeTag<uint16_t>{});
    case 4:
      return visit(TypeTag<uint32_t>{});
    default:
      return visit(TypeTag<uint64_t>{});
  }
}

/// The type in which values of a dtype are computed. Booleans are 0 or 1.
enum class Domain : uint8_t { float32, float64, integer, boolean };

template <class T>
constexpr Domain domainOf() {
  if constexpr (std::is_same_v<T, double>)
    return Domain::float64;
  else if constexpr (std::is_same_v<T, int64_t>)
    return Domain::integer;
  else if constexpr (std::is_same_v<T, int32_t>)
    return Domain::boolean;
  else
    return Domain::float32;
}

inline Domain domainOf(DType dtype) {
  if (dtype == DType::boolean) return Domain::boolean;
  if (dtype == DType::float64) return Domain::float64;
  return dtype < DType::float16 ? Domain::integer : Domain::float32;
}

/// Calls visit(TypeTag<T>{}) with the type in which a domain computes.
template <class Visit>
auto withComputeType(Domain domain, Visit visit) {
  switch (domain) {
    case Domain::float32:
      return visit(TypeTag<float>{});
    case Domain::float64:
      return visit(TypeTag<double>{});
    case Domain::integer:
      return visit(TypeTag<int64_t>{});
    default:
      return visit(TypeTag<int32_t>{});
  }
}

inline size_t computeBytes(Domain domain) { return domain == Domain::float32 || domain == Domain::boolean ? 4 : 8; }

/// Whether values of this dtype lie in memory exactly as their domain computes them.
inline bool isNative(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::int64;
}

}  // namespace hornet

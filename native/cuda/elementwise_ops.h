// Element-wise ops as device functions, from the lists of elementwise.h: `op_exp(x)`. Predicates give int32_t.
#pragma once

#include "../elementwise.h"
#include "pack.h"

namespace hornet {

#define HORNET_DEVICE_OP_1(name, expression) \
  template <class T>                         \
  __device__ inline T op_##name(T x) {       \
    return T(expression);                    \
  }
#define HORNET_DEVICE_OP_2(name, expression) \
  template <class T>                         \
  __device__ inline T op_##name(T a, T b) {  \
    return T(expression);                    \
  }
#define HORNET_DEVICE_PREDICATE_1(name, expression) \
  template <class T>                                \
  __device__ inline int32_t op_##name(T x) {        \
    return int32_t(expression);                     \
  }
#define HORNET_DEVICE_PREDICATE_2(name, expression) \
  template <class T>                                \
  __device__ inline int32_t op_##name(T a, T b) {   \
    return int32_t(expression);                     \
  }

HORNET_FLOAT_UNARY(HORNET_DEVICE_OP_1)
HORNET_UNARY(HORNET_DEVICE_OP_1)
HORNET_INTEGER_UNARY(HORNET_DEVICE_OP_1)
HORNET_UNARY_PREDICATE(HORNET_DEVICE_PREDICATE_1)
HORNET_FLOAT_BINARY(HORNET_DEVICE_OP_2)
HORNET_BINARY(HORNET_DEVICE_OP_2)
HORNET_INTEGER_BINARY(HORNET_DEVICE_OP_2)
HORNET_BINARY_PREDICATE(HORNET_DEVICE_PREDICATE_2)

#undef HORNET_DEVICE_OP_1
#undef HORNET_DEVICE_OP_2
#undef HORNET_DEVICE_PREDICATE_1
#undef HORNET_DEVICE_PREDICATE_2

template <class T>
__device__ inline T op_select(int32_t condition, T a, T b) {
  return condition != 0 ? a : b;
}

// A bool is computed as 0 or 1 in an int32_t, of which ~x is no bool.
template <>
__device__ inline int32_t op_bitwise_not(int32_t x) {
  return x == 0;
}

}  // namespace hornet

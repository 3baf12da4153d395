// The type in which the device computes values of a storage type.
#pragma once

#include "../convert.h"

namespace hornet {

/// Integers in the widest, a bool as 0 or 1.
template <class T>
using ComputeType = std::conditional_t<
    std::is_same_v<T, Bool8>, int32_t,
    std::conditional_t<std::is_integral_v<T>, int64_t, std::conditional_t<std::is_same_v<T, double>, double, float>>>;

}  // namespace hornet

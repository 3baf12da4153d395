// What the kernel of iota.cu is given.
#pragma once

#include "digits.h"
#include "fault.h"

namespace hornet {

/// Element i of the target is i / inner % length.
template <class Index>
struct IotaArgs {
  void* to;
  const FaultRecord* fault;
  Index count;
  Radix<Index> inner, length;
};

}  // namespace hornet

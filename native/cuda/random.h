// What the kernel of random.cu is given.
#pragma once

#include "fault.h"

namespace hornet {

struct RandomArgs {
  const uint32_t* state;  // the key: two words
  void* to;
  const FaultRecord* fault;
  int64_t count;
};

}  // namespace hornet

// What the kernels of batched.cu are given.
#pragma once

#include "../batch.h"

namespace hornet {

struct FaultRecord;

struct BatchedArgs {
  Batch batch;
  FaultRecord* faults;
  uint32_t site;
};

}  // namespace hornet

// What the kernel of hash.cu is given.
#pragma once

#include "../hash.h"
#include "fault.h"

namespace hornet {

struct HashArgs {
  const int64_t* values;
  uint64_t* hashes;
  const FaultRecord* fault;
  int64_t count;
  hash::Key key;
};

}  // namespace hornet

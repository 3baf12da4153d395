// The plan of one element-wise chain: which tile step runs when, and where every register lives. Not its execution.
#pragma once

#include <vector>

#include "../kernel.h"
#include "../strides.h"
#include "tile.h"

namespace hornet {

struct Chain {
  enum class Place : uint8_t {
    uniform,  // one value for the whole run, in `uniforms`
    slot,     // a tile in the thread's buffer
    input,    // read where the input is
    output,   // written where the output is
  };

  struct Register {
    Domain domain;
    Place place;
    int index;  // uniform, slot, input or output number
  };

  struct Step {
    TileFn fn;
    int a, b, c, out;       // registers
    TileFn fill = nullptr;  // given: `a` is a broadcast input, brought to `out` row by row
  };

  struct Input {
    int64_t bytes;    // per element
    bool contiguous;  // has the shape of the outputs
    int64_t step;     // along a row: 1, or 0 where one value is repeated
    Dims strides;     // of whole rows
  };

  explicit Chain(const KernelArgs& args);

  std::vector<Register> registers;
  std::vector<Input> inputs;
  std::vector<int64_t> outputBytes;  // per element
  std::vector<uint64_t> uniforms;
  std::vector<Step> once, perThread, perTile;
  std::vector<int> moving;  // registers whose memory differs from tile to tile

  // The outputs as rows; a tile is a part of a row, or several whole rows.
  Dims rowShape;
  int64_t rows = 1, rowLength = 1;
  int64_t tileRows = 1, tileLength = 1;  // tileLength: of one row
  int64_t slotBytes = 0;
  int slots = 0;
};

}  // namespace hornet

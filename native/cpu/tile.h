// Tiles: short runs of values in cache on which element-wise kernels compute, one loop per step. Not the chain of
// steps.
#pragma once

#include <string>

#include "../dispatch.h"

namespace hornet {

/// Reads n values of up to three operands and writes n results, possibly over an operand of the same width.
using TileFn = void (*)(const void* a, const void* b, const void* c, void* out, int64_t n);

/// Memory of a dtype to the values of a domain, and back.
TileFn loadTile(DType from, Domain to);
TileFn storeTile(Domain from, DType to);

/// `cast` to a dtype, left in that dtype's domain.
TileFn castTile(Domain from, DType to);

/// Repeats the one value at `a`.
TileFn fillTile(Domain domain);

/// What an op does with operands of one domain. Bit i of a variant's number says that operand i is one repeated value.
struct TileOp {
  int arity = 0;
  bool toBool = false;
  TileFn variants[7] = {};
};

/// Throws if there is no such op, or not in this domain. For `select` the domain is that of its last two operands.
const TileOp& findTileOp(const std::string& name, Domain domain);

}  // namespace hornet

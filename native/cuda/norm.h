// What the host tells the kernels of batch_norm.cu and layer_norm.cu.
#pragma once

#include <cstdint>

namespace hornet {

/// A tensor as rows of `width` channels. A block works on one slice of the rows, and on as many packs of neighbouring
/// channels as it has `columns` of threads.
struct NormColumns {
  int64_t rows, width;
  int columns, slices;
};

/// Partial results are [slices, 2, width], factors [4, width], both in the type that computes.
/// `addend` may be null.
struct BatchNormArgs {
  NormColumns shape;
  const void *x, *addend, *gamma, *beta;
  void *y, *mean, *variance;
  void *partial, *factors;
  double epsilon;
  bool rectifies;
};

struct BatchNormGradArgs {
  NormColumns shape;
  const void *x, *dy, *gamma, *mean, *variance;
  void *dx, *dgamma, *dbeta;
  void *partial, *factors;
  double epsilon;
};

struct LayerNormArgs {
  int64_t rows, width;
  const void *x, *gamma, *beta;
  void *y, *mean, *rstd;
  double epsilon;
};

/// Each block leaves its sums for gamma and beta in `partial`, [blocks, 2, width]; a single block writes the gradients
/// themselves, and `partial` is null.
struct LayerNormGradArgs {
  int64_t rows, width;
  const void *x, *dy, *gamma, *mean, *rstd;
  void *dx, *dgamma, *dbeta, *partial;
};

struct LayerNormSumsArgs {
  int64_t width;
  int slices;
  const void* partial;
  void *dgamma, *dbeta;
};

/// Most packs of channels that a block has side by side.
inline constexpr int kNormMostColumns = 32;
/// A block that merges slices has this many channels side by side.
inline constexpr int kNormMergeColumns = 8;

}  // namespace hornet

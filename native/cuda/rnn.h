// What the host tells the kernels of rnn.cu. T is the type of tensors, C the one that sums and states are kept in.
#pragma once

#include "../rnn_cell.h"

namespace hornet {

inline constexpr int64_t rnnGates(RnnCell cell) { return cell == RnnCell::lstm ? 4 : cell == RnnCell::gru ? 3 : 1; }
/// Values that a step of a unit leaves for the gradient: the gates, then c or the candidate's recurrent part.
inline constexpr int64_t rnnSaved(RnnCell cell) { return cell == RnnCell::lstm ? 5 : cell == RnnCell::gru ? 4 : 0; }

/// Where a step is among all: [batch, steps, …] in memory.
struct RnnStep {
  int64_t batch, units, steps;
  /// Its place, and that of the step before it; -1 where it is the first.
  int64_t here, before;
  /// uint8 [batch, steps]; may be null.
  const void* mask;
  bool zeroOutput;
};

struct RnnForwardArgs {
  RnnStep step;
  /// C: the input's part of all steps, and the state's part of this step.
  const void *input, *recurrent;
  /// T [gates · units], what a GRU adds to the state's part; may be null.
  const void* bias;
  /// C [batch, units], changed in place.
  void *h, *c;
  void *y, *saved;
};

struct RnnBackwardArgs {
  RnnStep step;
  const void *y, *saved;
  /// C [batch, steps, units]: the state before each step.
  const void* before;
  /// T; each may be null.
  const void *firstC, *dy;
  /// C [batch, units]: the gradient of h that came through the gates of the step after this one, and what passed them
  /// by.
  const void* through;
  void *past, *dc, *pending;
  /// C: the gates' gradients at all steps, those of the state's part too where they differ, and of this step alone.
  void *dGates, *dRecurrent, *dStep;
};

/// The states before each step, from the outputs.
struct RnnBeforeArgs {
  int64_t batch, units, steps;
  bool reverse;
  const void *mask, *y, *firstH;
  void* to;
};

/// to[i] = from[i], plus[i] added where From has arithmetic; null stands for zeros.
struct RnnConvertArgs {
  const void *from, *plus;
  void* to;
  int64_t count;
};

/// Rows of `width` values whose order of steps is reversed.
struct RnnReverseArgs {
  const void* from;
  void* to;
  int64_t batch, steps, width;
};

struct RnnLengthsArgs {
  int32_t* to;
  int64_t count;
  int32_t length;
};

/// A matrix [units, inputs] and a bias [units] of a library's weights, one for each gate and each side, and where they
/// are in tensors: kernels [inputs, gates · units], biases [2, gates · units] or one row.
struct RnnWeightsArgs {
  static constexpr int kMost = 8;

  struct Part {
    void *matrix, *bias;        // the library's; no bias where it is null
    void *kernel, *tensorBias;  // the tensors' first columns of this gate; zeros where the bias is null
    int64_t inputs;
  };

  Part parts[kMost];
  int64_t units, width;
};

/// Rows and columns that a block of rnnPack or rnnUnpack turns.
inline constexpr int kRnnTile = 32;

}  // namespace hornet

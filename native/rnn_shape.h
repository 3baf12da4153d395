// The operands of `rnn` and `rnn_grad`: which is where, and their sizes. Nothing of how they are computed.
#pragma once

#include "kernel.h"
#include "rnn_cell.h"

namespace hornet {

/// Steps are [batch, steps, …] in memory whichever way time runs.
struct RnnShape {
  RnnCell cell;
  int64_t batch, steps, features, units;
  /// Whether time runs from the last step to the first.
  bool reverse;
  /// Whether steps that do not count give zeros; else they repeat the output before them.
  bool zeroOutput;
  bool hasBias, hasMask;

  explicit RnnShape(const KernelArgs& args)
      : cell(parseCell(args)),
        batch(args.inputs[0].shape[0]),
        steps(args.inputs[0].shape[1]),
        features(args.inputs[0].shape[2]),
        units(args.inputs[2].shape[0]),
        reverse(args.attrs.flag("reverse")),
        zeroOutput(args.attrs.flag("zeroOutput")),
        hasBias(!args.inputs[3].shape.empty()),
        hasMask(args.inputs.back().dtype == DType::boolean) {}

  int64_t gates() const { return cell == RnnCell::lstm ? 4 : cell == RnnCell::gru ? 3 : 1; }
  /// Columns of the kernels.
  int64_t width() const { return gates() * units; }
  /// h, and c of an LSTM.
  size_t states() const { return cell == RnnCell::lstm ? 2 : 1; }
  /// Whether there is an output that the gradient alone reads.
  bool saves() const { return cell == RnnCell::lstm || cell == RnnCell::gru; }
  /// The step that comes as number i.
  int64_t step(int64_t i) const { return reverse ? steps - 1 - i : i; }

  /// Positions among the inputs. Of `rnn`: x, kernel, recurrent kernel, bias, states, then perhaps the mask.
  static constexpr size_t kX = 0, kKernel = 1, kRecurrent = 2, kBias = 3, kState = 4;
  /// Of `rnn_grad`: those states, then y, what was saved, and the gradients of y and of the last states.
  size_t y() const { return kState + states(); }
  size_t saved() const { return y() + 1; }
  size_t dy() const { return y() + 1 + size_t(saves()); }
  size_t dState(size_t i) const { return dy() + 1 + i; }

 private:
  static RnnCell parseCell(const KernelArgs& args) {
    const std::string& name = args.attrs.string("cell");
    if (name == "lstm") return RnnCell::lstm;
    if (name == "gru") return RnnCell::gru;
    if (name == "tanh") return RnnCell::tanh;
    if (name == "relu") return RnnCell::relu;
    throw Error(args.op, "expected cell to be lstm, gru, tanh or relu, received " + name);
  }
};

}  // namespace hornet

// Whole sequences through an LSTM, GRU or simple RNN. With a mask they are loops instead: see lower.ts.
import { fullLike } from '../../../ops/fill.js';
import { concatTensors, partOf, transposeTo } from '../../../ops/movement.js';
import { reshapeTo } from '../../../ops/reshape-core.js';
import type { DeviceTensor, Tensor } from '../../../tensor.js';
import { ordered, type Call, type Rule } from '../call.js';

interface Cell {
  readonly op: string;
  readonly attrs: Readonly<Record<string, number | readonly string[]>>;
  /** Which of our gates stands in each place of ONNX's. */
  readonly gates: readonly number[];
  readonly states: number;
}

const cells: Readonly<Record<string, Cell>> = {
  lstm: { op: 'LSTM', attrs: {}, gates: [0, 3, 1, 2], states: 2 },
  gru: { op: 'GRU', attrs: { linear_before_reset: 1 }, gates: [0, 1, 2], states: 1 },
  tanh: { op: 'RNN', attrs: { activations: ['Tanh'] }, gates: [0], states: 1 },
  relu: { op: 'RNN', attrs: { activations: ['Relu'] }, gates: [0], states: 1 },
};

/** The gates along an axis in ONNX's order. */
function reordered(x: Tensor, axis: number, gates: readonly number[]): Tensor {
  const size = x.shape[axis] / gates.length;
  return concatTensors(
    gates.map((gate) => partOf(x, axis, gate * size, (gate + 1) * size)),
    axis,
  );
}

/** A weight in ONNX's form; it has one direction in front. */
function weight(call: Call, i: number, cell: Cell, shape: readonly number[], apply: (x: Tensor) => Tensor): string {
  const value = call.scope.origin(call.operand(i));
  if (!call.scope.isFixed(value)) call.fail('its weights are computed from the inputs');
  return call.scope.file.weight(value, {
    key: `gates of ${cell.op}`,
    shape,
    apply: (x) => reshapeTo(apply(x), shape) as DeviceTensor,
  });
}

const rnn: Rule = (call) => {
  const name = call.attr<string>('cell');
  const cell = cells[name];
  const [units, width] = call.operand(2).shape;
  const [features] = call.operand(1).shape;
  const kernel = (x: Tensor): Tensor => transposeTo(reordered(x, 1, cell.gates), [1, 0]);
  const bias = (x: Tensor): Tensor => {
    // Ours has one half for the LSTM, whose two halves in ONNX are added.
    const rows = reordered(reshapeTo(x, [x.size / width, width]), 1, cell.gates);
    return rows.shape[0] === 1 ? concatTensors([rows, fullLike(rows, 0)], 0) : rows;
  };
  const direction = (i: number): string =>
    call.rank(i) === 0 ? '' : call.emit('Unsqueeze', [call.input(i), call.int64([0])]);
  const [sequence, ...states] = call.scope.emit(
    cell.op,
    [
      call.scope.inOrder(call.operand(0), [1, 0, 2]),
      weight(call, 1, cell, [1, width, features], kernel),
      weight(call, 2, cell, [1, width, units], kernel),
      call.rank(3) === 0 ? '' : weight(call, 3, cell, [1, 2 * width], bias),
      '',
      ...Array.from({ length: cell.states }, (_, i) => direction(4 + i)),
    ],
    { ...cell.attrs, hidden_size: units, direction: call.attr<boolean>('reverse') ? 'reverse' : 'forward' },
    1 + cell.states,
  );
  const squeeze = (x: string, axis: number): string => call.emit('Squeeze', [x, call.int64([axis])]);
  return [ordered(squeeze(sequence, 1), [1, 0, 2]), ...states.map((state) => squeeze(state, 0))];
};

export const recurrent: Readonly<Record<string, Rule>> = { rnn };

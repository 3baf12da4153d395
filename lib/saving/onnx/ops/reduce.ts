// Along axes: reductions, cumulative sums, softmax, sorting, and indices of extremes.
import type { DType } from '../../../dtype.js';
import { ordered, type Call, type Rule } from '../call.js';
import { identity } from '../scope.js';

/** Runs a reduction of booleans on 0 and 1. */
function onNumbers(call: Call, x: string, make: (x: string) => string): string {
  if (call.dtype() !== 'bool') return make(x);
  return call.cast(make(call.cast(x, 'int32')), 'bool');
}

const reduction =
  (op: string): Rule =>
  (call) => {
    const axes = call.attr<readonly number[]>('axes');
    const rank = call.rank(0);
    const kept = identity(rank).filter((axis) => !axes.includes(axis));
    const { name, perm } = call.scope.hold(call.operand(0));
    const order = perm ?? identity(rank);
    const places = axes.map((axis) => order.indexOf(axis));
    const reduced = onNumbers(call, name, (x) => call.emit(op, [x, call.int64(places)], { keepdims: 0 }));
    return ordered(
      reduced,
      order.filter((axis) => kept.includes(axis)).map((axis) => kept.indexOf(axis)),
    );
  };

const extreme =
  (op: string): Rule =>
  (call) =>
    call.cast(call.emit(op, [call.input(0)], { axis: call.attr<number>('axis'), keepdims: 0 }), 'int32');

const alongAxis =
  (op: string): Rule =>
  (call) =>
    call.inAnyOrder((x, placeOf) => call.emit(op, [x], { axis: placeOf(call.attr<number>('axis')) }));

const cumulative =
  (op: string): Rule =>
  (call) =>
    call.inAnyOrder((x, placeOf) => {
      const axis = call.scope.int64([placeOf(call.attr<number>('axis'))], []);
      return call.emit(op, [x, axis], { reverse: call.attr<boolean>('reverse') ? 1 : 0 });
    });

/** The largest or smallest elements in order, and their indices. */
function selected(call: Call, count: string, axis: number, largest: boolean): string[] {
  const narrow: readonly DType[] = ['float16', 'bfloat16', 'bool', 'int8', 'int16', 'uint8', 'uint16', 'uint32'];
  const dtype = call.dtype();
  const isNarrow = narrow.includes(dtype);
  const wide: DType = dtype.includes('float') ? 'float32' : 'int64';
  const x = isNarrow ? call.cast(call.input(0), wide) : call.input(0);
  const [values, indices] = call.scope.emit('TopK', [x, count], { axis, largest: largest ? 1 : 0, sorted: 1 }, 2);
  return [isNarrow ? call.cast(values, dtype) : values, call.cast(indices, 'int32')];
}

const sort: Rule = (call) => {
  const axis = call.attr<number>('axis');
  const count = call.scope.sizes.vector(call.sizes(0)[axis]);
  return selected(call, count, axis, call.attr<boolean>('descending'));
};

const topK: Rule = (call) => selected(call, call.int64([call.attr<number>('k')]), call.rank(0) - 1, true);

export const reductions: Readonly<Record<string, Rule>> = {
  reduce_sum: reduction('ReduceSum'),
  reduce_max: reduction('ReduceMax'),
  reduce_min: reduction('ReduceMin'),
  reduce_prod: reduction('ReduceProd'),
  argmax: extreme('ArgMax'),
  argmin: extreme('ArgMin'),
  cumsum: cumulative('CumSum'),
  softmax: alongAxis('Softmax'),
  log_softmax: alongAxis('LogSoftmax'),
  sort,
  top_k: topK,
};

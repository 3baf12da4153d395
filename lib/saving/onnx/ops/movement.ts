// What only moves elements: reshape, transpose, broadcast, slice, pad, concat, iota, and parts at computed places.
import { ordered, type Call, type Rule } from '../call.js';
import { dataTypes } from '../proto.js';
import type { Held } from '../scope.js';
import { isKnown, type Size } from '../traces.js';

const same = (a: Size, b: Size): boolean => String(a) === String(b);
const plus = (a: Size, b: Size): Size => a.map((each, i) => each + b[i]);
const minus = (a: Size, b: Size): Size => a.map((each, i) => each - b[i]);
const scaled = (a: Size, factor: number): Size => a.map((each) => each * factor);
const always = (size: Size, value: number): boolean => size.every((each) => each === value);

/** Beyond every size. */
const END = Number.MAX_SAFE_INTEGER;

const identityRule: Rule = (call) => call.scope.hold(call.operand(0));

const reshape: Rule = (call) => {
  const [from, to] = [call.sizes(0), call.outputSizes()];
  const x = call.input(0);
  // Zero copies the size of the same axis; one size may be left to what remains.
  const copied = to.map((size, axis) => !isKnown(size) && axis < from.length && same(size, from[axis]));
  const open = to.flatMap((size, axis) => (isKnown(size) || copied[axis] ? [] : [axis]));
  if (open.length <= 1) {
    const shape = to.map((size, axis) => (copied[axis] ? 0 : open.includes(axis) ? -1 : size[0]));
    return call.emit('Reshape', [x, call.int64(shape)]);
  }
  return call.emit('Reshape', [x, call.scope.shape(to)]);
};

const transpose: Rule = (call): Held => {
  const perm = call.attr<readonly number[]>('perm');
  const { name, perm: own } = call.scope.hold(call.operand(0));
  // Axis j of the tensor is axis own[j] of the operand, which is the axis of the result where perm says so.
  return ordered(
    name,
    perm.map((_, j) => perm.indexOf(own ? own[j] : j)),
  );
};

/** A tensor of one int64 for a place on an axis: counted from the end where only that is known. */
function place(call: Call, at: Size, dim: Size): string {
  const back = minus(at, dim);
  if (isKnown(at)) return call.int64([at[0]]);
  return isKnown(back) && back[0] < 0 ? call.int64([back[0]]) : call.scope.sizes.vector(at);
}

const joined = (call: Call, parts: readonly string[]): string =>
  parts.length === 1 ? parts[0] : call.emit('Concat', parts, { axis: 0 });

const slice: Rule = (call) => {
  const [starts, sizes, strides] = [
    call.numbers('starts'),
    call.numbers('sizes'),
    call.attr<readonly number[]>('strides'),
  ];
  const dims = call.sizes(0);
  const axes = dims.flatMap((dim, axis) =>
    always(starts[axis], 0) && strides[axis] === 1 && same(sizes[axis], dim) ? [] : [axis],
  );
  if (axes.length === 0) return call.scope.hold(call.operand(0));
  const endOf = (axis: number): string => {
    const stride = strides[axis];
    if (always(sizes[axis], 0)) return place(call, starts[axis], dims[axis]);
    const last = plus(
      starts[axis],
      scaled(
        plus(
          sizes[axis],
          sizes[axis].map(() => -1),
        ),
        stride,
      ),
    );
    const reaches =
      stride > 0 ? last.every((at, i) => at + stride >= dims[axis][i]) : last.every((at) => at + stride < 0);
    if (reaches) return call.int64([stride > 0 ? END : -END]);
    return place(
      call,
      plus(
        last,
        last.map(() => Math.sign(stride)),
      ),
      dims[axis],
    );
  };
  return call.inAnyOrder((x, placeOf) =>
    call.emit('Slice', [
      x,
      joined(
        call,
        axes.map((axis) => place(call, starts[axis], dims[axis])),
      ),
      joined(call, axes.map(endOf)),
      call.int64(axes.map(placeOf)),
      call.int64(axes.map((axis) => strides[axis])),
    ]),
  );
};

const pad: Rule = (call) => {
  const [lo, hi] = [call.numbers('lo'), call.numbers('hi')];
  if (call.attr<readonly number[]>('interior').some((gap) => gap !== 0)) call.fail('it pads between elements');
  const axes = lo.flatMap((_, axis) => (always(lo[axis], 0) && always(hi[axis], 0) ? [] : [axis]));
  const amounts = [...axes.map((axis) => lo[axis]), ...axes.map((axis) => hi[axis])];
  const value = call.number(call.attr<number>('value'));
  return call.inAnyOrder((x, placeOf) =>
    call.emit('Pad', [x, call.scope.shape(amounts), value, call.int64(axes.map(placeOf))]),
  );
};

const concat: Rule = (call) => {
  const operands = call.node.inputs;
  const perm = call.commonOrder(operands, call.output.shape.length);
  const axis = perm.indexOf(call.attr<number>('axis'));
  const names = operands.map((operand) => call.scope.inOrder(operand, perm));
  return ordered(call.emit('Concat', names, { axis }), perm);
};

const iota: Rule = (call) => {
  const axis = call.attr<number>('axis');
  const { dtype } = call.output;
  const sizes = call.outputSizes();
  const counted = call.emit('Range', [
    call.scope.number(0, 'int64'),
    call.scope.sizes.scalar(sizes[axis]),
    call.scope.number(1, 'int64'),
  ]);
  const typed = dtype === 'int64' ? counted : call.emit('Cast', [counted], { to: dataTypes[dtype] });
  if (sizes.length === 1) return typed;
  const column = call.emit('Reshape', [typed, call.int64(sizes.map((_, i) => (i === axis ? -1 : 1)))]);
  const shape = call.scope.shape(sizes.map((size, i) => (i === axis ? size.map(() => 1) : size)));
  return call.emit('Expand', [column, shape]);
};

/** Where a part begins, moved so that the part fits. */
function clampedStart(call: Call, start: number, dims: readonly Size[], sizes: readonly Size[]): string {
  const most = call.scope.shape(dims.map((dim, axis) => minus(dim, sizes[axis])));
  const at = call.cast(call.input(start), 'int64');
  return call.emit('Max', [call.emit('Min', [at, most]), call.int64(dims.map(() => 0))]);
}

const dynamicSlice: Rule = (call) => {
  const sizes = call.outputSizes();
  const start = clampedStart(call, 1, call.sizes(0), sizes);
  return call.emit('Slice', [call.input(0), start, call.emit('Add', [start, call.scope.shape(sizes)])]);
};

const dynamicUpdateSlice: Rule = (call) => {
  const [dims, sizes] = [call.sizes(0), call.sizes(1)];
  const axes = dims.flatMap((dim, axis) => (same(dim, sizes[axis]) ? [] : [axis]));
  if (axes.length === 0) return call.scope.hold(call.operand(1));
  if (axes.length > 1) call.fail('it writes a part of several axes');
  const [axis] = axes;
  const x = call.input(0);
  const starts = clampedStart(call, 2, dims, sizes);
  const from = call.emit('Slice', [starts, call.int64([axis]), call.int64([axis + 1])]);
  const to = call.emit('Add', [from, call.scope.sizes.vector(sizes[axis])]);
  const before = call.emit('Slice', [x, call.int64([0]), from, call.int64([axis])]);
  const after = call.emit('Slice', [x, to, call.int64([END]), call.int64([axis])]);
  return call.emit('Concat', [before, call.input(1), after], { axis });
};

/** Repeating is put off until somebody needs the repeated tensor: most ops broadcast by themselves. */
const broadcast: Rule = (call) => {
  call.scope.spread(call.output, call.operand(0));
  return [];
};

const customGradient: Rule = (call) => call.node.outputs.map((_, i) => call.scope.hold(call.operand(i)));

export const movement: Readonly<Record<string, Rule>> = {
  reshape,
  transpose,
  broadcast,
  slice,
  pad,
  concat,
  iota,
  copy: identityRule,
  stop_gradient: identityRule,
  barrier: customGradient,
  custom_gradient: customGradient,
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
};

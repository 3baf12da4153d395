// Primitives that only move elements: transpose, slice, pad, concat, iota. Their public forms are in shape.ts and slice.ts.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sameShape } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

export const transposeOp = defineOp<{ perm: readonly number[] }>({
  name: 'transpose',
  infer: ([x], { perm }) => [{ shape: perm.map((axis) => x.shape[axis]), dtype: x.dtype }],
  grad: ({ grads: [g], attrs: { perm } }) => [transposeTo(g!, inverse(perm))],
});

const inverse = (perm: readonly number[]): number[] => perm.map((_, axis) => perm.indexOf(axis));

/** Axis i of the result is axis `perm[i]` of `x`. */
export const transposeTo = (x: Tensor, perm: readonly number[]): Tensor =>
  perm.every((axis, i) => axis === i) ? x : emit1(transposeOp, [x], { perm: [...perm] });

export const sliceOp = defineOp<{ starts: readonly number[]; strides: readonly number[]; sizes: readonly number[] }>({
  name: 'slice',
  infer: ([x], { starts, strides, sizes }) => {
    sizes.forEach((size, axis) => {
      const last = starts[axis] + (size - 1) * strides[axis];
      const inside = (i: number): boolean => i >= 0 && i < x.shape[axis];
      if (size > 0 && !(inside(starts[axis]) && inside(last))) {
        throw new HornetError(
          'slice',
          `${size} elements from ${starts[axis]} exceed axis ${axis} of size ${x.shape[axis]}`,
        );
      }
    });
    return [{ shape: sizes, dtype: x.dtype }];
  },
  grad: ({ inputs: [x], grads: [g], attrs: { starts, strides, sizes } }) => {
    const forward = strides.map((stride, axis) =>
      stride > 0 ? starts[axis] : starts[axis] + (sizes[axis] - 1) * stride,
    );
    const flipped = flipAxes(
      g!,
      strides.flatMap((stride, axis) => (stride < 0 ? [axis] : [])),
    );
    const interior = strides.map((stride) => Math.abs(stride) - 1);
    const used = sizes.map((size, axis) => (size === 0 ? 0 : (size - 1) * (interior[axis] + 1) + 1));
    const lo = sizes.map((size, axis) => (size === 0 ? 0 : forward[axis]));
    const hi = x.shape.map((dim, axis) => dim - lo[axis] - used[axis]);
    return [padWith(flipped, lo, hi, 0, interior)];
  },
});

/** Elements `starts + i · strides` along every axis; a negative stride runs backwards. */
export function sliceAt(
  x: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  strides?: readonly number[],
): Tensor {
  const steps = strides ?? starts.map(() => 1);
  const isWhole = sameShape(sizes, x.shape) && starts.every((start) => start === 0);
  if (isWhole && steps.every((step) => step === 1)) return x;
  return emit1(sliceOp, [x], { starts: [...starts], strides: [...steps], sizes: [...sizes] });
}

/** Elements `from` up to but without `to` along one axis. */
export function partOf(x: Tensor, axis: number, from: number, to: number): Tensor {
  const along = (value: number, others: readonly number[]): number[] =>
    others.map((other, i) => (i === axis ? value : other));
  return sliceAt(
    x,
    along(
      from,
      x.shape.map(() => 0),
    ),
    along(to - from, x.shape),
  );
}

/** The tensor with some axes reversed. */
export function flipAxes(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 0) return x;
  const starts = x.shape.map((dim, axis) => (axes.includes(axis) ? Math.max(dim - 1, 0) : 0));
  const strides = x.shape.map((_, axis) => (axes.includes(axis) ? -1 : 1));
  return sliceAt(x, starts, x.shape, strides);
}

export const padOp = defineOp<{
  lo: readonly number[];
  hi: readonly number[];
  interior: readonly number[];
  value: number;
}>({
  name: 'pad',
  infer: ([x], { lo, hi, interior }) => {
    if ([...lo, ...hi, ...interior].some((amount) => !(Number.isInteger(amount) && amount >= 0))) {
      const received = `[${lo.join(', ')}] before and [${hi.join(', ')}] after`;
      throw new HornetError('pad', `expected non-negative integers, received ${received}`);
    }
    const spaced = x.shape.map((dim, axis) => dim + Math.max(dim - 1, 0) * interior[axis]);
    return [{ shape: spaced.map((dim, axis) => lo[axis] + dim + hi[axis]), dtype: x.dtype }];
  },
  grad: ({ inputs: [x], grads: [g], attrs: { lo, interior } }) => [
    sliceAt(
      g!,
      lo,
      x.shape,
      interior.map((gap) => gap + 1),
    ),
  ],
});

/** `value` around (and, with `interior`, between) the elements. Amounts are not negative. */
export function padWith(
  x: Tensor,
  lo: readonly number[],
  hi: readonly number[],
  value = 0,
  interior: readonly number[] = lo.map(() => 0),
): Tensor {
  if ([...lo, ...hi, ...interior].every((n) => n === 0)) return x;
  return emit1(padOp, [x], { lo: [...lo], hi: [...hi], interior: [...interior], value });
}

export const concatOp = defineOp<{ axis: number }>({
  name: 'concat',
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    for (const { shape, dtype } of inputs) {
      const fits = shape.length === first.shape.length && shape.every((dim, i) => i === axis || dim === first.shape[i]);
      if (!fits || dtype !== first.dtype) {
        const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join(', ')}]`).join(', ');
        throw new HornetError(
          'concatenate',
          `expected equal shapes but for axis ${axis}, and one dtype; received ${shapes}`,
        );
      }
    }
    const size = inputs.reduce((total, { shape }) => total + shape[axis], 0);
    return [{ shape: first.shape.map((dim, i) => (i === axis ? size : dim)), dtype: first.dtype }];
  },
  grad: ({ inputs, grads: [g], attrs: { axis }, needs }) => {
    let start = 0;
    return inputs.map((input, i) => {
      const starts = input.shape.map((_, a) => (a === axis ? start : 0));
      start += input.shape[axis];
      return needs[i] ? sliceAt(g!, starts, input.shape) : null;
    });
  },
});

export const concatTensors = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs.length === 1 ? inputs[0] : emit1(concatOp, inputs, { axis });

const iotaOp = defineOp<{ shape: readonly number[]; dtype: DType; axis: number }>({
  name: 'iota',
  infer: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  grad: null,
});

/** 0, 1, 2 … along one axis. */
export const iota = (shape: readonly number[], axis: number, dtype: DType): Tensor =>
  emit1(iotaOp, [], { shape: [...shape], dtype, axis });

const stopGradientOp = defineOp({
  name: 'stop_gradient',
  structural: true,
  infer: ([x]) => [x],
  grad: () => [null],
});

/** The tensor itself, through which no gradient flows. */
export const stop = (x: Tensor): Tensor => emit1(stopGradientOp, [x], {});

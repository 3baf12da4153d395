// Convolutions and pools: ONNX has channels in front of space, and so are these results until somebody needs another order.
import { windowPadding } from '../../../ops/window.js';
import { channelsFirst, ordered, type Call, type Rule } from '../call.js';
import type { OnnxAttr } from '../proto.js';
import { isKnown } from '../traces.js';

type Attrs = Readonly<Record<string, OnnxAttr>>;

/** The padding: numbers, or for sizes that are unknown what Keras calls `same`. */
function paddingOf(call: Call, window: readonly number[], dilation: readonly number[]): Attrs {
  const [lo, hi] = [call.numbers('lo'), call.numbers('hi')];
  const strides = call.attr<readonly number[]>('strides');
  const sizes = call.sizes(0).slice(1, -1);
  const isSame = sizes[0].every((_, t) => {
    const dims = sizes.map((size) => size[t]);
    const same = windowPadding('export', 'same', dims, window, strides, dilation);
    return dims.every((_dim, axis) => same.lo[axis] === lo[axis][t] && same.hi[axis] === hi[axis][t]);
  });
  // With a stride the padding of `same` depends on the size.
  const depends = sizes.some((size, axis) => !isKnown(size) && strides[axis] > 1);
  if (isSame && depends) return { auto_pad: 'SAME_UPPER' };
  if (![...lo, ...hi].every(isKnown)) call.fail('its padding depends on an unknown size');
  return { pads: [...lo, ...hi].map(([each]) => each) };
}

const image = (call: Call): string => call.scope.inOrder(call.operand(0), channelsFirst(call.rank(0)));

/** The kernel [k…, C / groups, O] as ONNX has it: [O, C / groups, k…]. */
function kernelOf(call: Call): string {
  const rank = call.rank(1);
  return call.scope.inOrder(call.operand(1), [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)]);
}

const conv: Rule = (call) => {
  const window = call.operand(1).shape.slice(0, -2);
  const dilations = call.attr<readonly number[]>('dilation');
  const attrs = {
    kernel_shape: window,
    strides: call.attr<readonly number[]>('strides'),
    dilations,
    group: call.attr<number>('groups'),
    ...paddingOf(call, window, dilations),
  };
  return ordered(call.emit('Conv', [image(call), kernelOf(call)], attrs), channelsFirst(call.rank(0)));
};

const convTranspose: Rule = (call) => {
  const window = call.operand(1).shape.slice(0, -2);
  const [lo, hi, strides, dilations] = ['lo', 'hi', 'strides', 'dilation'].map((name) =>
    call.attr<readonly number[]>(name),
  );
  const [from, to] = [call.sizes(0).slice(1, -1), call.outputSizes().slice(1, -1)];
  const missing = window.map((size, axis) =>
    to[axis].map((wanted, t) => {
      const extent = (size - 1) * dilations[axis] + 1;
      return wanted - ((from[axis][t] - 1) * strides[axis] + extent - lo[axis] - hi[axis]);
    }),
  );
  if (!missing.every(isKnown)) call.fail('its padding depends on an unknown size');
  const attrs = {
    kernel_shape: window,
    strides,
    dilations,
    group: call.attr<number>('groups'),
    pads: [...lo, ...hi],
    output_padding: missing.map(([each]) => each),
  };
  return ordered(call.emit('ConvTranspose', [image(call), kernelOf(call)], attrs), channelsFirst(call.rank(0)));
};

const pool =
  (op: string): Rule =>
  (call) => {
    const window = call.attr<readonly number[]>('window');
    const attrs = {
      kernel_shape: window,
      strides: call.attr<readonly number[]>('strides'),
      ...paddingOf(
        call,
        window,
        window.map(() => 1),
      ),
      ...(op === 'AveragePool' && { count_include_pad: call.attr<boolean>('countPadding') ? 1 : 0 }),
    };
    return ordered(call.emit(op, [image(call)], attrs), channelsFirst(call.rank(0)));
  };

export const windows: Readonly<Record<string, Rule>> = {
  conv,
  conv_input_grad: convTranspose,
  max_pool: pool('MaxPool'),
  avg_pool: pool('AveragePool'),
};

// The convolution primitives; their gradients are again convolutions. The public ops are in conv.ts.
import { HornetError } from '../errors.js';
import type { Aval } from '../graph/ir.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import type { FusedActivation } from './matmul-core.js';
import { windowPlaces } from './window.js';

/** How the kernel moves over the input. One number per spatial axis, channels last. */
export interface ConvGeometry {
  readonly strides: readonly number[];
  readonly lo: readonly number[];
  readonly hi: readonly number[];
  readonly dilation: readonly number[];
  /** Input and output channels are cut into so many independent parts. */
  readonly groups: number;
}

type ConvAttrs = {
  strides: readonly number[];
  lo: readonly number[];
  hi: readonly number[];
  dilation: readonly number[];
  groups: number;
  activation: FusedActivation;
};
type ShapedAttrs = ConvAttrs & { shape: readonly number[] };

const text = ({ shape }: Aval): string => `[${shape.join(', ')}]`;

function outputShape(x: Aval, kernel: Aval, attrs: ConvGeometry): number[] {
  const rank = x.shape.length;
  const filters = kernel.shape[rank - 1];
  const channels = x.shape[rank - 1];
  if (rank < 3 || rank > 5 || kernel.shape.length !== rank || x.dtype !== kernel.dtype) {
    throw new HornetError('conv', `a kernel of shape ${text(kernel)} does not fit an input of shape ${text(x)}`);
  }
  if (channels !== kernel.shape[rank - 2] * attrs.groups || filters % attrs.groups !== 0) {
    const message = `an input of ${channels} channels does not fit a kernel of shape ${text(kernel)} in ${attrs.groups} groups`;
    throw new HornetError('conv', message);
  }
  const window = kernel.shape.slice(0, -2);
  const places = windowPlaces('conv', x.shape.slice(1, -1), window, attrs.strides, attrs, attrs.dilation);
  return [x.shape[0], ...places, filters];
}

/** Throws unless `y` is what a convolution gives: both gradients take it as an input. */
function checkOutput(name: string, x: Aval, kernel: Aval, y: Aval, attrs: ConvGeometry): void {
  const expected = outputShape(x, kernel, attrs);
  if (expected.some((dim, i) => dim !== y.shape[i])) {
    throw new HornetError(name, `expected a gradient of shape [${expected.join(', ')}], received ${text(y)}`);
  }
}

// Bias and activation come in through the epilogue pass, after differentiation.
const convOp = defineOp<ConvAttrs>({
  name: 'conv',
  infer: ([x, kernel], attrs) => [{ shape: outputShape(x, kernel, attrs), dtype: x.dtype }],
  grad: ({ inputs: [x, kernel], grads: [g], attrs, needs }) => [
    needs[0] ? convInputGrad(g!, kernel, x.shape, attrs) : null,
    needs[1] ? convKernelGrad(x, g!, kernel.shape, attrs) : null,
  ],
});

const convInputGradOp = defineOp<ShapedAttrs>({
  name: 'conv_input_grad',
  infer: ([dy, kernel], attrs) => {
    const x = { shape: attrs.shape, dtype: dy.dtype };
    checkOutput('conv_input_grad', x, kernel, dy, attrs);
    return [x];
  },
  grad: ({ inputs: [dy, kernel], grads: [g], attrs, needs }) => [
    needs[0] ? conv(g!, kernel, attrs) : null,
    needs[1] ? convKernelGrad(g!, dy, kernel.shape, attrs) : null,
  ],
});

const convKernelGradOp = defineOp<ShapedAttrs>({
  name: 'conv_kernel_grad',
  infer: ([x, dy], attrs) => {
    const kernel = { shape: attrs.shape, dtype: x.dtype };
    checkOutput('conv_kernel_grad', x, kernel, dy, attrs);
    return [kernel];
  },
  grad: ({ inputs: [x, dy], grads: [g], attrs, needs }) => [
    needs[0] ? convInputGrad(dy, g!, x.shape, attrs) : null,
    needs[1] ? conv(x, g!, attrs) : null,
  ],
});

const plain = ({ strides, lo, hi, dilation, groups }: ConvGeometry): ConvAttrs => ({
  strides: [...strides],
  lo: [...lo],
  hi: [...hi],
  dilation: [...dilation],
  groups,
  activation: 'linear',
});

/** Convolves x [N, s…, C] with kernel [k…, C / groups, O] to [N, o…, O]. */
export const conv = (x: Tensor, kernel: Tensor, geometry: ConvGeometry): Tensor =>
  emit1(convOp, [x, kernel], plain(geometry));

/** The gradient of `conv` in its input of the given shape; also the transposed convolution of `dy`. */
export const convInputGrad = (dy: Tensor, kernel: Tensor, shape: readonly number[], geometry: ConvGeometry): Tensor =>
  emit1(convInputGradOp, [dy, kernel], { ...plain(geometry), shape: [...shape] });

/** The gradient of `conv` in its kernel of the given shape. */
export const convKernelGrad = (x: Tensor, dy: Tensor, shape: readonly number[], geometry: ConvGeometry): Tensor =>
  emit1(convKernelGradOp, [x, dy], { ...plain(geometry), shape: [...shape] });

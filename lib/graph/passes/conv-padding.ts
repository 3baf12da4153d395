// Zeros around an image become the convolution's own padding: `ZeroPadding2D` in front of a convolution, as Keras's
// networks have it, then moves no memory. The same for both gradients.
import { Node, type Attrs, type Graph, type Value } from '../ir.js';
import { rewrite } from '../rewrite.js';

type Numbers = Readonly<Record<string, readonly number[]>>;
type Add = (node: Node) => readonly Value[];

const readsImage = new Set(['conv', 'conv_kernel_grad']);

export function mergePadding(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => padInConv(node, inputs, add) ?? sliceInConv(node, inputs, add));
}

/** conv(pad(x), kernel), and the gradient of the kernel. */
function padInConv(node: Node, [image, other]: readonly Value[], add: Add): readonly Value[] | null {
  if (!readsImage.has(node.op.name) || image.node.op.name !== 'pad') return null;
  const { lo, hi, interior } = image.node.attrs as Numbers;
  if (image.node.attrs.value !== 0 || interior.some((gap) => gap !== 0)) return null;
  const kernel = node.op.name === 'conv' ? other.shape : (node.attrs.shape as readonly number[]);
  const attrs = widened(node.attrs, lo, hi, kernel);
  return attrs && add(new Node(node.op, [image.node.inputs[0], other], attrs, node.outputs));
}

/** The part of the image's gradient that does not lie in the padding. */
function sliceInConv(node: Node, [gradient]: readonly Value[], add: Add): readonly Value[] | null {
  if (node.op.name !== 'slice' || gradient.node.op.name !== 'conv_input_grad') return null;
  const { starts, strides, sizes } = node.attrs as Numbers;
  if (strides.some((stride) => stride !== 1)) return null;
  const hi = gradient.shape.map((size, axis) => size - starts[axis] - sizes[axis]);
  const attrs = widened(gradient.node.attrs, starts, hi, gradient.node.inputs[1].shape);
  return attrs && add(new Node(gradient.node.op, gradient.node.inputs, { ...attrs, shape: sizes }, node.outputs));
}

/** The attributes with more padding; null where it is not of space only, or a window would lie within it. */
function widened(attrs: Attrs, lo: readonly number[], hi: readonly number[], kernel: readonly number[]): Attrs | null {
  const channel = lo.length - 1;
  if ([lo, hi].some((edge) => edge[0] !== 0 || edge[channel] !== 0)) return null;
  const own = attrs as Numbers;
  const [before, after] = [own.lo.map((n, i) => n + lo[i + 1]), own.hi.map((n, i) => n + hi[i + 1])];
  const fits = own.dilation.every((step, i) => Math.max(before[i], after[i]) <= step * (kernel[i] - 1));
  return fits ? { ...attrs, lo: before, hi: after } : null;
}

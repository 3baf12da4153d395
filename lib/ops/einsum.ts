// einsum: the subscripts are compiled to diagonals, sums, transposes and matrix products, operand by operand.
import { HornetError } from '../errors.js';
import { sameShape, sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { broadcastTensor } from './broadcast.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { mul, notEqual } from './elementwise.js';
import { scalar } from './fill.js';
import { multiply } from './matmul-core.js';
import { productType } from './matmul.js';
import { sliceAt, transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reduceSum } from './reduce-core.js';
import { reshapeTo } from './reshape-core.js';

/** A tensor whose axes have names; no name twice. */
interface Labeled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

const fail = (subscripts: string, why: string): HornetError => new HornetError('einsum', `'${subscripts}': ${why}`);

/** The labels of every operand and of the result. Axes under an ellipsis are called 0, 1, 2 … from the right. */
function parse(subscripts: string, operands: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const [left, right, ...more] = subscripts.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (more.length > 0 || terms.length !== operands.length) {
    throw fail(subscripts, `expected ${operands.length} operands, the subscripts name ${terms.length}`);
  }
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const named = term.replace('...', '').length;
    const hidden = operands[i].rank - named;
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term) || hidden < 0 || (hidden > 0 && !term.includes('...'))) {
      throw fail(subscripts, `'${term}' does not fit an operand of shape [${operands[i].shape.join(', ')}]`);
    }
    widest = Math.max(widest, term.includes('...') ? hidden : 0);
    return expand(term, hidden);
  });
  const all = inputs.flat();
  const implicit = (): string[] => {
    const once = [...new Set(all)].filter(
      (label) => /[A-Za-z]/.test(label) && all.indexOf(label) === all.lastIndexOf(label),
    );
    return [...expand('...', widest), ...once.sort()];
  };
  const output = right === undefined ? implicit() : expand(right, widest);
  if (new Set(output).size !== output.length || output.some((label) => !all.includes(label))) {
    throw fail(subscripts, 'the result names an axis twice, or one that no operand has');
  }
  return { inputs, output };
}

function expand(term: string, hidden: number): string[] {
  const [before, after] = term.split('...');
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: hidden }, (_, i) => String(hidden - 1 - i)), ...after];
}

/** Takes the diagonal over every label that stands twice. */
function takeDiagonals({ x, labels }: Labeled, subscripts: string): Labeled {
  const twice = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (twice < 0) return { x, labels };
  const first = labels.indexOf(labels[twice]);
  const n = x.shape[first];
  if (x.shape[twice] !== n) throw fail(subscripts, `axis ${labels[twice]} has sizes ${n} and ${x.shape[twice]}`);
  const rest = labels.map((_, i) => i).filter((i) => i !== first && i !== twice);
  const outer = rest.map((i) => x.shape[i]);
  const flat = reshapeTo(transposeTo(x, [...rest, first, twice]), [...outer, n * n]);
  const starts = flat.shape.map(() => 0);
  const strides = flat.shape.map((_, i) => (i === outer.length ? n + 1 : 1));
  const diagonal = sliceAt(flat, starts, [...outer, n], strides);
  return takeDiagonals({ x: diagonal, labels: [...rest.map((i) => labels[i]), labels[twice]] }, subscripts);
}

/** Sums over the labels that nobody needs any more. */
function sumOut({ x, labels }: Labeled, needed: ReadonlySet<string>): Labeled {
  const axes = labels.flatMap((label, i) => (needed.has(label) ? [] : [i]));
  return { x: reduceSum(x, axes), labels: labels.filter((label) => needed.has(label)) };
}

/** Drops axes of size one whose label has a larger size elsewhere: they broadcast. */
function dropBroadcast({ x, labels }: Labeled, sizes: ReadonlyMap<string, number>): Labeled {
  const keep = labels.map((label, i) => x.shape[i] === sizes.get(label));
  return {
    x: reshapeTo(
      x,
      x.shape.filter((_, i) => keep[i]),
    ),
    labels: labels.filter((_, i) => keep[i]),
  };
}

/** The axes in the order of `labels`, of size one where there is no such label. */
function align({ x, labels }: Labeled, wanted: readonly string[]): Tensor {
  const present = wanted.filter((label) => labels.includes(label));
  const ordered = transposeTo(
    x,
    present.map((label) => labels.indexOf(label)),
  );
  return reshapeTo(
    ordered,
    wanted.map((label) => (labels.includes(label) ? x.shape[labels.indexOf(label)] : 1)),
  );
}

/** Multiplies two operands and sums over the labels that only they have. */
function combine(a: Labeled, b: Labeled, needed: ReadonlySet<string>): Labeled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const summed = shared.filter((label) => !needed.has(label));
  if (summed.length === 0) {
    const labels = [...a.labels, ...b.labels.filter((label) => !a.labels.includes(label))];
    return { x: mul(align(a, labels), align(b, labels)), labels };
  }
  const batch = shared.filter((label) => needed.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const left = matrices(a, batch, rows, summed);
  const right = matrices(b, batch, summed, columns);
  const product = multiply(left.x, right.x, left.transposed, right.transposed);
  const sizes = new Map([
    ...a.labels.map((l, i) => [l, a.x.shape[i]] as const),
    ...b.labels.map((l, i) => [l, b.x.shape[i]] as const),
  ]);
  const labels = [...batch, ...rows, ...columns];
  return {
    x: reshapeTo(
      product,
      labels.map((label) => sizes.get(label)!),
    ),
    labels,
  };
}

/** The operand as [batch, rows, columns]; stored the other way round where that saves moving its elements. */
function matrices(
  { x, labels }: Labeled,
  batch: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
): { x: Tensor; transposed: boolean } {
  const transposed =
    sameLabels(labels, [...batch, ...columns, ...rows]) && !sameLabels(labels, [...batch, ...rows, ...columns]);
  const order = transposed ? [...batch, ...columns, ...rows] : [...batch, ...rows, ...columns];
  const size = (list: readonly string[]): number => sizeOf(list.map((label) => x.shape[labels.indexOf(label)]));
  const moved = transposeTo(
    x,
    order.map((label) => labels.indexOf(label)),
  );
  const [first, second] = transposed ? [columns, rows] : [rows, columns];
  return { x: reshapeTo(moved, [size(batch), size(first), size(second)]), transposed };
}

const sameLabels = (a: readonly string[], b: readonly string[]): boolean => a.every((label, i) => label === b[i]);

/** The largest size of every label. Throws where two sizes other than one meet. */
function labelSizes(operands: readonly Labeled[], subscripts: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { x, labels } of operands) {
    labels.forEach((label, i) => {
      const known = sizes.get(label) ?? 1;
      const dim = x.shape[i];
      if (known !== 1 && dim !== 1 && known !== dim)
        throw fail(subscripts, `axis ${label} has sizes ${known} and ${dim}`);
      sizes.set(label, known === 1 ? dim : known);
    });
  }
  return sizes;
}

/**
 * Einstein's summation: `einsum('ij,jk->ik', a, b)` is a matrix product. Repeated labels of one operand take the
 * diagonal, labels missing in the result are summed, `...` stands for any number of axes that broadcast. Without `->`
 * the result has the labels that occur once, in alphabetical order.
 *
 * @throws HornetError when the subscripts do not fit the operands.
 */
export const einsum = publicOp('einsum', (subscripts: string, ...operands: TensorLike[]): Tensor => {
  if (operands.length === 0) throw fail(subscripts, 'expected at least one operand');
  const dtype = productType(operands);
  const working = dtype === 'bool' ? 'int32' : dtype;
  const tensors = operands.map((x) => convertToTensor(x, working));
  const { inputs, output } = parse(subscripts, tensors);
  const labeled = tensors.map((x, i) => takeDiagonals({ x, labels: inputs[i] }, subscripts));
  const sizes = labelSizes(labeled, subscripts);
  let pending = labeled.map((operand) => dropBroadcast(operand, sizes));
  const neededBy = (rest: readonly Labeled[]): Set<string> =>
    new Set([...output, ...rest.flatMap(({ labels }) => labels)]);
  pending = pending.map((operand, i) => sumOut(operand, neededBy(pending.filter((_, j) => j !== i))));
  let [result, ...rest] = pending;
  while (rest.length > 0) {
    const [next, ...later] = rest;
    result = sumOut(combine(result, next, neededBy(later)), neededBy(later));
    rest = later;
  }
  const shape = output.map((label) => sizes.get(label)!);
  const aligned = align(result, output);
  const complete = sameShape(aligned.shape, shape) ? aligned : broadcastTensor(aligned, shape);
  return dtype === 'bool' ? notEqual(complete, scalar(0, working)) : castTo(complete, dtype);
});

// Rows of linear algebra for test/op-cases.ts. Decompositions are unique up to signs, which the rows multiply away or keep.
import { ops, type Tensor } from 'hornet';
import { of, sample, type OpCase, type Sample } from './op-case.js';

/** Numbers without the rule that those of `sample` follow: it leaves matrices without rank. */
function scattered(shape: readonly number[]): Sample {
  const { values } = sample(shape);
  return { values: values.map((_, i) => 2 * Math.sin(7 * i * i + i + 1)), shape };
}

const square = scattered([3, 3]);
const batch = scattered([2, 3, 3]);
const [tall, wide] = [scattered([4, 3]), scattered([3, 5])];
/** A symmetric, positive definite matrix that depends on all of `x`. */
const positive = (x: Tensor): Tensor => ops.add(ops.matmul(x, ops.swapaxes(x, -1, -2)), ops.eye(x.shape.at(-1)!));
const matrix = (...rows: number[][]): Sample => ({
  values: rows.flat(),
  shape: [rows.length, rows[0].length],
});
const product = (...factors: Tensor[]): Tensor => factors.reduce((a, b) => ops.matmul(a, b));

const factors: OpCase[] = [
  { name: 'cholesky', fn: (x) => ops.cholesky(x), inputs: [matrix([4, 2], [2, 5])], want: [2, 0, 1, 2], grad: false },
  { name: 'cholesky of a batch', fn: (x) => ops.cholesky(positive(x)), inputs: [batch] },
  { name: 'cholesky, upper', fn: (x) => ops.cholesky(positive(x), { upper: true }), inputs: [square] },
  { name: 'choleskyInverse', fn: (x) => ops.choleskyInverse(ops.cholesky(positive(x))), inputs: [batch] },
  { name: 'luFactor', fn: (x) => ops.luFactor(x), inputs: [matrix([1, 2], [4, 6])], want: [4, 6, 0.25, 0.5] },
  { name: 'luFactor of a batch', fn: (x) => ops.luFactor(x), inputs: [batch] },
  { name: 'luFactor of a tall matrix', fn: (x) => ops.luFactor(x), inputs: [tall] },
  { name: 'luFactor of a wide matrix', fn: (x) => ops.luFactor(x), inputs: [wide] },
  { name: 'qr', fn: (x) => ops.qr(x), inputs: [matrix([3, 1], [4, 2])], want: [-0.6, -0.8, -0.8, 0.6] },
  { name: 'qr of a batch', fn: (x) => ops.qr(x), inputs: [batch] },
  { name: 'qr of a tall matrix', fn: (x) => ops.qr(x), inputs: [tall] },
  { name: 'qr of a wide matrix', fn: (x) => ops.qr(x), inputs: [wide] },
  {
    name: 'qr, complete',
    fn: (x) => product(...ops.qr(x, { mode: 'complete' })),
    inputs: [tall],
    want: tall.values,
    grad: false,
  },
  {
    name: 'svd',
    fn: (x) => ops.svd(x, { computeUv: false }),
    inputs: [matrix([3, 0], [4, 5])],
    want: [Math.sqrt(45), Math.sqrt(5)],
  },
  { name: 'svd of a batch', fn: (x) => ops.svd(x), inputs: [batch] },
  { name: 'svd of a tall matrix', fn: (x) => ops.svd(x, { fullMatrices: false }), inputs: [tall] },
  { name: 'svd of a wide matrix', fn: (x) => ops.svd(x, { fullMatrices: false }), inputs: [wide] },
  {
    name: 'svd with whole bases',
    fn: (x) => {
      const [u, s, vt] = ops.svd(x);
      return product(
        u,
        ops.pad(ops.diag(s), [
          [0, 0],
          [0, 2],
        ]),
        vt,
      );
    },
    inputs: [wide],
    want: wide.values,
  },
  {
    name: 'svd of a matrix without rank',
    fn: (x) => {
      const [u, s, vt] = ops.svd(x);
      return [ops.matmul(u, ops.transpose(u)), ops.matmul(vt, ops.transpose(vt)), s];
    },
    inputs: [{ values: Array<number>(9).fill(0), shape: [3, 3] }],
    want: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    grad: false,
  },
  { name: 'eigh', fn: (x) => ops.eigh(x)[0], inputs: [matrix([2, 1], [1, 2])], want: [1, 3] },
  { name: 'eigh of a batch', fn: (x) => ops.eigh(ops.add(x, ops.swapaxes(x, 1, 2))), inputs: [batch] },
  {
    name: 'eigh put together again',
    fn: (x) => {
      const symmetric = ops.add(x, ops.transpose(x));
      const [values, vectors] = ops.eigh(symmetric);
      return ops.subtract(product(vectors, ops.diag(values), ops.transpose(vectors)), symmetric);
    },
    inputs: [square],
    want: Array<number>(9).fill(0),
  },
];

const swirl = matrix([1, 2, 0], [-1, 0.5, 3], [0.2, -2, 1]);
const eigen: OpCase[] = [
  {
    name: 'eig',
    // Put together again: A V − V diag(λ), real and imaginary parts.
    fn: (x) => {
      const [[valuesRe, valuesIm], [re, im]] = ops.eig(x);
      const times = (a: Tensor, b: Tensor): Tensor => ops.multiply(a, ops.expandDims(b, -2));
      return [
        ops.subtract(ops.matmul(x, re), ops.subtract(times(re, valuesRe), times(im, valuesIm))),
        ops.subtract(ops.matmul(x, im), ops.add(times(re, valuesIm), times(im, valuesRe))),
      ];
    },
    inputs: [scattered([3, 4, 4])],
    want: Array<number>(48).fill(0),
  },
  { name: 'eigenvalues of a rotation', fn: (x) => ops.eig(x)[0][0], inputs: [matrix([0, 1], [-1, 0])], want: [0, 0] },
  { name: 'eigenvalues', fn: (x) => ops.eig(x)[0], inputs: [swirl] },
  {
    name: 'sizes in eigenvectors',
    fn: (x) => {
      const [re, im] = ops.eig(x)[1];
      return ops.add(ops.square(re), ops.square(im));
    },
    inputs: [swirl],
  },
];

const singular = matrix([1, 2, 3], [2, 4, 6], [1, 0, 1]);
const systems: OpCase[] = [
  { name: 'solve', fn: (a, b) => ops.solve(a, b), inputs: [matrix([2, 1], [1, 3]), of(5, 10)], want: [1, 3] },
  { name: 'solve for several columns', fn: (a, b) => ops.solve(a, b), inputs: [batch, scattered([2, 3, 2])] },
  { name: 'solveTriangular', fn: (a, b) => ops.solveTriangular(a, b), inputs: [square, of(1, 2, 3)] },
  {
    name: 'solveTriangular, lower',
    fn: (a, b) => ops.solveTriangular(a, b, { lower: true }),
    inputs: [batch, scattered([2, 3, 4])],
  },
  { name: 'inv', fn: (x) => ops.inv(x), inputs: [matrix([2, 1], [1, 1])], want: [1, -1, -1, 2] },
  { name: 'inv of a batch', fn: (x) => ops.inv(x), inputs: [batch] },
  { name: 'det', fn: (x) => ops.det(x), inputs: [matrix([0, 2], [3, 4])], want: [-6] },
  { name: 'det of a batch', fn: (x) => ops.det(x), inputs: [batch] },
  { name: 'det of a singular matrix', fn: (x) => ops.det(x), inputs: [singular], want: [0] },
  { name: 'slogdet', fn: (x) => ops.slogdet(x), inputs: [batch] },
  { name: 'logdet', fn: (x) => ops.logdet(x), inputs: [matrix([0, 2], [3, 4])], want: [Math.log(6)] },
  { name: 'pinv of a tall matrix', fn: (x) => ops.pinv(x), inputs: [tall] },
  { name: 'pinv of wide matrices', fn: (x) => ops.pinv(x), inputs: [scattered([2, 2, 4])] },
  { name: 'pinv of the identity', fn: (x) => ops.pinv(x), inputs: [matrix([1, 0], [0, 1])], want: [1, 0, 0, 1] },
  { name: 'lstsq', fn: (a, b) => ops.lstsq(a, b), inputs: [tall, scattered([4, 2])] },
  { name: 'lstsq with too few equations', fn: (a, b) => ops.lstsq(a, b), inputs: [wide, of(1, 2, 3)] },
  { name: 'matrixRank', fn: (x) => ops.matrixRank(x), inputs: [singular], want: [2], grad: false },
];

const norms: OpCase[] = ([null, 1, -1, 2, -2, Infinity, -Infinity, 'fro', 'nuc'] as const).map((ord) => ({
  name: `norm of matrices, ${ord}`,
  fn: (x) => ops.norm(x, { ord, axis: [0, 2], keepdims: true }),
  inputs: [scattered([3, 2, 4])],
}));
const vectorNorms: OpCase[] = [0, 1, 3, -1, 2, Infinity, -Infinity].map((ord) => ({
  name: `norm of vectors, ${ord}`,
  fn: (x) => ops.norm(x, { ord, axis: -1 }),
  inputs: [scattered([2, 4])],
}));
const lengths: OpCase[] = [
  { name: 'norm', fn: (x) => ops.norm(x), inputs: [of(3, 4)], want: [5] },
  { name: 'norm of zeros', fn: (x) => ops.norm(x), inputs: [of(0, 0)], want: [0], grad: false },
];

export const linalgCases: readonly OpCase[] = [...factors, ...eigen, ...systems, ...norms, ...vectorNorms, ...lengths];

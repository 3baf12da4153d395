// The primitives of linear algebra with their gradients, all on float64: triangular and orthogonal factors, systems with them.
// The public functions are in factors.ts and solve.ts.
import { HornetError } from '../errors.js';
import { sameShape, type Aval } from '../graph/ir.js';
import { defineOp, type Primitive } from '../graph/op.js';
import { emit, emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { timesComplex, type Complex } from './complex.js';
import * as e from './elementwise.js';
import { fullLike, scalar } from './fill.js';
import * as m from './matrix.js';
import { concatTensors, partOf } from './movement.js';

/** Rows and columns of matrices; throws on other dtypes. */
function sizesOf(op: string, x: Aval): [number, number] {
  if (x.shape.length < 2 || x.dtype !== 'float64') {
    throw new HornetError(op, `expected float64 matrices, received ${x.dtype}[${x.shape.join(', ')}]`);
  }
  return x.shape.slice(-2) as [number, number];
}
const likeBatch = (x: Aval, ...shape: number[]): Aval => ({
  shape: [...x.shape.slice(0, -2), ...shape],
  dtype: x.dtype,
});
const rowsFrom = (x: Tensor, from: number, to = x.shape.at(-2)!): Tensor => partOf(x, x.rank - 2, from, to);
const columnsFrom = (x: Tensor, from: number, to = x.shape.at(-1)!): Tensor => partOf(x, x.rank - 1, from, to);

/** Which triangle of a matrix, and how it is meant. */
type Triangle = { lower: boolean; transpose: boolean; unit: boolean };

const triangularSolveOp: Primitive<Triangle> = defineOp<Triangle>({
  name: 'triangular_solve',
  infer: ([a, b]) => {
    const [rows, columns] = sizesOf('triangular_solve', a);
    const [, size] = sizesOf('triangular_solve', b);
    if (rows !== columns || size !== rows || !sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2))) {
      const shapes = `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`;
      throw new HornetError('triangular_solve', `expected square matrices and rows of their size, received ${shapes}`);
    }
    return [b];
  },
  grad: ({ inputs: [a], outputs: [x], grads: [g], attrs, needs }) => {
    const back = solveRows(a, g!, { ...attrs, transpose: !attrs.transpose });
    const whole = e.neg(attrs.transpose ? m.turnedTimes(x, back) : m.turnedTimes(back, x));
    const triangle = attrs.lower ? m.lower(whole) : m.upper(whole);
    const strict = attrs.lower ? m.strictlyLower(whole) : m.strictlyUpper(whole);
    return [needs[0] ? (attrs.unit ? strict : triangle) : null, back];
  },
});

/** Solves op(a) x = b for every row b of a matrix, the triangle of `a` as `triangle` says. */
export const solveRows = (a: Tensor, b: Tensor, triangle: Partial<Triangle>): Tensor =>
  emit1(triangularSolveOp, [a, b], { lower: false, transpose: false, unit: false, ...triangle });

/** The same for every column. */
export const solveColumns = (a: Tensor, b: Tensor, triangle: Partial<Triangle>): Tensor =>
  m.turned(solveRows(a, m.turned(b), triangle));

const choleskyOp = defineOp({
  name: 'cholesky',
  infer: ([a]) => [a],
  grad: ({ outputs: [l], grads: [g] }) => {
    const product = m.lower(m.turnedTimes(l, g!));
    const half = e.select(m.onDiagonal(product.shape), e.mul(product, scalar(0.5, 'float64')), product);
    const inner = solveColumns(l, solveRows(l, half, { lower: true, transpose: true }), {
      lower: true,
      transpose: true,
    });
    return [e.mul(e.add(inner, m.turned(inner)), scalar(0.5, 'float64'))];
  },
});

/** The lower triangle l of a = l lᵀ, `a` symmetric and positive definite; only its lower triangle is read. */
export const choleskyOf = (a: Tensor): Tensor => emit1(choleskyOp, [a], {});

const luOp = defineOp({
  name: 'lu',
  infer: ([x]) => {
    const [rows, columns] = sizesOf('lu', x);
    const pivots = likeBatch(x, Math.min(rows, columns));
    return [x, { ...pivots, dtype: 'int32' }, { ...likeBatch(x, rows), dtype: 'int32' }];
  },
  grad: ({ outputs: [lu, , order], grads: [g] }) => {
    if (!g) return [null];
    const [rows, columns] = lu.shape.slice(-2);
    const size = Math.min(rows, columns);
    const [square, squareGrad] = [lu, g].map((x) => columnsFrom(rowsFrom(x, 0, size), 0, size));
    const [l, lGrad, u, uGrad] = [
      withUnitDiagonal(m.strictlyLower(square)),
      m.strictlyLower(squareGrad),
      m.upper(square),
      m.upper(squareGrad),
    ];
    let [below, above] = [m.turnedTimes(l, lGrad), m.timesTurned(uGrad, u)];
    if (columns > size) below = e.sub(below, m.timesTurned(columnsFrom(g, size), columnsFrom(lu, size)));
    if (rows > size) above = e.sub(above, m.turnedTimes(rowsFrom(lu, size), rowsFrom(g, size)));
    const lInverse = (x: Tensor): Tensor => solveColumns(square, x, { lower: true, unit: true, transpose: true });
    const uInverse = (x: Tensor): Tensor => solveRows(square, x, {});
    const inner = lInverse(uInverse(e.add(m.strictlyLower(below), m.upper(above))));
    const right = columns > size ? [lInverse(columnsFrom(g, size))] : [];
    const down = rows > size ? [uInverse(rowsFrom(g, size))] : [];
    const whole = concatTensors([concatTensors([inner, ...right], lu.rank - 1), ...down], lu.rank - 2);
    return [m.disorderRows(whole, order)];
  },
});

const withUnitDiagonal = (x: Tensor): Tensor => e.select(m.onDiagonal(x.shape), fullLike(x, 1), x);

/** Both triangles of `x` in another order of rows as one matrix, the row each changed places with, and the order. */
export const luOf = (x: Tensor): [Tensor, Tensor, Tensor] => emit(luOp, [x], {}) as [Tensor, Tensor, Tensor];

const qrOp = defineOp<{ complete: boolean }>({
  name: 'qr',
  infer: ([x], { complete }) => {
    const [rows, columns] = sizesOf('qr', x);
    const size = complete ? rows : Math.min(rows, columns);
    return [likeBatch(x, rows, size), likeBatch(x, size, columns)];
  },
  grad: ({ inputs: [x], outputs: [q, r], grads: [qGrad, rGrad] }) => {
    const [rows, columns] = x.shape.slice(-2);
    if (q.shape.at(-1)! > columns) {
      throw new HornetError('qr', "there is no gradient for mode 'complete' of matrices with more rows than columns");
    }
    const size = Math.min(rows, columns);
    const [gq, gr] = [qGrad ?? fullLike(q, 0), rGrad ?? fullLike(r, 0)];
    if (columns === size) return [qrGrad(q, r, gq, gr)];
    // The columns behind a square are those of q times r.
    const [behind, behindGrad] = [columnsFrom(x, size), columnsFrom(gr, size)];
    const first = qrGrad(
      q,
      columnsFrom(r, 0, size),
      e.add(gq, m.timesTurned(behind, behindGrad)),
      columnsFrom(gr, 0, size),
    );
    return [concatTensors([first, m.times(q, behindGrad)], x.rank - 1)];
  },
});

/** The gradient of a matrix q r with at least as many rows as columns. */
function qrGrad(q: Tensor, r: Tensor, gq: Tensor, gr: Tensor): Tensor {
  const inner = e.sub(m.timesTurned(r, gr), m.turnedTimes(gq, q));
  const symmetric = e.add(m.lower(inner), m.turned(m.strictlyLower(inner)));
  return solveRows(r, e.add(gq, m.times(q, symmetric)), {});
}

/** x = q r, q of min(rows, columns) columns, or of a whole base if `complete`. */
export const qrOf = (x: Tensor, complete = false): [Tensor, Tensor] =>
  emit(qrOp, [x], { complete }) as [Tensor, Tensor];

const svdOp = defineOp({
  name: 'svd',
  infer: ([x]) => {
    const [rows, columns] = sizesOf('svd', x);
    if (rows > columns)
      throw new HornetError('svd', `expected no more rows than columns, received ${rows} > ${columns}`);
    return [likeBatch(x, rows, rows), likeBatch(x, rows), x];
  },
  grad: ({ outputs: [u, s, vt], grads: [gu, gs, gvt] }) => {
    const square = e.mul(s, s);
    const gaps = e.sub(m.asRow(square), m.asColumn(square));
    const none = fullLike(gaps, 0);
    // Between equal values directions are free: none has a gradient.
    const areEqual = e.equal(gaps, none);
    const inverse = e.select(areEqual, none, e.reciprocal(e.select(areEqual, fullLike(gaps, 1), gaps)));
    const twist = (a: Tensor): Tensor => e.mul(e.sub(a, m.turned(a)), inverse);
    const parts = [
      gu && m.scaleColumns(twist(m.turnedTimes(u, gu)), s),
      gvt && m.scaleRows(twist(m.timesTurned(vt, gvt)), s),
      gs && e.select(m.onDiagonal(gaps.shape), m.asRow(gs), none),
    ].filter((part) => part !== null);
    let inner = m.times(
      parts.reduce((a, b) => e.add(a, b)),
      vt,
    );
    if (gvt && vt.shape.at(-1)! > u.shape.at(-1)!) {
      const beside = e.sub(gvt, m.times(m.timesTurned(gvt, vt), vt));
      inner = e.add(inner, m.scaleRows(beside, e.reciprocal(s)));
    }
    return [m.times(u, inner)];
  },
});

/** x = u diag(s) vt of matrices that are not taller than wide: s descending, u square, vt of x's shape. */
export const svdOf = (x: Tensor): [Tensor, Tensor, Tensor] => emit(svdOp, [x], {}) as [Tensor, Tensor, Tensor];

const eigOp = defineOp({
  name: 'eig',
  infer: ([x]) => {
    const [rows] = sizesOf('eig', x);
    return [likeBatch(x, rows), likeBatch(x, rows), x, x];
  },
  grad: ({ outputs: [valuesRe, valuesIm, re, im], grads: [gValuesRe, gValuesIm, gRe, gIm] }) => {
    const orZero = (g: Tensor | null, like: Tensor): Tensor => g ?? fullLike(like, 0);
    const adjoint: Complex = [m.turned(re), e.neg(m.turned(im))];
    const none = fullLike(re, 0);
    const across = timesMatrix(adjoint, [orZero(gRe, re), orZero(gIm, im)]);
    // Vectors have length 1: what would change it does not count.
    const kept = e.select(m.onDiagonal(re.shape), across[0], none);
    const beside = timesMatrix(timesMatrix(adjoint, [re, im]), [kept, none]);
    const gaps: Complex = [
      e.sub(m.asRow(valuesRe), m.asColumn(valuesRe)),
      e.sub(m.asRow(valuesIm), m.asColumn(valuesIm)),
    ];
    const square = e.add(e.square(gaps[0]), e.square(gaps[1]));
    const areEqual = e.equal(square, none);
    const inverse = e.select(areEqual, none, e.reciprocal(e.select(areEqual, fullLike(re, 1), square)));
    // Divided by the conjugates of the gaps.
    const turnedParts = timesComplex([e.sub(across[0], beside[0]), e.sub(across[1], beside[1])], gaps);
    const own = [orZero(gValuesRe, valuesRe), orZero(gValuesIm, valuesIm)];
    const inner = turnedParts.map((part, i) =>
      e.add(e.mul(part, inverse), e.select(m.onDiagonal(re.shape), m.asRow(own[i]), none)),
    ) as Complex;
    return [solveComplex(adjoint, timesMatrix(inner, adjoint))[0]];
  },
});

/** Products of complex matrices. */
const timesMatrix = ([a, b]: Complex, [c, d]: Complex): Complex => [
  e.sub(m.times(a, c), m.times(b, d)),
  e.add(m.times(a, d), m.times(b, c)),
];

/** Solves A x = b of complex matrices as a real system of twice the size. */
function solveComplex([a, b]: Complex, [c, d]: Complex): Complex {
  const { rank } = a;
  const beside = (...parts: Tensor[]): Tensor => concatTensors(parts, rank - 1);
  const [whole, right] = [
    concatTensors([beside(a, e.neg(b)), beside(b, a)], rank - 2),
    concatTensors([c, d], rank - 2),
  ];
  const x = solveByLu(whole, right);
  return [rowsFrom(x, 0, a.shape.at(-1)), rowsFrom(x, a.shape.at(-1)!)];
}

/** Solves A x = b for the columns of b, A and b of one batch. */
export function solveByLu(a: Tensor, b: Tensor): Tensor {
  const [lu, , order] = luOf(a);
  return solveColumns(lu, solveColumns(lu, m.orderRows(b, order), { lower: true, unit: true }), {});
}

/** Eigenvalues and eigenvectors, as columns of length 1, of matrices without symmetry. */
export function eigOf(x: Tensor): [values: Complex, vectors: Complex] {
  const [valuesRe, valuesIm, re, im] = emit(eigOp, [x], {});
  return [
    [valuesRe, valuesIm],
    [re, im],
  ];
}

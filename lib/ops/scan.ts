// Cumulative sums, products and extremes along an axis.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './axes.js';
import { castTo, convertToTensor, type TensorLike } from './convert.js';
import { div, equal, mul, select } from './elementwise.js';
import { fullLike } from './fill.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

type ScanAttrs = { axis: number; reverse: boolean };
type ScanGrad = (x: Tensor, y: Tensor, g: Tensor, attrs: ScanAttrs) => Tensor;

const defineScan = (name: string, grad: ScanGrad | null) =>
  defineOp<ScanAttrs>({
    name,
    infer: ([x]) => [x],
    grad: grad && (({ inputs: [x], outputs: [y], grads: [g], attrs }) => [grad(x, y, g!, attrs)]),
  });

const backwards = (g: Tensor, attrs: ScanAttrs): Tensor => emit1(cumsumOp, [g], { ...attrs, reverse: !attrs.reverse });
const cumsumOp = defineScan('cumsum', (_x, _y, g, attrs) => backwards(g, attrs));
/** d y_j / d x_i = y_j / x_i for j ≥ i; a zero is moved off zero, which is exact unless several zeros meet. */
const cumprodOp = defineScan('cumprod', (x, y, g, attrs) => {
  const safe = select(equal(x, fullLike(x, 0)), fullLike(x, 1e-30), x);
  const through = select(equal(y, fullLike(y, 0)), emit1(cumprodOp, [safe], attrs), y);
  return div(backwards(mul(g, through), attrs), safe);
});
defineScan('cummax', null);
defineScan('cummin', null);

/** Along which axis, and in which dtype. */
export interface ScanArgs {
  /** Default: the flattened tensor. */
  readonly axis?: number | null;
  /** Default: x's own; int32 for booleans. */
  readonly dtype?: DType | null;
}

const scan = (name: string, op: typeof cumsumOp) =>
  publicOp(name, (x: TensorLike, options: ScanArgs = {}): Tensor => {
    const { axis = null, dtype = null } = options;
    const source = convertToTensor(x, dtype ?? undefined);
    const value = source.dtype === 'bool' ? castTo(source, 'int32') : source;
    const result =
      axis === null
        ? emit1(op, [reshapeTo(value, [value.size])], { axis: 0, reverse: false })
        : emit1(op, [value], { axis: normalizeAxis(name, axis, value.rank), reverse: false });
    if (dtype === 'bool') throw new HornetError(name, "expected dtype to be numeric, received 'bool'");
    return result;
  });

/** Sums of all elements so far along an axis (default: flattened). */
export const cumsum = scan('cumsum', cumsumOp);
/** Products of all elements so far along an axis (default: flattened). */
export const cumprod = scan('cumprod', cumprodOp);

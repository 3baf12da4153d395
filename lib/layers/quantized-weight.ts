// A weight kept as whole numbers of eight or four bits with the factors that make floats of them.
import type { DType } from '../dtype.js';
import { withTrace } from '../graph/trace.js';
import { arange, cast, divide, floorDivide, multiply, reshape, subtract, take, transpose } from '../ops/index.js';
import { packInt4, unpackInt4 } from '../quantizers/int4.js';
import { absMaxQuantizeGroupedWithZeroPoint, AbsMaxQuantizer, type Quantizer } from '../quantizers/quantizer.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import type { PackedWeight } from './lora.js';
import type { QuantizedOperand } from './quantization.js';
import type { WeightOwner } from './weights.js';

/** A weight, and along which axes its numbers share a factor. */
export interface WeightLayout {
  /** Its name; those beside it are called `<name>_scale` and `<name>_zero`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The axes whose numbers share a factor: those over which products sum. */
  readonly shared: readonly number[];
  /** Its matrix, in which pairs of four bits are packed; as a rule the weight itself. */
  readonly matrix: readonly [number, number];
  /** The axis of the matrix whose numbers share a factor. */
  readonly sharedOfMatrix: 0 | 1;
  /** The axis of the matrix along which pairs are packed. */
  readonly packed: 0 | 1;
  /** How factors of eight bits, the shared axes of size one, come to stand among the outputs of a product. */
  readonly scale: { readonly order: readonly number[]; readonly shape: readonly number[] };
  /** Type of zero points. */
  readonly zeroDtype: DType;
}

/** The layout of a matrix whose numbers along `shared` have one factor. */
export function matrixLayout(
  name: string,
  matrix: readonly [number, number],
  shared: 0 | 1,
  more: Partial<WeightLayout> = {},
): WeightLayout {
  return {
    name,
    shape: matrix,
    shared: [shared],
    matrix,
    sharedOfMatrix: shared,
    packed: 1,
    scale: { order: [0, 1], shape: [matrix[1 - shared]] },
    zeroDtype: 'int8',
    ...more,
  };
}

/** Weights that take the place of a float one. */
export class QuantizedWeight implements QuantizedOperand, PackedWeight {
  /** Whole numbers, two to a byte in `int4`. */
  readonly codes: Variable;
  readonly scale: Variable;
  /** The whole number that stands for 0 in each block. */
  readonly zero: Variable | null = null;
  /** To which block each number along the shared axis belongs. */
  readonly groups: Variable | null = null;

  /** @param blockSize - Of int4: how many numbers share a factor; null for all along the axis. */
  constructor(
    owner: WeightOwner,
    private readonly layout: WeightLayout,
    private readonly mode: 'int8' | 'int4',
    private readonly blockSize: number | null,
    groups: Variable | null = null,
  ) {
    const { name, matrix, sharedOfMatrix: shared, packed } = layout;
    const isInt8 = mode === 'int8';
    const bytes = matrix.map((dim, axis) => (axis === packed ? Math.ceil(dim / 2) : dim));
    const fixed = { trainable: false, initializer: 'zeros' } as const;
    this.codes = owner.addWeight({ ...fixed, name, shape: isInt8 ? layout.shape : bytes, dtype: 'int8' });
    const inBlocks = (size: number): number[] => matrix.map((dim, i) => (i === shared ? Math.ceil(dim / size) : dim));
    const perBlock = blockSize === null ? [matrix[1 - shared]] : inBlocks(blockSize);
    const shape = isInt8 ? layout.scale.shape : perBlock;
    this.scale = owner.addWeight({ ...fixed, name: `${name}_scale`, shape, initializer: 'ones' });
    if (isInt8 || blockSize === null) return;
    this.zero = owner.addWeight({ ...fixed, name: `${name}_zero`, shape, dtype: layout.zeroDtype });
    this.groups =
      groups ??
      owner.addWeight({
        ...fixed,
        name: 'g_idx',
        shape: [matrix[shared]],
        dtype: 'float32',
        autocast: false,
        initializer: ([length], dtype) => floorDivide(arange(length, { dtype }), blockSize),
      });
  }

  /** The weight's variables but for the groups, which never change. */
  get variables(): Variable[] {
    return [this.codes, this.scale, ...(this.zero ? [this.zero] : [])];
  }

  /** Quantizes a weight into this one. A quantizer may take the place of that by the largest magnitude. */
  assign(weight: Tensor, quantizer: Quantizer | null): void {
    withTrace(null, () => {
      for (const [variable, value] of this.encoded(weight, quantizer)) variable.assign(value);
    });
  }

  /** The values of the variables that stand for other numbers. */
  encoded(weight: Tensor, quantizer: Quantizer | null = null): Map<Variable, Tensor> {
    const { codes, scale, zero } = this.quantized(weight, quantizer);
    const packed = this.mode === 'int8' ? codes : packInt4(codes, { axis: this.layout.packed })[0];
    const values: [Variable, Tensor][] = [
      [this.codes, packed],
      [this.scale, scale],
    ];
    return new Map(zero ? [...values, [this.zero!, zero]] : values);
  }

  private quantized(
    weight: Tensor,
    quantizer: Quantizer | null,
  ): { codes: Tensor; scale: Tensor; zero: Tensor | null } {
    const { shared, matrix, sharedOfMatrix, scale: stored } = this.layout;
    const own = (quantizer as { axis?: readonly number[] | null } | null)?.axis;
    if (this.mode === 'int8') {
      const [codes, scale] = (quantizer ?? new AbsMaxQuantizer())(weight, { axis: own ?? shared });
      return { codes, scale: reshape(transpose(scale, { axes: stored.order }), stored.shape), zero: null };
    }
    const flat = reshape(weight, matrix);
    if (this.blockSize === null) {
      const chosen = quantizer ?? new AbsMaxQuantizer({ valueRange: [-8, 7] });
      const [codes, scale] = chosen(flat, { axis: own ?? sharedOfMatrix });
      return { codes, scale: reshape(scale, this.scale.shape), zero: null };
    }
    const turned = (x: Tensor): Tensor => (sharedOfMatrix === 0 ? x : transpose(x));
    const parts = absMaxQuantizeGroupedWithZeroPoint(turned(flat), this.blockSize, { toNumpy: true });
    const [codes, scale, zero] = parts.map(turned);
    return { codes, scale, zero };
  }

  /** The weight, or what `pick` takes of the rows of its matrix. */
  float(dtype: DType = this.scale.dtype, pick?: (rows: Tensor) => Tensor): Tensor {
    const { matrix, shape, sharedOfMatrix, packed, scale: stored, shared } = this.layout;
    const rows = pick ?? ((x: Tensor): Tensor => x);
    if (this.mode === 'int8' && !pick) {
      const wide = stored.order.map((axis) => (shared.includes(axis) ? 1 : shape[axis]));
      const back = stored.order.map((_, axis) => stored.order.indexOf(axis));
      const scale = transpose(reshape(this.scale, wide), { axes: back });
      return cast(divide(cast(this.codes, dtype), scale), dtype);
    }
    const bytes = rows(this.codes.value);
    const codes = this.mode === 'int8' ? bytes : unpackInt4(bytes, matrix[packed], { axis: packed - 2 });
    const factors = rows(this.scale.value);
    const axis = sharedOfMatrix - 2;
    const spread = (x: Tensor): Tensor => take(x, cast(this.groups!, 'int32'), { axis });
    const floats = this.zero
      ? multiply(subtract(cast(codes, dtype), spread(rows(this.zero.value))), spread(factors))
      : divide(cast(codes, dtype), sharedOfMatrix === 0 ? factors : reshape(factors, [...factors.shape, 1]));
    return cast(pick ? floats : reshape(floats, shape), dtype);
  }

  get whole(): { codes: Tensor; scale: Tensor } | null {
    return this.mode === 'int8' ? { codes: this.codes.value, scale: this.scale.value } : null;
  }
}

// Quantizers: from floats to whole numbers of few bits and the factors between the two.
import { HornetError } from '../errors.js';
import type { DType } from '../dtype.js';
import { Callable } from '../layers/callable.js';
import { abs, add, cast, clip, divide, equal, lessEqual, max, min, multiply, negative } from '../ops/index.js';
import { pad, reshape, round, slice, subtract, where } from '../ops/index.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';

/** What `absMaxQuantize` may be told. */
export interface AbsMaxArgs {
  /** The smallest and the largest whole number. Default [-127, 127]. */
  readonly valueRange?: readonly [number, number];
  /** Type of the whole numbers. Default `int8`. */
  readonly dtype?: DType;
  /** Added to the largest magnitude, which may be 0. Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Quantizes so that the largest magnitude along some axes becomes the largest whole number.
 *
 * @returns The whole numbers, and the factors by which they were multiplied, along `axis` of size 1.
 */
export function absMaxQuantize(
  inputs: TensorLike,
  axis: number | readonly number[],
  { valueRange: [lowest, highest] = [-127, 127], dtype = 'int8', epsilon = 1e-7 }: AbsMaxArgs = {},
): [codes: Tensor, scale: Tensor] {
  const x = convertToTensor(inputs);
  const largest = max(abs(x), { axis, keepdims: true });
  const scale = cast(divide(highest, add(largest, epsilon)), x.dtype);
  return [cast(clip(round(multiply(x, scale)), lowest, highest), dtype), scale];
}

/** What `absMaxQuantizeGroupedWithZeroPoint` may be told. */
export interface GroupedArgs extends AbsMaxArgs {
  /**
   * Whether blocks are measured as Keras does on the host, where layers are quantized: a last block that is not full is
   * filled up with zeros, and one of equal numbers has hardly any range. Default false.
   */
  readonly toNumpy?: boolean;
}

/**
 * Quantizes blocks of rows of a matrix, each column of a block with a scale and a zero of its own, so that the smallest and
 * the largest number become the ends of `valueRange` (default [-8, 7]).
 *
 * @returns The whole numbers [rows, columns], scale and zero point [blocks, columns]: number = (code - zero) · scale.
 */
export function absMaxQuantizeGroupedWithZeroPoint(
  inputs: TensorLike,
  blockSize: number,
  { valueRange: [lowest, highest] = [-8, 7], dtype = 'int8', epsilon = 1e-7, toNumpy = false }: GroupedArgs = {},
): [codes: Tensor, scale: Tensor, zeroPoint: Tensor] {
  const x = convertToTensor(inputs);
  if (x.rank !== 2) {
    throw new HornetError('quantize', `expected a matrix, received shape [${x.shape.join(', ')}]`);
  }
  const [rows, columns] = x.shape;
  const groups = Math.ceil(rows / blockSize);
  const blocks = reshape(
    pad(x, [
      [0, groups * blockSize - rows],
      [0, 0],
    ]),
    [groups, blockSize, columns],
  );
  const measured = toNumpy || groups > 1 ? blocks : reshape(x, [1, rows, columns]);
  const ends = [min, max].map((end) => end(measured, { axis: 1, keepdims: true }));
  const same = equal(...(ends as [Tensor, Tensor]));
  const [low, high] = toNumpy ? ends : ends.map((end, i) => where(same, add(end, 2 * i - 1), end));
  const exact = divide(add(subtract(high, low), epsilon), highest - lowest);
  const scale = toNumpy ? exact : where(lessEqual(exact, 0), 1e-8, exact);
  const zero = clip(add(round(divide(negative(low), scale)), lowest), lowest, highest);
  const codes = cast(clip(add(round(divide(blocks, scale)), zero), lowest, highest), dtype);
  const flat = reshape(codes, [groups * blockSize, columns]);
  return [
    slice(flat, [0, 0], [rows, columns]),
    cast(reshape(scale, [groups, columns]), x.dtype),
    cast(reshape(zero, [groups, columns]), 'int8'),
  ];
}

/** What a quantizer gives: whole numbers and their factors. */
export type Quantized = readonly [codes: Tensor, scale: Tensor];

/** How a quantizer is called. */
export interface QuantizerCallArgs {
  /** Axes along which numbers share a factor. Default: those of the quantizer, else the last one. */
  readonly axis?: number | readonly number[] | null;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface Quantizer {
  (x: TensorLike, args?: QuantizerCallArgs): Quantized;
}

/** Base class of quantizers. One of your own has `call(x, { axis })` and, if it is to be saved, `getConfig()`. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class Quantizer extends Callable {
  constructor(
    /** Type of the whole numbers. */
    readonly outputDtype: DType = 'int8',
  ) {
    super();
  }

  abstract call(x: Tensor, args: QuantizerCallArgs): Quantized;

  protected override invoke([x, args]: readonly unknown[]): Quantized {
    return this.call(convertToTensor(x as TensorLike), (args as QuantizerCallArgs | undefined) ?? {});
  }

  abstract getConfig(): Record<string, unknown>;
}

/** Options of `AbsMaxQuantizer`. */
export interface AbsMaxQuantizerArgs extends Omit<AbsMaxArgs, 'dtype'>, QuantizerCallArgs {
  /** Type of the whole numbers. Default `int8`. */
  readonly outputDtype?: DType;
}

/** `absMaxQuantize` as an object. */
export class AbsMaxQuantizer extends Quantizer {
  static readonly className = 'AbsMaxQuantizer';
  readonly axis: readonly number[] | null;
  readonly valueRange: readonly [number, number];
  readonly epsilon: number;

  /** @throws HornetError where `int8` cannot hold the range. */
  constructor(args: AbsMaxQuantizerArgs = {}) {
    super(args.outputDtype ?? 'int8');
    this.axis = typeof args.axis === 'number' ? [args.axis] : (args.axis ?? null);
    this.valueRange = args.valueRange ?? [-127, 127];
    this.epsilon = args.epsilon ?? 1e-7;
    const [lowest, highest] = this.valueRange;
    if (this.outputDtype === 'int8' && (lowest < -128 || highest > 127)) {
      throw new HornetError('quantizer', `expected valueRange within [-128, 127], received [${lowest}, ${highest}]`);
    }
  }

  call(x: Tensor, { axis }: QuantizerCallArgs): Quantized {
    const { valueRange, epsilon, outputDtype: dtype } = this;
    return absMaxQuantize(x, axis ?? this.axis ?? -1, { valueRange, epsilon, dtype });
  }

  getConfig(): Record<string, unknown> {
    const { valueRange, epsilon, outputDtype, axis } = this;
    return { valueRange, epsilon, outputDtype, ...(axis && { axis }) };
  }
}

registerSerializable('keras.quantizers', AbsMaxQuantizer);

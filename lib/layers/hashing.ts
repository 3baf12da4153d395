// Hashing and HashedCrossing: categories, or several of them together, as the number of a bin, without a vocabulary.
import { floatx } from '../config.js';
import { isFloat, isInteger } from '../dtype.js';
import { HornetError } from '../errors.js';
import type { SymbolicDType } from '../models/keras-tensor.js';
import { add, cast, equal, squeeze, where } from '../ops/index.js';
import { binOf, binsOf, crossHashes, hashDecimals, hashStrings, type Salt } from '../ops/hash.js';
import { registerSerializable } from '../saving/registry.js';
import type { StringArray } from '../strings.js';
import { describe, type Tensor } from '../tensor.js';
import type { Steps } from '../turns.js';
import { checkOutputMode, encodeCategories, refuse, type OutputMode } from './categories.js';
import type { Config, LayerArgs } from './layer.js';
import { inPieces, StringCodes, StringLayer, type StringCallArgs } from './string-layer.js';

const modes = ['int', 'one_hot', 'multi_hot', 'count'] as const;

function checkBins(where: string, numBins: unknown): void {
  if (!(Number.isInteger(numBins) && (numBins as number) > 0)) {
    throw new HornetError(where, `expected numBins to be a positive integer, received ${String(numBins)}`);
  }
}

/** A salt as two numbers. Throws a `HornetError` on anything but one or two integers. */
export function checkSalt(where: string, salt: unknown): Salt {
  if (salt === null || salt === undefined) return null;
  const pair: unknown = typeof salt === 'number' ? [salt, salt] : salt;
  if (Array.isArray(pair) && pair.length === 2 && pair.every(Number.isInteger)) return [pair[0], pair[1]];
  throw new HornetError(where, `expected salt to be an integer or two of them, received ${describe(salt)}`);
}

/** The type of a layer of bins: integers for indices, floats for what is encoded. */
const dtypeOf = (mode: OutputMode, dtype: LayerArgs['dtype']): LayerArgs['dtype'] =>
  dtype ?? (mode === 'int' ? 'int64' : floatx());

/** Options of `hashing`. */
export interface HashingArgs extends LayerArgs {
  /** A category that goes to bin 0, which no other one does then. */
  readonly maskValue?: string | number | null;
  /** The key of SipHash64: one number, or two. Default: FarmHash64, which has none. */
  readonly salt?: number | readonly [number, number] | null;
  /** Default `int`. */
  readonly outputMode?: (typeof modes)[number];
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
}

/** Gives each string or integer the number of one of `numBins` bins: the same that Keras gives it. */
export class Hashing extends StringLayer {
  static readonly className: string = 'Hashing';
  static override readonly requiredArgs: readonly string[] = ['numBins'];
  readonly maskValue: string | number | null;
  readonly salt: Salt;
  readonly outputMode: (typeof modes)[number];

  /** @param numBins - Number of bins. */
  constructor(
    readonly numBins: number,
    args: HashingArgs = {},
  ) {
    const { outputMode = 'int' } = args;
    super({ ...args, dtype: dtypeOf(outputMode, args.dtype) });
    checkBins(this.name, numBins);
    this.outputMode = checkOutputMode(this.name, outputMode, modes);
    if (outputMode === 'int' && !['int32', 'int64'].includes(this.dtypePolicy.name)) {
      const received = `'${this.dtypePolicy.name}'`;
      throw new HornetError(
        this.name,
        `expected dtype to be 'int32' or 'int64' in outputMode 'int', received ${received}`,
      );
    }
    refuse(this.name, { sparse: args.sparse });
    this.maskValue = args.maskValue ?? null;
    this.salt = checkSalt(this.name, args.salt);
  }

  override get inputDtype(): SymbolicDType {
    return 'string';
  }

  /** Bins for what is not masked; one bin alone serves both. */
  get #free(): number {
    return this.maskValue !== null && this.numBins > 1 ? this.numBins - 1 : this.numBins;
  }

  protected override *encode({ values, shape }: StringArray): Steps<StringCodes> {
    const free = this.#free;
    const shift = this.numBins - free;
    const bins = new StringCodes(shape);
    for (const [from, to] of inPieces(values.length)) {
      hashStrings(values.slice(from, to), this.salt).forEach((hash, i) => {
        const isMasked = shift > 0 && values[from + i] === this.maskValue;
        bins.set(from + i, isMasked ? 0 : binOf(hash, free) + shift);
      });
      yield;
    }
    return bins;
  }

  override call(inputs: Tensor, { encoded }: StringCallArgs): Tensor {
    const { outputMode } = this;
    const x = outputMode === 'one_hot' && inputs.shape.at(-1) === 1 ? squeeze(inputs, { axis: -1 }) : inputs;
    const bins = encoded ? x : this.#binsOfNumbers(x);
    return encodeCategories(bins, outputMode, this.numBins, this.variableDtype);
  }

  /** Integers are hashed as decimal text, floats without their fraction, truth values by name. */
  #binsOfNumbers(x: Tensor): Tensor {
    const free = this.#free;
    const [no, yes] = x.dtype === 'bool' ? hashStrings(['false', 'true'], this.salt) : [];
    const hashes = x.dtype === 'bool' ? where(x, BigInt.asIntN(64, yes), BigInt.asIntN(64, no)) : null;
    const bins = binsOf(hashes ?? hashDecimals(isFloat(x.dtype) ? cast(x, 'int64') : x, this.salt), free);
    if (free === this.numBins) return bins;
    return where(equal(x, this.maskValue as number), 0, add(bins, 1));
  }

  override getConfig(): Config {
    const { numBins, salt, maskValue, outputMode } = this;
    return { ...super.getConfig(), numBins, salt, maskValue, outputMode, sparse: false };
  }
}

/** Options of `hashedCrossing`. */
export interface HashedCrossingArgs extends LayerArgs {
  /** Default `int`. */
  readonly outputMode?: 'int' | 'one_hot';
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
}

/** Gives each combination of several categories the number of one of `numBins` bins: the same that Keras gives it. */
export class HashedCrossing extends StringLayer {
  static readonly className: string = 'HashedCrossing';
  static override readonly requiredArgs: readonly string[] = ['numBins'];
  readonly outputMode: 'int' | 'one_hot';

  /** @param numBins - Number of bins. */
  constructor(
    readonly numBins: number,
    args: HashedCrossingArgs = {},
  ) {
    const { outputMode = 'int' } = args;
    super({ ...args, dtype: dtypeOf(outputMode, args.dtype) });
    checkBins(this.name, numBins);
    this.outputMode = checkOutputMode(this.name, outputMode, ['int', 'one_hot']);
    refuse(this.name, { sparse: args.sparse });
  }

  /** A list always is a list of features. */
  protected override readInputs(inputs: unknown): unknown {
    if (!Array.isArray(inputs) || inputs.length < 2) {
      const received = Array.isArray(inputs) ? `${inputs.length}` : describe(inputs);
      throw new HornetError(this.name, `expected a list of at least two inputs, received ${received}`);
    }
    return inputs.map((item) => super.readInputs(item));
  }

  protected override *encode({ values, shape }: StringArray): Steps<StringCodes> {
    const hashes = new StringCodes(shape);
    for (const [from, to] of inPieces(values.length)) {
      hashes.values.set(new BigInt64Array(hashStrings(values.slice(from, to), null).buffer), from);
      yield;
    }
    return hashes;
  }

  override call(inputs: readonly Tensor[]): Tensor {
    const [{ shape, rank }] = inputs;
    if (rank > 2 || (rank === 2 && shape[1] !== 1)) {
      throw new HornetError(this.name, `expected inputs of shape [], [n] or [n, 1], received [${shape.join(', ')}]`);
    }
    for (const input of inputs) {
      if (input.shape.join() !== shape.join()) {
        const received = `[${shape.join(', ')}] and [${input.shape.join(', ')}]`;
        throw new HornetError(this.name, `expected inputs of one shape, received ${received}`);
      }
      if (!isInteger(input.dtype)) {
        throw new HornetError(this.name, `expected integers or strings, received ${input.dtype}`);
      }
    }
    const bins = binsOf(crossHashes(inputs), this.numBins);
    return cast(encodeCategories(bins, this.outputMode, this.numBins, this.computeDtype), this.variableDtype);
  }

  override getConfig(): Config {
    const { numBins, outputMode, name, dtype } = this;
    return { numBins, outputMode, sparse: false, name, dtype };
  }
}

for (const layer of [Hashing, HashedCrossing]) registerSerializable('keras.layers', layer);

/** Gives each string or integer the number of one of `numBins` bins. */
export const hashing = (numBins: number, args?: HashingArgs): Hashing => new Hashing(numBins, args);
/** Gives each combination of categories, from a list of strings or integers, the number of one of `numBins` bins. */
export const hashedCrossing = (numBins: number, args?: HashedCrossingArgs): HashedCrossing =>
  new HashedCrossing(numBins, args);

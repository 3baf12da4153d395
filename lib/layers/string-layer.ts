// Layers that take strings. They encode them as integers on the host; what follows is ops on these, as in any layer.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { KerasTensor } from '../models/keras-tensor.js';
import { isStrings, StringArray, type StringData } from '../strings.js';
import { fromBytes, readArray, tensor, type Tensor, type NestedArray } from '../tensor.js';
import { mapTree, type Tree } from '../tree.js';
import { finish, type Steps } from '../turns.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Inputs, type CallOptions } from './layer.js';

/** What `call` of a layer for strings receives after the inputs. */
export interface StringCallArgs extends CallArgs {
  /** Whether the inputs are what `encode` made of strings. Otherwise they are the user's own numbers. */
  readonly encoded?: boolean;
}

/** Integers that stand for strings, still on the host. */
export class StringCodes {
  readonly values: BigInt64Array<ArrayBuffer>;
  readonly #halves: Int32Array;

  constructor(readonly shape: readonly number[]) {
    this.values = new BigInt64Array(sizeOf(shape));
    this.#halves = new Int32Array(this.values.buffer);
  }

  /** Sets a code of 32 bits: making a BigInt would take longer than finding the code. */
  set(index: number, code: number): void {
    this.#halves[2 * index] = code;
    this.#halves[2 * index + 1] = code < 0 ? -1 : 0;
  }

  /** The codes as an int64 tensor on the current device. */
  upload(): Tensor {
    return fromBytes(this.values, this.shape, 'int64');
  }
}

/** What turns strings among its inputs into numbers, and can say beforehand what these will look like. */
export interface StringEncoder {
  /** The inputs with their strings encoded; everything else stays. */
  encodeStrings(inputs: Tree<unknown>): Steps<Tree<unknown>>;
  /** The same for symbolic inputs. */
  encodeSymbols(inputs: Tree<Tensor>): Tree<Tensor>;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export interface StringLayer {
  /** Applies the layer: to symbolic tensors it records the call, to strings and numbers it runs. */
  (inputs: Tree<KerasTensor>, options?: CallOptions): KerasTensor;
  (inputs: Inputs | StringData, options?: CallOptions): Tensor;
  <R extends Tree<Tensor>>(inputs: Inputs | StringData, options?: CallOptions): R;
}

/** Base of layers that take strings. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- instances are functions, see callable.ts
export abstract class StringLayer extends Layer implements StringEncoder {
  /** Integers (int64) that stand for strings. Runs on the host. */
  protected abstract encode(strings: StringArray): Steps<StringCodes>;

  /** The shape of what `encode` gives for strings of a shape. */
  protected encodedShape(shape: Shape): Shape {
    return shape;
  }

  /** Plain arrays as what they hold: strings, or integers, which become int64. Everything else stays. */
  protected readInputs(inputs: unknown): unknown {
    if (isStrings(inputs)) return StringArray.from(inputs);
    if (typeof inputs !== 'number' && !isNumbers(inputs)) return inputs;
    const host = readArray(inputs);
    const whole = Array.from(host.values as ArrayLike<number>).every(Number.isInteger);
    return tensor(inputs, host.shape, whole ? 'int64' : undefined);
  }

  protected override invoke([inputs, ...rest]: readonly unknown[]): unknown {
    const read = this.readInputs(inputs);
    if (!someString(read)) return super.invoke([read, ...rest]);
    return super.invoke([
      uploadCodes(finish(this.encodeStrings(read))),
      { ...(rest[0] as object | undefined), encoded: true },
    ]);
  }

  *encodeStrings(inputs: Tree<unknown>): Steps<Tree<unknown>> {
    if (inputs instanceof StringArray) return yield* this.encode(inputs);
    if (!Array.isArray(inputs)) return inputs;
    const encoded: Tree<unknown>[] = [];
    for (const item of inputs as readonly Tree<unknown>[]) encoded.push(yield* this.encodeStrings(item));
    return encoded;
  }

  override encodeSymbols(inputs: Tree<Tensor>): Tree<Tensor> {
    return mapTree(inputs, (leaf) =>
      isSymbolicStrings(leaf) ? new KerasTensor(this.encodedShape(leaf.symbolicShape), 'int64') : leaf,
    );
  }

  /** Throws where strings are wanted and the inputs are numbers. */
  protected needStrings({ encoded }: StringCallArgs): void {
    if (!encoded) throw new HornetError(this.name, 'expected strings, received numbers');
  }
}

const isNumbers = (item: unknown): item is NestedArray => {
  let first = item;
  while (Array.isArray(first)) first = first[0];
  return Array.isArray(item) && typeof first === 'number';
};

/** Strings that are encoded between two looks at the clock. */
const PIECE = 256;

/** Ranges that together cover `count` elements. */
export function* inPieces(count: number): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < count; from += PIECE) yield [from, Math.min(from + PIECE, count)];
}

/** Whether a tensor stands for strings. */
export const isSymbolicStrings = (leaf: unknown): leaf is KerasTensor => leaf instanceof KerasTensor && leaf.isString;

const someString = (tree: Tree<unknown>): boolean =>
  tree instanceof StringArray || (Array.isArray(tree) && tree.some(someString));

/** A tree with its codes on the current device. */
export const uploadCodes = (tree: Tree<unknown>): Tree<unknown> =>
  mapTree(tree, (leaf) => (leaf instanceof StringCodes ? leaf.upload() : leaf));

// Symbolic tensors, and the record of the calls that made them: what functional models are built of.
import type { DType } from '../dtype.js';
import { shapeText, type Shape } from '../layers/input-spec.js';
import { uniqueName } from '../layers/naming.js';
import { Tensor } from '../tensor.js';
import { flatten, type Tree } from '../tree.js';

/** What symbolic tensors stand for: numbers of a type, or strings, which layers encode on the host. */
export type SymbolicDType = DType | 'string';

/** A tensor without numbers: what a layer or op will give once the model is called. Sizes may be unknown. */
export class KerasTensor extends Tensor {
  /** Which call made it; null for one made by hand. */
  history: KerasHistory | null = null;
  #name: string | undefined;

  /** @param symbolicShape - Sizes, null where unknown. `shape` has -1 in these places, which `reshape` understands. */
  constructor(
    readonly symbolicShape: Shape,
    dtype: SymbolicDType,
    name?: string,
  ) {
    super(
      symbolicShape.map((dim) => dim ?? -1),
      // Whoever computes asks `isString` first: there is no tensor of strings.
      dtype as DType,
    );
    this.#name = name;
  }

  get name(): string {
    return (this.#name ??= uniqueName('keras_tensor'));
  }

  override get isSymbolic(): boolean {
    return true;
  }

  /** Whether it stands for strings. Its `dtype` then is 'string', which no tensor with numbers has. */
  get isString(): boolean {
    return (this.dtype as SymbolicDType) === 'string';
  }

  override toString(): string {
    return `<KerasTensor shape=${shapeText(this.symbolicShape)}, dtype=${this.dtype}>`;
  }
}

/** Where a symbolic tensor comes from. */
export interface KerasHistory {
  readonly node: Node;
  /** Which of the node's outputs it is. */
  readonly index: number;
}

/** Whatever can be called on symbolic tensors: a layer, or one use of an op. */
export interface Operation {
  readonly name: string;
  readonly className: string;
  readonly inboundNodes: Node[];
}

/** One use of an op on symbolic tensors. */
export class OpCall implements Operation {
  readonly inboundNodes: Node[] = [];

  constructor(
    /** The name in the model: `add`, `add_1` … */
    readonly name: string,
    /** The public name of the op: `add`. */
    readonly opName: string,
    /** The op itself. */
    readonly op: (...args: never[]) => unknown,
  ) {}

  /** The class of the op in Keras: `Add`. */
  get className(): string {
    return this.opName[0].toUpperCase() + this.opName.slice(1);
  }
}

/** One call of an operation on symbolic tensors. */
export class Node {
  /** Symbolic tensors among the arguments, in order. */
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** Position among the calls of the operation. */
  readonly index: number;

  constructor(
    readonly operation: Operation,
    readonly args: readonly unknown[],
    /** Options of a layer call; an op has its own among `args`. */
    readonly options: Readonly<Record<string, unknown>>,
    /** The result, in its structure. */
    readonly result: Tree<unknown>,
  ) {
    const given = flatten([args, options] as Tree<unknown>);
    this.inputs = given.filter((leaf): leaf is KerasTensor => leaf instanceof KerasTensor);
    this.outputs = flatten(result).filter((leaf): leaf is KerasTensor => leaf instanceof KerasTensor);
    this.outputs.forEach((output, index) => (output.history = { node: this, index }));
    this.index = operation.inboundNodes.push(this) - 1;
  }
}

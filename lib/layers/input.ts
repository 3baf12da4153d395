// The beginning of a functional model: a placeholder layer and its symbolic tensor.
import { checkDType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { floatx } from '../config.js';
import { KerasTensor, Node, type SymbolicDType } from '../models/keras-tensor.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Shape } from './input-spec.js';
import { Layer, type Config } from './layer.js';

/** Options of `input`. */
export interface InputArgs {
  /** Shape of one sample, null for unknown sizes. */
  readonly shape?: Shape;
  /** Default: any. */
  readonly batchSize?: number | null;
  /** The shape with the batch in front, instead of `shape` and `batchSize`. */
  readonly batchShape?: Shape;
  /** Default: the default float type. `string` for layers that encode strings. */
  readonly dtype?: SymbolicDType | null;
  readonly name?: string | null;
  /** Whether a model may be called with null for this input. Default false. */
  readonly optional?: boolean;
}

/** An input of a functional model. Made by `input()`. */
export class InputLayer extends Layer {
  static readonly className: string = 'InputLayer';
  readonly batchShape: Shape;
  readonly #dtype: SymbolicDType;
  readonly optional: boolean;

  constructor(args: InputArgs = {}) {
    const dtype = args.dtype === 'string' ? args.dtype : checkDType(args.dtype ?? floatx(), 'input');
    super({ ...(args.name ? { name: args.name } : {}), ...(dtype !== 'string' && { dtype }) });
    if ('inputTensor' in args && args.inputTensor !== null) {
      throw new HornetError(this.name, 'inputTensor is not supported; build the model from the tensor itself');
    }
    if (!args.shape === !args.batchShape) {
      throw new HornetError(
        this.name,
        `expected either shape or batchShape, received ${args.shape ? 'both' : 'neither'}`,
      );
    }
    if (args.batchShape && args.batchSize) {
      throw new HornetError(this.name, 'batchShape has the batch size already; leave batchSize out');
    }
    this.batchShape = args.batchShape ?? [args.batchSize ?? null, ...args.shape!];
    if (!this.batchShape.every((dim) => dim === null || (Number.isInteger(dim) && dim >= 0))) {
      throw new HornetError(
        this.name,
        `expected shape to hold sizes or null, received [${this.batchShape.map(String).join(', ')}]`,
      );
    }
    this.#dtype = dtype;
    this.optional = args.optional ?? false;
    this.built = true;
    new Node(this, [], {}, new KerasTensor(this.batchShape, dtype, this.name));
  }

  override get inputDtype(): SymbolicDType {
    return this.#dtype;
  }

  override call(inputs: Tensor): Tensor {
    return inputs;
  }

  override getConfig(): Config {
    return {
      batchShape: this.batchShape,
      dtype: this.#dtype,
      sparse: false,
      ragged: false,
      name: this.name,
      optional: this.optional,
    };
  }
}

registerSerializable('keras.layers', InputLayer);

/**
 * The symbolic input of a functional model.
 *
 * @example
 * const x = input({ shape: [28, 28, 1] });
 * const model = new Model({ inputs: x, outputs: dense(10)(flatten()(x)) });
 */
export const input = (args: InputArgs): KerasTensor => new InputLayer(args).output;

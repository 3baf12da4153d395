// Layers that rearrange: Flatten, Reshape, Permute, RepeatVector.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { expandDims, repeat, reshape as reshapeTensor, transpose } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkPositive } from './conv.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

export interface FlattenArgs extends LayerArgs {
  /** With `channels_first` the channels are moved to the back first. */
  readonly dataFormat?: DataFormat | null;
}

/** All axes but the batch in one. */
export class Flatten extends Layer {
  static readonly className: string = 'Flatten';
  readonly dataFormat: DataFormat;

  constructor(args: FlattenArgs = {}) {
    super(args);
    this.dataFormat = checkDataFormat(args.dataFormat, 'flatten');
    this.inputSpec = { minRank: 1 };
  }

  override call(inputs: Tensor): Tensor {
    const first = this.dataFormat === 'channels_first' && inputs.rank > 1;
    const x = first ? transpose(inputs, { axes: [0, ...inputs.shape.slice(2).map((_, i) => i + 2), 1] }) : inputs;
    return reshapeTensor(x, [x.shape[0], x.shape.slice(1).reduce((size, dim) => size * dim, 1)]);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/** Another shape per sample; one size may be −1. */
export class Reshape extends Layer {
  static readonly className: string = 'Reshape';
  static override readonly requiredArgs: readonly string[] = ['targetShape'];

  constructor(
    /** Shape of a sample, without the batch. */
    readonly targetShape: readonly number[],
    args: LayerArgs = {},
  ) {
    super(args);
    if (!targetShape.every((dim) => Number.isInteger(dim) && dim >= -1)) {
      const message = `expected sizes, or -1 for what is left, in targetShape, received [${targetShape.join(', ')}]`;
      throw new HornetError('reshape', message);
    }
    if (targetShape.filter((dim) => dim === -1).length > 1) {
      throw new HornetError('reshape', `expected at most one -1 in targetShape, received [${targetShape.join(', ')}]`);
    }
  }

  override call(inputs: Tensor): Tensor {
    return reshapeTensor(inputs, [inputs.shape[0], ...resolved(this.targetShape, inputs)]);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), targetShape: this.targetShape };
  }
}

/** The target with −1 replaced by what is left of a sample. */
function resolved(target: readonly number[], inputs: Tensor): number[] {
  const sample = inputs.shape.slice(1).reduce((size, dim) => size * dim, 1);
  const known = target.filter((dim) => dim !== -1).reduce((size, dim) => size * dim, 1);
  if (target.includes(-1) ? sample % known !== 0 : sample !== known) {
    const shape = inputs.shape.slice(1).join(', ');
    throw new HornetError('reshape', `cannot reshape samples of shape [${shape}] into [${target.join(', ')}]`);
  }
  return target.map((dim) => (dim === -1 ? sample / known : dim));
}

/** The axes of a sample in another order; they count from 1. */
export class Permute extends Layer {
  static readonly className: string = 'Permute';
  static override readonly requiredArgs: readonly string[] = ['dims'];

  constructor(
    readonly dims: readonly number[],
    args: LayerArgs = {},
  ) {
    super(args);
    if (![...dims].sort((a, b) => a - b).every((dim, i) => dim === i + 1)) {
      throw new HornetError(
        'permute',
        `expected dims to be a permutation of 1 to ${dims.length}, received [${dims.join(', ')}]`,
      );
    }
    this.inputSpec = { rank: dims.length + 1 };
  }

  override call(inputs: Tensor): Tensor {
    return transpose(inputs, { axes: [0, ...this.dims] });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dims: this.dims };
  }
}

/** Each sample `n` times: `[batch, features]` → `[batch, n, features]`. */
export class RepeatVector extends Layer {
  static readonly className: string = 'RepeatVector';
  static override readonly requiredArgs: readonly string[] = ['n'];

  constructor(
    readonly n: number,
    args: LayerArgs = {},
  ) {
    super(args);
    checkPositive('repeatVector', 'n', n);
    this.inputSpec = { rank: 2 };
  }

  override call(inputs: Tensor): Tensor {
    return repeat(expandDims(inputs, 1), this.n, { axis: 1 });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), n: this.n };
  }
}

for (const layer of [Flatten, Reshape, Permute, RepeatVector]) registerSerializable('keras.layers', layer);

/** Makes a `Flatten` layer. */
export const flatten = (args?: FlattenArgs): Flatten => new Flatten(args);
/** Makes a `Reshape` layer. */
export const reshape = (targetShape: readonly number[], args?: LayerArgs): Reshape => new Reshape(targetShape, args);
/** Makes a `Permute` layer. */
export const permute = (dims: readonly number[], args?: LayerArgs): Permute => new Permute(dims, args);
/** Makes a `RepeatVector` layer. */
export const repeatVector = (n: number, args?: LayerArgs): RepeatVector => new RepeatVector(n, args);

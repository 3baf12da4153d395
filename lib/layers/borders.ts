// Layers that cut or add at the borders of the spatial axes: cropping and zero padding.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { getItem, pad } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

/** One number for all borders, one per axis, or `[before, after]` per axis. For one axis also just `[before, after]`. */
export type Borders = number | readonly (number | readonly number[])[];

export interface BordersArgs extends LayerArgs {
  /** Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
}

/** `[before, after]` for every spatial axis. */
function borderPairs(where: string, name: string, value: Borders, rank: number): number[][] {
  const list = typeof value === 'number' ? Array<number>(rank).fill(value) : value;
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  // For one axis a list is that axis's pair.
  const entries = rank === 1 && typeof value !== 'number' ? [items] : items;
  const pairs = entries.map((item) => (Array.isArray(item) ? (item as number[]) : [item, item]) as number[]);
  const valid = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0;
  if (pairs.length !== rank || !pairs.every((pair) => pair.length === 2 && pair.every(valid))) {
    throw new HornetError(
      where,
      `expected ${name} to hold non-negative integers for ${rank} axes, received ${JSON.stringify(value)}`,
    );
  }
  return pairs;
}

abstract class BorderLayer extends Layer {
  readonly dataFormat: DataFormat;
  protected readonly pairs: number[][];

  constructor(
    private readonly rank: number,
    private readonly option: string,
    value: Borders,
    args: BordersArgs,
  ) {
    super(args);
    const where = this.className.toLowerCase();
    this.dataFormat = checkDataFormat(args.dataFormat, where);
    this.pairs = borderPairs(where, option, value, rank);
    this.inputSpec = { rank: rank + 2 };
  }

  /** Axis of the first spatial dimension. */
  protected get firstAxis(): number {
    return this.dataFormat === 'channels_last' ? 1 : 2;
  }

  override getConfig(): Config {
    const value = this.rank === 1 ? this.pairs[0] : this.pairs;
    return { ...super.getConfig(), [this.option]: value, dataFormat: this.dataFormat };
  }
}

abstract class Cropping extends BorderLayer {
  constructor(rank: number, args: CroppingArgs) {
    super(rank, 'cropping', args.cropping ?? (rank === 1 ? [1, 1] : rank === 2 ? 0 : 1), args);
  }

  override call(inputs: Tensor): Tensor {
    const key = inputs.shape.map((dim, axis): [number, number] => {
      const [before, after] = this.pairs[axis - this.firstAxis] ?? [0, 0];
      if (before + after >= dim && before + after > 0) {
        throw new HornetError(this.name, `cropping ${before} + ${after} leaves nothing of axis ${axis} of size ${dim}`);
      }
      return [before, dim - after];
    });
    return getItem(inputs, key);
  }
}

export interface CroppingArgs extends BordersArgs {
  /** Default: 1 for one and three axes, 0 for images. */
  readonly cropping?: Borders;
}

abstract class ZeroPadding extends BorderLayer {
  constructor(rank: number, args: ZeroPaddingArgs) {
    super(rank, 'padding', args.padding ?? 1, args);
  }

  override call(inputs: Tensor): Tensor {
    return pad(
      inputs,
      inputs.shape.map((_, axis) => this.pairs[axis - this.firstAxis] ?? [0, 0]),
    );
  }
}

export interface ZeroPaddingArgs extends BordersArgs {
  /** Default 1. */
  readonly padding?: Borders;
}

/** Cuts at the ends of the time axis. */
export class Cropping1D extends Cropping {
  static readonly className: string = 'Cropping1D';
  constructor(args: CroppingArgs = {}) {
    super(1, args);
  }

  override getConfig(): Config {
    // Keras's own has no such option.
    const { dataFormat: _, ...config } = super.getConfig();
    return config;
  }
}
/** Cuts at the borders of images. */
export class Cropping2D extends Cropping {
  static readonly className: string = 'Cropping2D';
  constructor(args: CroppingArgs = {}) {
    super(2, args);
  }
}
/** Cuts at the borders of volumes. */
export class Cropping3D extends Cropping {
  static readonly className: string = 'Cropping3D';
  constructor(args: CroppingArgs = {}) {
    super(3, args);
  }
}
/** Zeros at the ends of the time axis. */
export class ZeroPadding1D extends ZeroPadding {
  static readonly className: string = 'ZeroPadding1D';
  constructor(args: ZeroPaddingArgs = {}) {
    super(1, args);
  }
}
/** Zeros around images. */
export class ZeroPadding2D extends ZeroPadding {
  static readonly className: string = 'ZeroPadding2D';
  constructor(args: ZeroPaddingArgs = {}) {
    super(2, args);
  }
}
/** Zeros around volumes. */
export class ZeroPadding3D extends ZeroPadding {
  static readonly className: string = 'ZeroPadding3D';
  constructor(args: ZeroPaddingArgs = {}) {
    super(3, args);
  }
}

for (const layer of [Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D]) {
  registerSerializable('keras.layers', layer);
}

/** Makes a `Cropping1D` layer. */
export const cropping1d = (args?: CroppingArgs): Cropping1D => new Cropping1D(args);
/** Makes a `Cropping2D` layer. */
export const cropping2d = (args?: CroppingArgs): Cropping2D => new Cropping2D(args);
/** Makes a `Cropping3D` layer. */
export const cropping3d = (args?: CroppingArgs): Cropping3D => new Cropping3D(args);
/** Makes a `ZeroPadding1D` layer. */
export const zeroPadding1d = (args?: ZeroPaddingArgs): ZeroPadding1D => new ZeroPadding1D(args);
/** Makes a `ZeroPadding2D` layer. */
export const zeroPadding2d = (args?: ZeroPaddingArgs): ZeroPadding2D => new ZeroPadding2D(args);
/** Makes a `ZeroPadding3D` layer. */
export const zeroPadding3d = (args?: ZeroPaddingArgs): ZeroPadding3D => new ZeroPadding3D(args);

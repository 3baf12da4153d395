// Layers that merge several inputs: element by element, along an axis, or by products.
import { HornetError } from '../errors.js';
import {
  add as addOp,
  concatenate as concatOp,
  divide,
  expandDims,
  logicalOr,
  maximum as maximumOp,
  minimum as minimumOp,
  multiply as multiplyOp,
  normalize,
  onesLike,
  reshape,
  subtract as subtractOp,
  transpose,
  matmul,
  any,
  where,
  cast,
  broadcastTo,
} from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import type { KerasTensor } from '../models/keras-tensor.js';
import type { Shape } from './input-spec.js';
import { Layer, type CallArgs, type Config, type LayerArgs, type Mask, type Shapes } from './layer.js';

const shapesOf = (shapes: Shapes): readonly Shape[] | null =>
  Array.isArray(shapes) && shapes.every((shape) => Array.isArray(shape)) ? (shapes as readonly Shape[]) : null;

/** Base of the element-wise merges: inputs of fewer axes get axes of size one behind the batch. */
abstract class Merge extends Layer {
  constructor(args: LayerArgs = {}) {
    super(args);
    this.supportsMasking = true;
  }

  /** Fewest inputs that make sense. */
  protected get least(): number {
    return 1;
  }

  /** Merges inputs of one rank; `masks` has one per input, widened to it, or null. */
  protected abstract merge(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor;

  override build(inputShape: Shapes): void {
    const shapes = shapesOf(inputShape);
    if (!shapes || shapes.length < this.least) {
      throw new HornetError(
        this.name,
        `expected a list of at least ${this.least} inputs, received ${shapes?.length ?? 1}`,
      );
    }
    const batches = new Set(shapes.map(([batch]) => batch).filter((batch) => batch !== null));
    if (batches.size > 1)
      throw new HornetError(this.name, `expected inputs of one batch size, received ${[...batches].join(' and ')}`);
    checkBroadcast(this.name, shapes);
  }

  override call(inputs: Tree<Tensor>, { mask }: CallArgs): Tensor {
    if (!Array.isArray(inputs)) throw new HornetError(this.name, 'expected a list of inputs');
    const list = inputs as readonly Tensor[];
    const rank = Math.max(...list.map((input) => input.rank));
    const masks = list.map((input, i) => {
      const own = (mask as readonly (Tensor | null)[] | null)?.[i] ?? null;
      return own && broadcastTo(expandDims(own, -1), input.shape);
    });
    return this.merge(
      list.map((input) => widen(input, rank)),
      masks.map((own) => own && widen(own, rank)),
    );
  }

  override computeMask(_inputs: Tree<Tensor>, previousMask: Mask): Mask {
    const masks = (Array.isArray(previousMask) ? previousMask : [previousMask]) as (Tensor | null)[];
    const present = masks.filter((mask): mask is Tensor => mask !== null);
    return present.length === masks.length && present.length > 0 ? present.reduce((a, b) => logicalOr(a, b)) : null;
  }
}

const widen = (input: Tensor, rank: number): Tensor =>
  input.rank < rank
    ? expandDims(
        input,
        Array.from({ length: rank - input.rank }, (_, i) => i + 1),
      )
    : input;

function checkBroadcast(where: string, shapes: readonly Shape[]): void {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  for (let axis = 1; axis < rank; axis++) {
    const dims = shapes
      .map((shape) => shape[shape.length - axis])
      .filter((dim, i) => shapes[i].length - axis > 0 && dim !== null && dim !== 1);
    if (new Set(dims).size > 1) {
      throw new HornetError(
        where,
        `inputs of shapes ${shapes.map((shape) => `[${shape.map(String).join(', ')}]`).join(' and ')} cannot be merged`,
      );
    }
  }
}

const reduceWith = (inputs: readonly Tensor[], fn: (a: Tensor, b: Tensor) => Tensor): Tensor =>
  inputs.reduce((a, b) => fn(a, b));

/** Reduces what masks let count: where one side is masked the other stands alone. */
function reduceUnmasked(
  inputs: readonly Tensor[],
  masks: readonly (Tensor | null)[],
  fn: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  let [output, present] = [inputs[0], masks[0]];
  inputs.slice(1).forEach((input, i) => {
    const mask = masks[i + 1];
    const next = mask ? where(mask, input, output) : input;
    if (present) output = where(present, output, next);
    present = present && mask ? logicalOr(present, mask) : null;
    output = fn(output, next);
  });
  return output;
}

/** The sum of all inputs. */
export class Add extends Merge {
  static readonly className: string = 'Add';
  protected merge(inputs: readonly Tensor[]): Tensor {
    return reduceWith(inputs, addOp);
  }
}
/** The first input minus the second. */
export class Subtract extends Merge {
  static readonly className: string = 'Subtract';
  override build(inputShape: Shapes): void {
    super.build(inputShape);
    const count = shapesOf(inputShape)!.length;
    if (count !== 2) throw new HornetError(this.name, `expected exactly 2 inputs, received ${count}`);
  }
  protected merge([a, b]: readonly Tensor[]): Tensor {
    return subtractOp(a, b);
  }
}
/** The product of all inputs; what a mask leaves out counts as one, and as zero where all masks do. */
export class Multiply extends Merge {
  static readonly className: string = 'Multiply';
  protected merge(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor {
    const product = reduceWith(
      inputs.map((x, i) => (masks[i] ? where(masks[i], x, cast(1, x.dtype)) : x)),
      multiplyOp,
    );
    if (masks.some((mask) => mask === null)) return product;
    return where(reduceWith(masks as Tensor[], logicalOr), product, cast(0, product.dtype));
  }
}
/** The mean of all inputs. */
export class Average extends Merge {
  static readonly className: string = 'Average';
  protected merge(inputs: readonly Tensor[]): Tensor {
    return divide(reduceWith(inputs, addOp), inputs.length);
  }
}
/** The larger of all inputs, element by element. */
export class Maximum extends Merge {
  static readonly className: string = 'Maximum';
  protected merge(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor {
    return reduceUnmasked(inputs, masks, maximumOp);
  }
}
/** The smaller of all inputs, element by element. */
export class Minimum extends Merge {
  static readonly className: string = 'Minimum';
  protected merge(inputs: readonly Tensor[], masks: readonly (Tensor | null)[]): Tensor {
    return reduceUnmasked(inputs, masks, minimumOp);
  }
}

export interface ConcatenateArgs extends LayerArgs {
  /** Default −1. */
  readonly axis?: number;
}

/** All inputs one after the other along an axis. */
export class Concatenate extends Layer {
  static readonly className: string = 'Concatenate';
  readonly axis: number;

  constructor(args: ConcatenateArgs = {}) {
    super(args);
    this.axis = args.axis ?? -1;
    this.supportsMasking = true;
  }

  override build(inputShape: Shapes): void {
    const shapes = shapesOf(inputShape);
    if (!shapes || shapes.length < 1) throw new HornetError(this.name, 'expected a list of at least one input');
    const rank = shapes[0].length;
    const axis = this.axis < 0 ? this.axis + rank : this.axis;
    const differs = shapes.some(
      (shape) =>
        shape.length !== rank ||
        shape.some((dim, i) => i !== axis && dim !== null && shapes[0][i] !== null && dim !== shapes[0][i]),
    );
    if (differs) {
      const text = shapes.map((shape) => `[${shape.map(String).join(', ')}]`).join(', ');
      throw new HornetError(this.name, `expected inputs of equal shapes but for axis ${this.axis}, received ${text}`);
    }
  }

  override call(inputs: Tree<Tensor>): Tensor {
    if (!Array.isArray(inputs)) throw new HornetError(this.name, 'expected a list of inputs');
    return concatOp(inputs as readonly Tensor[], { axis: this.axis });
  }

  override computeMask(inputs: Tree<Tensor>, previousMask: Mask): Mask {
    const masks = (Array.isArray(previousMask) ? previousMask : [previousMask]) as (Tensor | null)[];
    if (masks.every((mask) => mask === null)) return null;
    const list = inputs as readonly Tensor[];
    const spread = masks.map((mask, i) => {
      if (mask === null) return cast(onesLike(list[i]), 'bool');
      return mask.rank < list[i].rank ? broadcastTo(expandDims(mask, -1), list[i].shape) : mask;
    });
    return any(concatOp(spread, { axis: this.axis }), { axis: -1 });
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }
}

export interface DotArgs extends LayerArgs {
  /** Normalize both inputs along the axis first: cosine similarity. Default false. */
  readonly normalize?: boolean;
}

/** The product of two inputs, summed over one axis of each. */
export class Dot extends Layer {
  static readonly className: string = 'Dot';
  static override readonly requiredArgs: readonly string[] = ['axes'];
  readonly normalize: boolean;

  constructor(
    readonly axes: number | readonly number[],
    args: DotArgs = {},
  ) {
    super(args);
    const list = typeof axes === 'number' ? [axes, axes] : axes;
    if (list.length !== 2 || !list.every(Number.isInteger)) {
      throw new HornetError('dot', `expected axes to be an integer or two, received ${JSON.stringify(axes)}`);
    }
    this.normalize = args.normalize ?? false;
    this.supportsMasking = true;
  }

  override build(inputShape: Shapes): void {
    const shapes = shapesOf(inputShape);
    if (shapes?.length !== 2) throw new HornetError(this.name, 'expected a list of exactly 2 inputs');
    const [a, b] = this.axesOf(shapes.map((shape) => shape.length));
    const [x, y] = [shapes[0][a], shapes[1][b]];
    if (x !== null && y !== null && x !== y) {
      throw new HornetError(this.name, `axes ${a} and ${b} have different sizes: ${x} and ${y}`);
    }
  }

  override call(inputs: Tree<Tensor>): Tensor {
    const list = inputs as readonly Tensor[];
    const [axis1, axis2] = this.axesOf(list.map((input) => input.rank));
    const [x1, x2] = this.normalize ? [normalize(list[0], { axis: axis1 }), normalize(list[1], { axis: axis2 })] : list;
    return batchDot(x1, x2, axis1, axis2);
  }

  private axesOf(ranks: readonly number[]): number[] {
    const list = typeof this.axes === 'number' ? [this.axes, this.axes] : this.axes;
    return list.map((axis, i) => (axis < 0 ? axis + ranks[i] : axis));
  }

  override computeMask(): Mask {
    return null;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axes: this.axes, normalize: this.normalize };
  }
}

/** Products per sample, summed over one axis of each; the other axes of x, then of y, remain in order. */
function batchDot(x: Tensor, y: Tensor, axisX: number, axisY: number): Tensor {
  const free = (t: Tensor, axis: number): number[] => t.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis);
  const [freeX, freeY] = [free(x, axisX), free(y, axisY)];
  const [batch, size] = [x.shape[0], x.shape[axisX]];
  const rows = reshape(transpose(x, { axes: [0, ...freeX, axisX] }), [batch, -1, size]);
  const columns = reshape(transpose(y, { axes: [0, axisY, ...freeY] }), [batch, size, -1]);
  const kept = [...freeX.map((axis) => x.shape[axis]), ...freeY.map((axis) => y.shape[axis])];
  return reshape(matmul(rows, columns), [batch, ...(kept.length > 0 ? kept : [1])]);
}

for (const layer of [Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot]) {
  registerSerializable('keras.layers', layer);
}

/** As in Keras, these names merge tensors at once; `new Add()` and the like make layers. */
type MergeFunction<A> = {
  (inputs: readonly KerasTensor[], args?: A): KerasTensor;
  (inputs: readonly Tensor[], args?: A): Tensor;
};

const merging = <A>(make: (args?: A) => Layer): MergeFunction<A> =>
  ((inputs: readonly Tensor[], args?: A) => make(args)(inputs)) as MergeFunction<A>;

/** The sum of tensors. */
export const add = merging((args?: LayerArgs) => new Add(args));
/** The first tensor minus the second. */
export const subtract = merging((args?: LayerArgs) => new Subtract(args));
/** The product of tensors, element by element. */
export const multiply = merging((args?: LayerArgs) => new Multiply(args));
/** The mean of tensors. */
export const average = merging((args?: LayerArgs) => new Average(args));
/** The larger of tensors, element by element. */
export const maximum = merging((args?: LayerArgs) => new Maximum(args));
/** The smaller of tensors, element by element. */
export const minimum = merging((args?: LayerArgs) => new Minimum(args));
/** Tensors one after the other along an axis (default the last). */
export const concatenate = merging((args?: ConcatenateArgs) => new Concatenate(args));
/** The product of two tensors, summed over one axis of each. */
export const dot = (inputs: readonly Tensor[], axes: number | readonly number[], args?: DotArgs): Tensor =>
  new Dot(axes, args)(inputs);

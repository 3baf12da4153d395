// ConvLSTM1D to 3D: an LSTM over sequences of images, whose products are convolutions. Source: Shi et al. 2015.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { abstractEval } from '../graph/trace.js';
import { add, concatenate, conv, multiply, reshape, split, unstack, zeros, type ConvOptions } from '../ops/index.js';
import type { Recurrence } from '../ops/rnn-core.js';
import { perAxis, type PerAxis } from '../ops/window.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { shapeText, type Shape } from './input-spec.js';
import type { Config } from './layer.js';
import { LSTMCell, type LSTMCellArgs } from './lstm.js';
import { cellArgs, CellLayer, type RNNArgs } from './rnn.js';

/** Options of a ConvLSTM's cell. */
interface ConvLSTMCellArgs extends LSTMCellArgs {
  /** Steps of the kernel along each axis of the inputs. Default 1. */
  readonly strides?: PerAxis;
  /** Of the inputs: `valid` (default) or `same`. The state is always padded to its own size. */
  readonly padding?: 'valid' | 'same';
  /** Of each element of the sequence. Default: `imageDataFormat()`. */
  readonly dataFormat?: DataFormat | null;
  /** Distance between the elements of the inputs' kernel. Default 1; not together with strides above 1. */
  readonly dilationRate?: PerAxis;
}

/** A step of a ConvLSTM: [batch, ...spatial, channels] → [batch, ...new spatial, filters]. */
class ConvLSTMCell extends LSTMCell {
  static override readonly className: string = 'ConvLSTMCell';
  static override readonly requiredArgs: readonly string[] = ['filters', 'kernelSize'];
  readonly kernelSize: number[];
  readonly strides: number[];
  readonly padding: 'valid' | 'same';
  readonly dataFormat: DataFormat;
  readonly dilationRate: number[];
  /** Of a state without the batch, once the cell is built. */
  #stateShape: readonly number[] = [];

  constructor(spatialRank: number, filters: number, kernelSize: PerAxis, args: ConvLSTMCellArgs) {
    super(filters, args);
    const each = (name: string, value: PerAxis): number[] => perAxis(this.name, name, value, spatialRank);
    this.kernelSize = each('kernelSize', kernelSize);
    this.strides = each('strides', args.strides ?? 1);
    this.dilationRate = each('dilationRate', args.dilationRate ?? 1);
    this.padding = (args.padding ?? 'valid').toLowerCase() as 'valid' | 'same';
    this.dataFormat = checkDataFormat(args.dataFormat, this.name);
    if (!['valid', 'same'].includes(this.padding)) {
      throw new HornetError(this.name, `expected padding to be 'valid' or 'same', received '${this.padding}'`);
    }
    if (this.strides.some((stride) => stride > 1) && this.dilationRate.some((rate) => rate > 1)) {
      const received = `strides [${this.strides.join(', ')}] and dilationRate [${this.dilationRate.join(', ')}]`;
      throw new HornetError(this.name, `expected strides or dilationRate to be 1, received ${received}`);
    }
  }

  protected override kernelOf(): Recurrence['cell'] | null {
    return null;
  }

  /** Each gate has its own. */
  protected override get patterns(): number {
    return 4;
  }

  protected override get featureAxis(): number {
    return this.dataFormat === 'channels_first' ? 1 : -1;
  }

  protected override kernelShape(features: number | null, width: number): Shape {
    return [...this.kernelSize, features, width];
  }

  override build(inputShape: Shape): void {
    const known = inputShape.slice(1);
    if (known.includes(null)) {
      throw new HornetError(this.name, `expected known sizes but for the batch, received ${shapeText(inputShape)}`);
    }
    super.build(inputShape);
    const { dtype } = this.kernel!;
    const [state] = abstractEval(
      (x, kernel) => [split(conv(x, kernel, this.geometry), 4, { axis: this.featureAxis })[0]],
      [{ shape: [1, ...(known as number[])], dtype }, this.kernel!],
    );
    this.#stateShape = state.shape.slice(1);
  }

  override getInitialState(batchSize: number): readonly Tensor[] {
    return [0, 1].map(() => zeros([batchSize, ...this.#stateShape], { dtype: this.computeDtype }));
  }

  /** How the kernel goes over the inputs. */
  private get geometry(): ConvOptions {
    const { strides, padding, dataFormat, dilationRate } = this;
    return { strides, padding, dataFormat, dilationRate };
  }

  protected override gates(inputs: Tensor, h: Tensor, training: boolean): Tensor {
    const { bias, dataFormat } = this;
    const dropped = training ? this.getDropoutMask(inputs) : null;
    const hidden = training ? this.getRecurrentDropoutMask(h) : null;
    const input = this.convolve(inputs, dropped, this.kernel!, this.geometry);
    const state = this.convolve(h, hidden, this.recurrentKernel!, { padding: 'same', dataFormat });
    const around = this.kernelSize.map(() => 1);
    const shape = dataFormat === 'channels_first' ? [1, -1, ...around] : [1, ...around, -1];
    return add(bias ? add(input, reshape(bias, shape)) : input, state);
  }

  /** All gates at once, unless each sees its own part of the input. */
  private convolve(x: Tensor, masks: Tensor | null, kernel: Variable, options: ConvOptions): Tensor {
    if (!masks) return conv(x, kernel, options);
    const kernels = split(kernel, 4, { axis: -1 });
    const gates = unstack(masks).map((mask, i) => conv(multiply(x, mask), kernels[i], options));
    return concatenate(gates, { axis: this.featureAxis });
  }

  override getConfig(): Config {
    const { kernelSize, strides, padding, dataFormat, dilationRate } = this;
    return { ...super.getConfig(), kernelSize, strides, padding, dataFormat, dilationRate };
  }
}

/** Options of `convLstm1d`, `convLstm2d` and `convLstm3d`. */
export interface ConvLSTMArgs extends RNNArgs, ConvLSTMCellArgs {}

abstract class ConvLSTM extends CellLayer {
  static override readonly requiredArgs: readonly string[] = ['filters', 'kernelSize'];
  declare readonly cell: ConvLSTMCell;

  constructor(spatialRank: number, filters: number, kernelSize: PerAxis, args: ConvLSTMArgs) {
    super(new ConvLSTMCell(spatialRank, filters, kernelSize, cellArgs(args, 'conv_lstm_cell')), args);
    this.inputSpec = { rank: spatialRank + 3 };
  }
}

/** Over sequences of rows: `[batch, steps, length, channels]` → `[batch, new length, filters]`. */
export class ConvLSTM1D extends ConvLSTM {
  static override readonly className: string = 'ConvLSTM1D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvLSTMArgs = {}) {
    super(1, filters, kernelSize, args);
  }
}

/** Over sequences of images: `[batch, steps, height, width, channels]` → `[batch, new height, new width, filters]`. */
export class ConvLSTM2D extends ConvLSTM {
  static override readonly className: string = 'ConvLSTM2D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvLSTMArgs = {}) {
    super(2, filters, kernelSize, args);
  }
}

/** Over sequences of volumes: `[batch, steps, d1, d2, d3, channels]` → `[batch, …, filters]`. */
export class ConvLSTM3D extends ConvLSTM {
  static override readonly className: string = 'ConvLSTM3D';
  constructor(filters: number, kernelSize: PerAxis, args: ConvLSTMArgs = {}) {
    super(3, filters, kernelSize, args);
  }
}

for (const layer of [ConvLSTM1D, ConvLSTM2D, ConvLSTM3D]) registerSerializable('keras.layers', layer);

/** Makes a `ConvLSTM1D` layer. */
export const convLstm1d = (filters: number, kernelSize: PerAxis, args?: ConvLSTMArgs): ConvLSTM1D =>
  new ConvLSTM1D(filters, kernelSize, args);
/** Makes a `ConvLSTM2D` layer. */
export const convLstm2d = (filters: number, kernelSize: PerAxis, args?: ConvLSTMArgs): ConvLSTM2D =>
  new ConvLSTM2D(filters, kernelSize, args);
/** Makes a `ConvLSTM3D` layer. */
export const convLstm3d = (filters: number, kernelSize: PerAxis, args?: ConvLSTMArgs): ConvLSTM3D =>
  new ConvLSTM3D(filters, kernelSize, args);

// ActivityRegularization: a penalty on what passes through, nothing else.
import { L1L2 } from '../regularizers/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import { Layer, type Config, type LayerArgs } from './layer.js';

/** Options of `activityRegularization`. */
export interface ActivityRegularizationArgs extends Omit<LayerArgs, 'activityRegularizer'> {
  /** Factor of the sum of absolute values. Default 0. */
  readonly l1?: number;
  /** Factor of the sum of squares. Default 0. */
  readonly l2?: number;
}

/** Gives its inputs as they are and adds a penalty on them, per sample, to the loss. */
export class ActivityRegularization extends Layer {
  static readonly className: string = 'ActivityRegularization';
  readonly l1: number;
  readonly l2: number;

  constructor(args: ActivityRegularizationArgs = {}) {
    const { l1 = 0, l2 = 0 } = args;
    super({ ...args, activityRegularizer: new L1L2({ l1, l2 }) });
    this.l1 = l1;
    this.l2 = l2;
    this.supportsMasking = true;
    this.built = true;
  }

  override call(inputs: Tree<Tensor>): Tree<Tensor> {
    return inputs;
  }

  override getConfig(): Config {
    const { activityRegularizer: _, ...config } = super.getConfig();
    return { ...config, l1: this.l1, l2: this.l2 };
  }
}

registerSerializable('keras.layers', ActivityRegularization);

/** Adds a penalty on what passes through to the loss. */
export const activityRegularization = (args?: ActivityRegularizationArgs): ActivityRegularization =>
  new ActivityRegularization(args);

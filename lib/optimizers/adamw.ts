// Adam with decoupled weight decay. Source: Loshchilov & Hutter 2019.
import { HornetError } from '../errors.js';
import { registerSerializable } from '../saving/registry.js';
import { Adam, type AdamArgs } from './adam.js';

export interface AdamWArgs extends AdamArgs {
  /** Default 0.004. */
  readonly weightDecay?: number;
}

/** Adam whose weight decay acts on the weights themselves, not on the gradient. */
export class AdamW extends Adam {
  static override readonly className = 'AdamW';

  constructor(args: AdamWArgs = {}) {
    super({ ...args, weightDecay: args.weightDecay === undefined ? 0.004 : args.weightDecay });
    if (this.weightDecay === null)
      throw new HornetError(this.name, 'expected weightDecay to be a number, received null');
  }
}
registerSerializable('keras.optimizers', AdamW);

/** Makes an `AdamW` optimizer. */
export const adamw = (args?: AdamWArgs): AdamW => new AdamW(args);

// TimeDistributed: one layer for every time step.
import { HornetError } from '../errors.js';
import { reshape, stack, unstack } from '../ops/index.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { BatchNormalization } from './batch-normalization.js';
import { shapeText, type Shape } from './input-spec.js';
import type { CallArgs, Layer, LayerArgs } from './layer.js';
import { Wrapper } from './wrapper.js';

/**
 * Applies a layer to every time step: [batch, steps, ...] → [batch, steps, ...]. A mask is [batch, steps, ...]; the layer
 * sees the part of its step.
 */
export class TimeDistributed extends Wrapper {
  static override readonly className: string = 'TimeDistributed';

  constructor(layer: Layer, args: LayerArgs = {}) {
    super(layer, args);
    this.supportsMasking = true;
  }

  override build(inputShape: Shape): void {
    if (inputShape.length < 3) {
      throw new HornetError(this.name, `expected inputs of rank 3 or more, received shape ${shapeText(inputShape)}`);
    }
    super.build([inputShape[0], ...inputShape.slice(2)]);
  }

  override call(inputs: Tensor, { training, mask }: CallArgs): Tensor {
    const steps = mask as Tensor | null;
    const [batch, length] = inputs.shape;
    if (steps && (steps.shape[0] !== batch || steps.shape[1] !== length)) {
      const shapes = `${shapeText(steps.shape)} and ${shapeText(inputs.shape)}`;
      throw new HornetError(this.name, `mask and inputs differ in batch size or time steps: ${shapes}`);
    }
    return training && this.mixesBatch ? this.stepwise(inputs, steps) : this.atOnce(inputs, steps, training);
  }

  /** Whether a step's outputs depend on the other samples of the step, so that steps must stay apart in training. */
  private get mixesBatch(): boolean {
    return this.layer.flattenLayers().some((layer) => layer instanceof BatchNormalization);
  }

  /** Runs the layer inside in the types of this one, as part of this call; its own activity regularizer does not count. */
  private step(inputs: Tensor, options: CallArgs): Tensor {
    this.layer.record.context = this.record.context;
    return this.layer.call(inputs, options) as Tensor;
  }

  /** All steps as one large batch. */
  private atOnce(inputs: Tensor, mask: Tensor | null, training: boolean): Tensor {
    const [batch, length] = inputs.shape;
    const fold = (x: Tensor): Tensor => reshape(x, [batch * length, ...x.shape.slice(2)]);
    const outputs = this.step(fold(inputs), { training, mask: mask && fold(mask) });
    return reshape(outputs, [batch, length, ...outputs.shape.slice(1)]);
  }

  private stepwise(inputs: Tensor, mask: Tensor | null): Tensor {
    const masks = mask && unstack(mask, { axis: 1 });
    const outputs = unstack(inputs, { axis: 1 }).map((step, i) =>
      this.step(step, { training: true, mask: masks && masks[i] }),
    );
    return stack(outputs, { axis: 1 });
  }
}

registerSerializable('keras.layers', TimeDistributed);

/** Applies `layer` to every time step: [batch, steps, ...] → [batch, steps, ...]. */
export const timeDistributed = (layer: Layer, args?: LayerArgs): TimeDistributed => new TimeDistributed(layer, args);

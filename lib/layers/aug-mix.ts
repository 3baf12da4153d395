// AugMix: chains of augmentations, averaged and mixed with the image itself.
import { add, cast, clip, divide, multiply, split, subtract, sum, zerosLike } from '../ops/index.js';
import { beta, gamma, type SeedGenerator } from '../random.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { AugmentationPolicy, type Augmentation, type AugmentationPolicyArgs } from './augmentation-policy.js';
import type { ImageInputs, ImageSizes, TransformArgs } from './image-preprocessing.js';
import type { Config } from './layer.js';

export interface AugMixArgs extends AugmentationPolicyArgs {
  /** How many chains are mixed. Default 3. */
  readonly numChains?: number;
  /** How many augmentations a chain has at most. Default 3. */
  readonly chainDepth?: number;
  /** Parameter of the distributions of the weights of chains and image. Default 1. */
  readonly alpha?: number;
  /** Whether brightness, contrast, colors and sharpness are changed, too. Default true. */
  readonly allOps?: boolean;
}

/** What is drawn for a batch. */
interface Mix {
  readonly chains: readonly (readonly Augmentation[])[];
  /** The weight of each chain. */
  readonly weights: readonly Tensor[];
  /** The weight of the image itself. */
  readonly own: Tensor;
}

/**
 * Mixes images with an average of chains of augmentations, the same for all images of a batch. The default strength is
 * 0.3. Source: Hendrycks et al. 2020.
 */
export class AugMix extends AugmentationPolicy<Mix> {
  static readonly className: string = 'AugMix';
  readonly numChains: number;
  readonly chainDepth: number;
  readonly alpha: number;
  readonly allOps: boolean;

  constructor(args: AugMixArgs = {}) {
    super({ ...args, factor: args.factor ?? 0.3 }, args.allOps ?? true);
    this.numChains = args.numChains ?? 3;
    this.chainDepth = args.chainDepth ?? 3;
    this.alpha = args.alpha ?? 1;
    this.allOps = args.allOps ?? true;
  }

  protected draw(_sizes: ImageSizes, seed: SeedGenerator, data: ImageInputs): Mix {
    const shares = gamma([this.numChains], this.alpha, { seed });
    const chain = (): Augmentation[] => Array.from({ length: this.chainDepth }, () => this.drawOne(data, seed, true));
    return {
      chains: Array.from({ length: this.numChains }, chain),
      weights: split(divide(shares, sum(shares)), this.numChains),
      own: beta([], this.alpha, this.alpha, { seed }),
    };
  }

  private mix(
    part: Tensor,
    { chains, weights, own }: Mix,
    apply: (part: Tensor, augmentation: Augmentation) => Tensor,
  ): Tensor {
    const weighted = chains.map((chain, i) => {
      const end = chain.reduce<Tensor>((x, step) => apply(x, step), part);
      return multiply(end, cast(weights[i], this.computeDtype));
    });
    const share = cast(own, this.computeDtype);
    const mixed = weighted.reduce((a, b) => add(a, b), zerosLike(part));
    return add(multiply(share, part), multiply(subtract(1, share), mixed));
  }

  protected augment(images: Tensor, drawn: Mix): Tensor {
    return clip(
      this.mix(images, drawn, (x, step) => this.applyToImages(x, step)),
      ...this.valueRange,
    );
  }

  override transformSegmentationMasks(masks: Tensor, drawn: Mix | null, options: TransformArgs = {}): Tensor {
    if (options.training === false || !drawn) return masks;
    return this.mix(masks, drawn, (x, step) => this.applyToMasks(x, step));
  }

  override getConfig(): Config {
    const { numChains, chainDepth, alpha, allOps } = this;
    return { ...super.getConfig(), numChains, chainDepth, alpha, allOps };
  }
}

registerSerializable('keras.layers', AugMix);

/** Makes an `AugMix` layer. */
export const augMix = (args?: AugMixArgs): AugMix => new AugMix(args);

// SpectralNormalization: keeps the largest singular value of another layer's kernel near one.
import { HornetError } from '../errors.js';
import { TruncatedNormal } from '../initializers/index.js';
import { all, cast, divide, equal, matmul, normalize, reshape, stopGradient, transpose, where } from '../ops/index.js';
import { differentiatedAs } from '../ops/custom-gradient.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';
import { checkPositive } from './conv.js';
import type { Shape } from './input-spec.js';
import type { CallArgs, Config, Layer, LayerArgs } from './layer.js';
import { Wrapper } from './wrapper.js';

/** Options of `spectralNormalization`. */
export interface SpectralNormalizationArgs extends LayerArgs {
  /** Steps towards the largest singular value per call in training. Default 1. */
  readonly powerIterations?: number;
}

/**
 * Calls a layer whose kernel (or embeddings) training divides by its largest singular value, an estimate of which is
 * improved with every call. Source: Miyato et al. 2018.
 */
export class SpectralNormalization extends Wrapper {
  static override readonly className: string = 'SpectralNormalization';
  readonly powerIterations: number;
  private kernel: Variable | null = null;
  private vectorU: Variable | null = null;

  /** @param layer - A layer with a `kernel` or `embeddings`. */
  constructor(layer: Layer, args: SpectralNormalizationArgs = {}) {
    super(layer, args);
    this.powerIterations = args.powerIterations ?? 1;
    checkPositive(this.name, 'powerIterations', this.powerIterations);
  }

  override build(inputShape: Shape): void {
    super.build(inputShape);
    this.inputSpec = { minRank: 1, axes: { [-1]: inputShape.at(-1) ?? null } };
    const { kernel, embeddings } = this.layer as { kernel?: Variable | null; embeddings?: Variable | null };
    this.kernel = kernel ?? embeddings ?? null;
    if (!this.kernel) {
      throw new HornetError(this.name, `'${this.layer.name}' has neither a kernel nor embeddings to normalize`);
    }
    this.vectorU = this.addWeight({
      name: 'vector_u',
      shape: [1, this.kernel.shape.at(-1)!],
      initializer: new TruncatedNormal({ stddev: 0.02 }),
      dtype: this.kernel.dtype,
      trainable: false,
    });
  }

  override call(inputs: Tensor, options: CallArgs): Tensor {
    if (options.training) this.normalizeKernel(this.kernel!, this.vectorU!);
    return cast(this.layer(inputs), inputs.dtype);
  }

  private normalizeKernel(kernel: Variable, vectorU: Variable): void {
    const matrix = reshape(kernel, [-1, kernel.shape.at(-1)!]);
    let [u, v] = [vectorU.value, vectorU.value];
    for (let step = 0; step < this.powerIterations; step++) {
      v = normalize(matmul(u, transpose(matrix)), { axis: null });
      u = normalize(matmul(v, matrix), { axis: null });
    }
    [u, v] = [stopGradient(u), stopGradient(v)];
    const sigma = matmul(matmul(v, matrix), transpose(u));
    // A kernel of zeros has no singular value to divide by.
    const isZero = all(equal(kernel, 0));
    const normalized = where(isZero, kernel, divide(kernel, reshape(sigma, [])));
    vectorU.assign(where(isZero, vectorU, u));
    // To the optimizer the normalized kernel is the weight: its gradient is not that of the one before.
    kernel.assign(
      differentiatedAs(
        () => normalized,
        (before) => before,
      )(kernel.value),
    );
  }

  override getConfig(): Config {
    return { ...super.getConfig(), powerIterations: this.powerIterations };
  }
}

registerSerializable('keras.layers', SpectralNormalization);

/** Calls `layer` with its kernel divided by its largest singular value. */
export const spectralNormalization = (layer: Layer, args?: SpectralNormalizationArgs): SpectralNormalization =>
  new SpectralNormalization(layer, args);

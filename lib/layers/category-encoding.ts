// CategoryEncoding: integers below a known number as ones or counts.
import type { DType } from '../dtype.js';
import { HornetError } from '../errors.js';
import { convertToTensor } from '../ops/convert.js';
import { registerSerializable } from '../saving/registry.js';
import type { Tensor } from '../tensor.js';
import { checkOutputMode, encodeCategories, refuse } from './categories.js';
import { Layer, type CallArgs, type Config, type LayerArgs } from './layer.js';

const modes = ['multi_hot', 'one_hot', 'count'] as const;

/** Options of `categoryEncoding`. */
export interface CategoryEncodingArgs extends LayerArgs {
  /** Default `multi_hot`. */
  readonly outputMode?: (typeof modes)[number];
  /** Not supported: outputs are dense. */
  readonly sparse?: false;
}

/** Encodes integers from 0 to `numTokens` - 1; others count nowhere. */
export class CategoryEncoding extends Layer {
  static readonly className: string = 'CategoryEncoding';
  static override readonly requiredArgs: readonly string[] = ['numTokens'];
  readonly outputMode: (typeof modes)[number];

  /** @param numTokens - Number of categories. */
  constructor(
    readonly numTokens: number,
    args: CategoryEncodingArgs = {},
  ) {
    super(args);
    if (!(Number.isInteger(numTokens) && numTokens > 0)) {
      throw new HornetError(this.name, `expected numTokens to be a positive integer, received ${String(numTokens)}`);
    }
    this.outputMode = checkOutputMode(this.name, args.outputMode ?? 'multi_hot', modes);
    refuse(this.name, { sparse: args.sparse });
    this.autocast = false;
  }

  override get inputDtype(): DType {
    return 'int32';
  }

  override call(inputs: Tensor, { countWeights }: CallArgs & { countWeights?: Tensor | null }): Tensor {
    const weighted = countWeights !== null && countWeights !== undefined;
    if (weighted && this.outputMode !== 'count') {
      throw new HornetError(this.name, `expected no countWeights in outputMode '${this.outputMode}'`);
    }
    const weights = weighted ? convertToTensor(countWeights, this.computeDtype) : null;
    return encodeCategories(inputs, this.outputMode, this.numTokens, this.variableDtype, weights);
  }

  override getConfig(): Config {
    const { numTokens, outputMode } = this;
    return { ...super.getConfig(), numTokens, outputMode };
  }
}

registerSerializable('keras.layers', CategoryEncoding);

/** Encodes integers below `numTokens`: [..., n] → [..., numTokens]. */
export const categoryEncoding = (numTokens: number, args?: CategoryEncodingArgs): CategoryEncoding =>
  new CategoryEncoding(numTokens, args);

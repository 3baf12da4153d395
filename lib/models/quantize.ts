// Quantizing a model: every layer without layers inside that can be.
import { HornetError } from '../errors.js';
import type { QuantizationMode } from '../layers/dtype-policy.js';
import { Layer } from '../layers/layer.js';
import { isOwnClass, type QuantizeArgs } from '../layers/quantization.js';
import { resolveQuantization } from '../quantizers/config.js';

/** Which layers `quantize` is about: by expressions for their names, or by a function. */
export type LayerFilter = string | RegExp | readonly (string | RegExp)[] | ((layer: Layer) => boolean);

/** Options of a model's `quantize`. */
export interface QuantizeModelArgs extends QuantizeArgs {
  /** Default: all layers. */
  readonly filters?: LayerFilter | null;
}

function passes(layer: Layer, filters: LayerFilter): boolean {
  if (typeof filters === 'function') return filters(layer);
  const list = Array.isArray(filters) ? (filters as readonly (string | RegExp)[]) : [filters as string | RegExp];
  if (!list.every((each) => typeof each === 'string' || each instanceof RegExp)) {
    throw new HornetError('quantize', 'expected filters to be expressions for names of layers, or a function');
  }
  return list.some((pattern) => new RegExp(pattern).test(layer.name));
}

const canQuantize = (layer: Layer, typeCheck: boolean): boolean =>
  layer.quantizeWeights !== Layer.prototype.quantizeWeights && (!typeCheck || isOwnClass(layer));

/** Quantizes the layers inside a model; a warning names those with weights that stay as they are. */
export function quantizeModel(model: Layer, mode: QuantizationMode | null, args: QuantizeModelArgs): void {
  const { filters = null, typeCheck = true } = args;
  const config = resolveQuantization(model.name, mode, args.config ?? null);
  const chosen = model
    .flattenLayers()
    .filter((layer) => layer.subLayers.length === 0 && (filters === null || passes(layer, filters)));
  for (const layer of chosen) if (canQuantize(layer, typeCheck)) layer.quantize(null, { config, typeCheck });
  const left = chosen.filter((layer) => !canQuantize(layer, typeCheck) && layer.weights.length > 0);
  if (left.length > 0) {
    process.emitWarning(`[quantize] these layers stay as they are: ${left.map(({ name }) => name).join(', ')}`);
  }
}

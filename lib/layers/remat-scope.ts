// Which layers compute anew for the gradient rather than keep what they computed: `RematScope`. How is in ops/remat.ts.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { remat, rematWhen } from '../ops/remat.js';
import type { Tensor } from '../tensor.js';
import type { Tree } from '../tree.js';
import type { Layer } from './layer.js';

/**
 * What is computed again: the whole call of every layer, activation functions only, calls with large results, or the
 * calls of certain layers. Null: nothing.
 */
export type RematMode = 'full' | 'activations' | 'larger_than' | 'list_of_layers' | null;

/** Options of `RematScope`. */
export interface RematArgs {
  /** Default `full`. */
  readonly mode?: RematMode;
  /** Of `larger_than`: results of more numbers than this are not kept. Default 1024. */
  readonly outputSizeThreshold?: number;
  /** Of `list_of_layers`: names of layers. Default none. */
  readonly layerNames?: readonly string[];
}

const modes: readonly RematMode[] = ['full', 'activations', 'larger_than', 'list_of_layers', null];

let current: RematScope | null = null;

/** The scope in which layers are being made; null outside of any. */
export const currentRematScope = (): RematScope | null => current;

/**
 * Layers made within `run` compute anew for the gradient what they would else keep: less memory for more time.
 *
 * @example
 * const block = new RematScope({ mode: 'full' }).run(() => [dense(64, { activation: 'gelu' }), dense(64)]);
 */
export class RematScope {
  readonly mode: RematMode;
  readonly outputSizeThreshold: number;
  readonly layerNames: readonly string[];

  /** @throws HornetError for an unknown mode. */
  constructor(args: RematArgs = {}) {
    this.mode = args.mode === undefined ? 'full' : args.mode;
    this.outputSizeThreshold = args.outputSizeThreshold ?? 1024;
    this.layerNames = args.layerNames ?? [];
    if (!modes.includes(this.mode)) {
      throw new HornetError('RematScope', `expected mode to be ${modes.join(', ')}, received '${String(this.mode)}'`);
    }
  }

  /** Runs `fn`; the layers that it makes belong to the scope. A scope within replaces it. */
  run<T>(fn: () => T): T {
    return within(this, fn);
  }
}

function within<T>(scope: RematScope, fn: () => T): T {
  const outer = current;
  current = scope;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** Runs the call of a layer as its scope wants it. */
export function rematerialized(layer: Layer, call: () => Tree<Tensor>): Tree<Tensor> {
  const { mode, layerNames, outputSizeThreshold } = layer.rematScope ?? {};
  if (mode === 'full' || (mode === 'list_of_layers' && layerNames!.includes(layer.name))) return remat(call)();
  if (mode === 'activations') return withRematActivation(layer, call);
  if (mode !== 'larger_than') return call();
  const size = (results: readonly Tensor[]): number => results.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return rematWhen(call, (results) => size(results) > outputSizeThreshold!)();
}

function withRematActivation(layer: Layer, call: () => Tree<Tensor>): Tree<Tensor> {
  const owner = layer as unknown as { activation?: (x: Tensor) => Tensor };
  const { activation } = owner;
  if (typeof activation !== 'function') return call();
  owner.activation = remat(activation);
  try {
    return call();
  } finally {
    owner.activation = activation;
  }
}

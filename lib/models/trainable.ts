// What training changes, as it was when a model was compiled.
import type { Layer } from '../layers/layer.js';
import type { Variable } from '../variable.js';

/** What `trainable` says of the layers of a model and of its weights. Of those that are not built yet, when they are. */
export class TrainableState {
  private readonly layers = new Map<Layer, boolean>();
  private readonly weights = new Map<Variable, boolean>();

  constructor(private readonly model: Layer) {
    this.complete();
  }

  /** The layers of which it says something else by now. */
  get changed(): Layer[] {
    return changedIn(this.layers);
  }

  /** Runs `fn` as if nothing had changed. */
  during<T>(fn: () => T): T {
    this.complete();
    const [layers, weights] = [this.changed, changedIn(this.weights)];
    const flip = (): void => {
      for (const layer of layers) layer.markTrainable(!layer.trainable);
      for (const weight of weights) weight.trainable = !weight.trainable;
    };
    flip();
    try {
      return fn();
    } finally {
      flip();
      this.complete();
    }
  }

  private complete(): void {
    add(
      this.layers,
      this.model.flattenLayers().filter(({ built }) => built),
    );
    add(this.weights, this.model.weights);
  }
}

interface Owner {
  readonly trainable: boolean;
}

function add<T extends Owner>(marks: Map<T, boolean>, owners: readonly T[]): void {
  for (const owner of owners) if (!marks.has(owner)) marks.set(owner, owner.trainable);
}

const changedIn = <T extends Owner>(marks: ReadonlyMap<T, boolean>): T[] =>
  [...marks].flatMap(([owner, trainable]) => (owner.trainable === trainable ? [] : [owner]));

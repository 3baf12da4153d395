// Putting stored weights into variables: first everything is checked, then everything is assigned, so that a file that does
// not fit changes nothing.
import { onDevice } from '../device.js';
import type { DType, TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sameShape } from '../graph/ir.js';
import { fromBytes } from '../tensor.js';
import type { Variable } from '../variable.js';

/** A weight in a file. */
export interface StoredWeight {
  /** Null where Hornet has no such type. */
  readonly dtype: DType | null;
  readonly shape: readonly number[];
  /** Fetches the numbers and hands them to `use`; afterwards others may stand in their place. */
  read(use: (data: TypedArray) => void): Promise<void>;
}

/** One reading of weights into a model. */
export class Restoration {
  readonly #found: { variable: Variable; stored: StoredWeight }[] = [];

  constructor(
    readonly where: string,
    /** The file, for errors. */
    readonly path: string,
    /** Whether what does not fit is left out with a warning, instead of an error. */
    readonly skipMismatch: boolean,
  ) {}

  /** Tells of something that does not fit. Throws a `HornetError` unless such is left out. */
  refuse(message: string): void {
    if (!this.skipMismatch) throw new HornetError(this.where, message);
    this.warn(message);
  }

  /** Tells of something that is left out. */
  warn(message: string): void {
    process.emitWarning(`[${this.where}] ${message}; left as it is`);
  }

  /** Notes that a variable gets a stored weight, if it fits. */
  add(variable: Variable, stored: StoredWeight | null): void {
    const wanted = `weight '${variable.path}' has shape [${variable.shape.join(', ')}]`;
    if (!stored) this.refuse(`${wanted}, in ${this.path} it is missing`);
    else if (stored.dtype === null) this.refuse(`weight '${variable.path}' is no array of numbers in ${this.path}`);
    else if (!sameShape(stored.shape, variable.shape)) {
      this.refuse(`${wanted}, in ${this.path} it has shape [${stored.shape.join(', ')}]`);
    } else this.#found.push({ variable, stored });
  }

  /** Reads and assigns all that was noted. One weight is fetched while another is assigned. */
  async finish(): Promise<void> {
    const queue = this.#found.values();
    let failed = false;
    const work = async (): Promise<void> => {
      for (const { variable, stored } of queue) {
        await stored.read((data) => {
          if (!failed) onDevice(variable.device, () => variable.adopt(fromBytes(data, stored.shape, stored.dtype!)));
        });
        if (failed) return;
      }
    };
    const fail = (error: unknown): never => {
      failed = true;
      throw error;
    };
    const results = await Promise.allSettled([work().catch(fail), work().catch(fail)]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

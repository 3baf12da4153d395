// What every kind of case needs while it runs: decoded fields, tolerances, process-wide settings, expected errors.
import { imageDataFormat, setImageDataFormat, type DataFormat } from '../../../lib/config.js';
import { HornetError } from '../../../lib/errors.js';
import type { Case, Group } from '../folder.js';
import { Mismatch, missingName, NotImplemented } from '../outcome.js';
import type { Tolerance } from '../compare.js';
import type { Value } from '../values.js';

/** A case with access to its values. */
export class Context {
  constructor(
    readonly item: Case,
    private readonly group: Group,
  ) {}

  /** A field, decoded. */
  field<T = Value>(name: string): T {
    return this.decode(this.item[name]) as T;
  }

  /** Any JSON of the case, decoded. */
  decode(json: unknown): Value {
    return this.group.value(this.item, json);
  }

  /** Tolerance of results. */
  get tolerance(): Tolerance {
    return { tol: (this.item.tol as number | undefined) ?? 1e-5, structureOnly: this.item.random === true };
  }

  /** Tolerance of gradients. */
  get gradTol(): number {
    return (this.item.grad_tol as number | undefined) ?? 2e-5;
  }
}

/** Runs `fn` under the process-wide settings of a case. */
export async function withGlobals(item: Case, fn: () => Promise<void>): Promise<void> {
  const { image_data_format: format, ...others } = (item.globals ?? {}) as { image_data_format?: DataFormat };
  const [unsupported] = Object.keys(others);
  if (unsupported) throw new NotImplemented(`the setting ${unsupported}`);
  const before = imageDataFormat();
  if (format) setImageDataFormat(format);
  try {
    await fn();
  } finally {
    setImageDataFormat(before);
  }
}

/** Throws unless `fn` throws an error of the library that is about the case. */
export async function expectError(fn: () => unknown): Promise<void> {
  let result: unknown;
  try {
    result = await fn();
  } catch (error) {
    if (!(error instanceof HornetError)) throw error;
    const missing = missingName(error);
    if (missing) throw new NotImplemented(missing);
    return;
  }
  throw new Mismatch(`expected an error, received ${result === undefined ? 'none' : typeof result}`);
}

// The one error type of Hornet, and a check that many need. Native errors are turned into it as well.

/**
 * An error in the user's words. The message begins with the place it belongs to:
 * `[conv2d] expected kernelSize to be a positive integer, received -1`.
 */
export class HornetError extends Error {
  /** The op, layer or function that the error belongs to. */
  readonly where: string;

  constructor(where: string, message: string, options?: ErrorOptions) {
    super(`[${where}] ${message}`, options);
    this.name = 'HornetError';
    this.where = where;
  }

  /** Wraps an error of the native engine, whose message already names its op. */
  static fromNative(error: unknown): HornetError {
    if (error instanceof HornetError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const match = /^\[([^\]]+)\] ([\s\S]*)$/.exec(message);
    return new HornetError(match?.[1] ?? 'engine', match?.[2] ?? message, { cause: error });
  }
}

/** The value, which must be one of those known. Throws a `HornetError` in the name of `where` for others. */
export function oneOf<V extends string>(where: string, name: string, value: V, known: readonly V[]): V {
  if (known.includes(value)) return value;
  throw new HornetError(where, `expected ${name} to be one of ${known.join(', ')}, received '${String(value)}'`);
}

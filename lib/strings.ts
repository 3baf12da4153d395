// Strings in rows, as layers for text and categories take them. They stay on the host: only the integers that layers make
// of them go to a device.
import { HornetError } from './errors.js';
import { sizeOf } from './graph/ir.js';

/** Nested JavaScript arrays of strings, all rows equally long. */
export type NestedStrings = readonly (string | NestedStrings)[];

/** Strings as users hold them. */
export type StringData = StringArray | NestedStrings | string;

/** An array of strings of any number of dimensions. Immutable. */
export class StringArray {
  /**
   * @param values - All strings, the last axis fastest.
   * @param shape - Default: one dimension.
   * @throws HornetError when the shape does not hold them.
   */
  constructor(
    readonly values: readonly string[],
    readonly shape: readonly number[] = [values.length],
  ) {
    if (sizeOf(shape) !== values.length) {
      throw new HornetError('strings', `shape [${shape.join(', ')}] does not hold ${values.length} strings`);
    }
  }

  /** Reads nested arrays. Throws a `HornetError` on rows of different lengths and on anything but strings. */
  static from(data: StringData): StringArray {
    if (data instanceof StringArray) return data;
    if (typeof data === 'string') return new StringArray([data], []);
    const shape: number[] = [];
    for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length);
    const values: string[] = [];
    const visit = (item: unknown, depth: number): void => {
      if (Array.isArray(item)) {
        if (item.length !== shape[depth]) {
          throw new HornetError(
            'strings',
            `expected rows of equal length, received ${shape[depth]} and ${item.length}`,
          );
        }
        for (const child of item) visit(child, depth + 1);
      } else if (typeof item !== 'string' || depth !== shape.length) {
        throw new HornetError('strings', `expected strings in equally long rows, received ${String(item)}`);
      } else values.push(item);
    };
    visit(data, 0);
    return new StringArray(values, shape);
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** The same strings in another shape. Throws a `HornetError` when it holds another number of them. */
  reshape(shape: readonly number[]): StringArray {
    return new StringArray(this.values, shape);
  }

  /** Nested arrays; a scalar gives its string. */
  array(): NestedStrings | string {
    const nest = (axis: number, offset: number, stride: number): NestedStrings | string => {
      if (axis === this.rank) return this.values[offset];
      const inner = stride / Math.max(this.shape[axis], 1);
      return Array.from({ length: this.shape[axis] }, (_, i) => nest(axis + 1, offset + i * inner, inner));
    };
    return nest(0, 0, this.values.length);
  }
}

/** Whether data holds strings rather than numbers: the first element tells. */
export function isStrings(data: unknown): data is StringData {
  let first = data;
  while (Array.isArray(first)) first = first[0];
  return typeof first === 'string' || first instanceof StringArray;
}

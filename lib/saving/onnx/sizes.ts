// Sizes that are known only when the graph of the file runs: where each of them can be read, and how others follow from those.
import { HornetError } from '../../errors.js';
import type { Held, Scope } from './scope.js';
import { isKnown, whoIs, type Size } from './traces.js';

interface Place {
  readonly tensor: string;
  readonly axis: number;
}

const text = (size: Size): string => size.join();

export class SizeSource {
  private readonly places = new Map<string, { readonly size: Size; readonly place: Place }>();

  constructor(
    private readonly scope: Scope,
    private readonly outer: SizeSource | null,
  ) {}

  /** Remembers where the unknown sizes of a tensor can be read. */
  learn(sizes: readonly Size[], { name, perm }: Held): void {
    sizes.forEach((size, axis) => {
      if (isKnown(size) || this.placeOf(size)) return;
      this.places.set(text(size), { size, place: { tensor: name, axis: perm ? perm.indexOf(axis) : axis } });
    });
  }

  /** A tensor of one int64: the size. */
  vector(size: Size): string {
    if (isKnown(size)) return this.scope.int64([size[0]]);
    return this.scope.once(`size|${text(size)}`, () => this.read(size) ?? this.derive(size));
  }

  /** The same as a scalar. */
  scalar(size: Size): string {
    if (isKnown(size)) return this.scope.int64([size[0]], []);
    return this.scope.once(`scalar size|${text(size)}`, () => this.scope.emit('Squeeze', [this.vector(size)])[0]);
  }

  private placeOf(size: Size): Place | null {
    return this.places.get(text(size))?.place ?? this.outer?.placeOf(size) ?? null;
  }

  private all(): { readonly size: Size; readonly place: Place }[] {
    return [...(this.outer?.all() ?? []), ...this.places.values()];
  }

  private read(size: Size): string | null {
    const place = this.placeOf(size);
    return place && this.scope.emit('Shape', [place.tensor], { start: place.axis, end: place.axis + 1 })[0];
  }

  /** What follows from known sizes: a multiple and a sum, a quotient, a product of two, a sum of two. */
  private derive(size: Size): string {
    const known = this.all().map((each) => each.size);
    const number = (value: number): string => this.scope.int64([value]);
    const op = (name: string, a: string, b: string): string => this.scope.emit(name, [a, b])[0];
    for (const other of known) {
      const factor = (size[1] - size[0]) / (other[1] - other[0]);
      const rest = size[0] - factor * other[0];
      if (!Number.isInteger(factor) || !size.every((each, i) => each === factor * other[i] + rest)) continue;
      const scaled = factor === 1 ? this.vector(other) : op('Mul', this.vector(other), number(factor));
      return rest === 0 ? scaled : op('Add', scaled, number(rest));
    }
    for (const other of known) {
      const divisor = other[0] / size[0];
      if (!Number.isInteger(divisor) || !size.every((each, i) => each * divisor === other[i])) continue;
      return op('Div', this.vector(other), number(divisor));
    }
    for (const a of known) {
      for (const b of known) {
        const factor = size[0] / (a[0] * b[0]);
        if (Number.isInteger(factor) && size.every((each, i) => each === factor * a[i] * b[i])) {
          const product = op('Mul', this.vector(a), this.vector(b));
          return factor === 1 ? product : op('Mul', product, number(factor));
        }
        const rest = size[0] - a[0] - b[0];
        if (!size.every((each, i) => each === a[i] + b[i] + rest)) continue;
        const sum = op('Add', this.vector(a), this.vector(b));
        return rest === 0 ? sum : op('Add', sum, number(rest));
      }
    }
    throw new HornetError(
      'export',
      `a size in ${whoIs(this.scope.label)} does not follow from the unknown sizes of the inputs; give all sizes but the batch in inputSignature`,
    );
  }
}

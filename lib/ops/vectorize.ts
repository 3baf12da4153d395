// NumPy's vectorize: a function of scalars, or of small tensors, as one of whole tensors.
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { describe, type Tensor } from '../tensor.js';
import { broadcastShapes, broadcastTensor } from './broadcast.js';
import { map } from './control-flow.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { reshapeTo } from './reshape-core.js';

/** What a function is given. */
export interface VectorizeArgs {
  /** Positions of arguments that are passed on as they are. */
  readonly excluded?: Iterable<number> | null;
  /** Axes that the function sees of each argument and gives for each result: `(m,n),(n)->(m)`. Default: none, scalars. */
  readonly signature?: string | null;
}

const side = String.raw`\((?:\w+(?:,\w+)*)?\)(?:,\((?:\w+(?:,\w+)*)?\))*`;

/** The names of the axes of each argument and of each result. */
function parseSignature(signature: string): [string[][], string[][]] {
  const text = signature.replace(/\s/g, '');
  if (!new RegExp(`^${side}->${side}$`).test(text)) {
    throw new HornetError('vectorize', `expected a signature such as '(m,n),(n)->(m)', received '${signature}'`);
  }
  const axesOf = (part: string): string[][] => (part.match(/\([^)]*\)/g) ?? []).map((each) => each.match(/\w+/g) ?? []);
  const [inputs, outputs] = text.split('->').map(axesOf);
  return [inputs, outputs];
}

/** The last axes of a shape, which names stand for; a name has one size everywhere. */
function coreOf(shape: readonly number[], names: readonly string[], sizes: Map<string, number>): readonly number[] {
  const core = shape.slice(shape.length - names.length);
  names.forEach((name, i) => {
    if (shape.length < names.length || (sizes.get(name) ?? core[i]) !== core[i]) {
      const wanted = names.map((each) => `${each}${sizes.has(each) ? ` = ${sizes.get(each)}` : ''}`).join(', ');
      throw new HornetError('vectorize', `expected axes (${wanted}), received shape [${shape.join(', ')}]`);
    }
    sizes.set(name, core[i]);
  });
  return core;
}

/**
 * A function that applies `pyfunc` to all elements of its arguments, which broadcast. One follows the other.
 *
 * @example
 * const multiply = ops.vectorize((a: Tensor, x: Tensor) => ops.matmul(a, x), { signature: '(m,n),(n)->(m)' });
 */
export function vectorize<R extends Tensor | readonly Tensor[]>(
  pyfunc: (...args: never[]) => R,
  options: VectorizeArgs = {},
): (...args: readonly TensorLike[]) => R {
  if (typeof pyfunc !== 'function') {
    throw new HornetError('vectorize', `expected a function, received ${describe(pyfunc)}`);
  }
  const excluded = new Set(options.excluded ?? []);
  const parsed = typeof options.signature === 'string' ? parseSignature(options.signature) : null;
  return (...args) => {
    const places = args.map((_, i) => i).filter((i) => !excluded.has(i));
    const tensors = places.map((i) => convertToTensor(args[i]));
    const names = parsed?.[0] ?? tensors.map(() => []);
    if (names.length !== tensors.length) {
      throw new HornetError('vectorize', `expected ${names.length} arguments, received ${tensors.length}`);
    }
    const sizes = new Map<string, number>();
    const cores = tensors.map((x, i) => coreOf(x.shape, names[i], sizes));
    const batch = broadcastShapes('vectorize', ...tensors.map((x, i) => x.shape.slice(0, x.rank - cores[i].length)));
    const rows = tensors.map((x, i) =>
      reshapeTo(broadcastTensor(x, [...batch, ...cores[i]]), [sizeOf(batch), ...cores[i]]),
    );
    let isList = false;
    const results = map((slices: readonly Tensor[]): Tensor[] => {
      const given: readonly unknown[] = args.map((arg, i) => (excluded.has(i) ? arg : slices[places.indexOf(i)]));
      const result = pyfunc(...(given as never[]));
      isList = Array.isArray(result);
      const list = (isList ? result : [result]) as Tensor[];
      if (parsed && list.length !== parsed[1].length) {
        throw new HornetError('vectorize', `expected ${parsed[1].length} results, received ${list.length}`);
      }
      list.forEach((y, i) => {
        const own = parsed?.[1][i] ?? [];
        if (y.rank === own.length) return void coreOf(y.shape, own, new Map(sizes));
        throw new HornetError('vectorize', `expected a result of rank ${own.length}, received rank ${y.rank}`);
      });
      return list;
    }, rows);
    const shaped = results.map((y) => reshapeTo(y, [...batch, ...y.shape.slice(1)]));
    return (isList ? shaped : shaped[0]) as R;
  };
}

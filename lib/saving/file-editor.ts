// keras.saving.KerasFileEditor: looking into a `.weights.h5` file and changing what is in it, without a model.
import type { DType, TypedArray } from '../dtype.js';
import { HornetError } from '../errors.js';
import { sameShape } from '../graph/ir.js';
import type { Layer } from '../layers/layer.js';
import { printLine } from '../messages.js';
import { convertToTensor, type TensorLike } from '../ops/convert.js';
import type { DeviceTensor } from '../tensor.js';
import { replaceFile } from './atomic.js';
import { Hdf5Reader } from './hdf5-reader.js';
import { Hdf5Writer } from './hdf5-writer.js';
import { keyOf, partsOf } from './parts.js';
import { varsOf } from './weights-h5.js';

/** A weight in memory. */
interface Held {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A layer or optimizer in a file: its name, where the file has one, and its weights by their names. */
interface HeldObject {
  readonly name: string | null;
  readonly weights: Map<string, Held>;
}

/** What `compare` finds. */
export interface Comparison {
  readonly status: 'success' | 'error';
  readonly errorCount: number;
  readonly matchCount: number;
  /** What does not match, in words. */
  readonly errors: readonly string[];
}

const where = 'kerasFileEditor';

/** Groups of models are not nested deeper than this. */
const DEEPEST = 100;

/**
 * Inspects and edits a `.weights.h5` file, for example one whose model has got other layers since.
 *
 * Objects are named by their paths (`layers/dense_2`), or by the last part of it where only one is called so.
 *
 * @example
 * const editor = await KerasFileEditor.open('model.weights.h5');
 * editor.deleteObject('layers/dense_2');
 * await editor.addObject('layers/einsum_dense', { 0: kernel, 1: bias });
 * await editor.save('edited.weights.h5');
 */
export class KerasFileEditor {
  private constructor(
    readonly path: string,
    private readonly objects: Map<string, HeldObject>,
  ) {}

  /** Reads a file, with all its weights. Throws a `HornetError` when it is missing or damaged. */
  static async open(path: string): Promise<KerasFileEditor> {
    checkPath(path);
    const objects = new Map<string, HeldObject>();
    await Hdf5Reader.read(path, where, (file) => collect(file, '', objects));
    return new KerasFileEditor(path, objects);
  }

  /** The shapes of all weights, by object and name. */
  get weights(): Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> {
    return Object.fromEntries(
      [...this.objects].map(([path, { weights }]) => [
        path,
        Object.fromEntries([...weights].map(([name, { shape }]) => [name, shape])),
      ]),
    );
  }

  /** Prints what is in the file, line by line. */
  summary({ printFn = printLine }: { readonly printFn?: (line: string) => void } = {}): void {
    printFn(`Weights of '${this.path}':`);
    for (const [path, { name, weights }] of this.objects) {
      if (weights.size > 0) printFn(`  ${path || '(model)'}${name ? ` '${name}'` : ''}`);
      for (const [key, { dtype, shape }] of weights) printFn(`    ${key}: ${dtype} [${shape.join(', ')}]`);
    }
  }

  /** Compares with the weights that a model has; prints what does not match. */
  compare(model: Layer, { printFn = printLine }: { readonly printFn?: (line: string) => void } = {}): Comparison {
    const errors: string[] = [];
    let matchCount = 0;
    const wanted = new Set<string>();
    for (const { path, weights } of partsOf(model, { withOptimizer: false })) {
      wanted.add(path);
      const held = this.objects.get(path)?.weights ?? new Map<string, Held>();
      weights.forEach((weight, i) => {
        const { shape } = weight.variable;
        const key = keyOf(weight, i);
        const found = held.get(key);
        const place = `'${key}' of '${path}'`;
        if (!found) errors.push(`${place} has shape [${shape.join(', ')}] in the model and is not in the file`);
        else if (sameShape(found.shape, shape)) matchCount++;
        else
          errors.push(`${place} has shape [${shape.join(', ')}] in the model, [${found.shape.join(', ')}] in the file`);
      });
      const names = new Set(weights.map(keyOf));
      for (const key of held.keys()) if (!names.has(key)) errors.push(`'${key}' of '${path}' is not in the model`);
    }
    for (const [path, { weights }] of this.objects) {
      const isOptimizer = path === 'optimizer' || path.startsWith('optimizer/');
      if (weights.size > 0 && !wanted.has(path) && !isOptimizer) errors.push(`'${path}' is not in the model`);
    }
    for (const error of errors) printFn(error);
    return { status: errors.length > 0 ? 'error' : 'success', errorCount: errors.length, matchCount, errors };
  }

  /** Gives an object another name within its place, with everything below it. */
  renameObject(object: string, newName: string): void {
    const path = this.find(object);
    const target = newName.includes('/') ? newName : path.replace(/[^/]*$/, newName);
    if (this.objects.has(target)) throw new HornetError(where, `'${target}' is there already`);
    const renamed = [...this.objects].map(([each, held]): [string, HeldObject] =>
      isWithin(each, path) ? [target + each.slice(path.length), held] : [each, held],
    );
    this.objects.clear();
    for (const [each, held] of renamed) this.objects.set(each, held);
  }

  /** Removes an object with everything below it. */
  deleteObject(object: string): void {
    const path = this.find(object);
    for (const each of [...this.objects.keys()]) if (isWithin(each, path)) this.objects.delete(each);
  }

  /** Adds an object under its whole path. */
  async addObject(path: string, weights: Readonly<Record<string, TensorLike>>): Promise<void> {
    if (this.objects.has(path)) throw new HornetError(where, `'${path}' is there already`);
    this.objects.set(path, { name: null, weights: await hold(weights) });
  }

  /** Removes one weight of an object. */
  deleteWeight(object: string, weightName: string): void {
    const path = this.find(object);
    if (!this.objects.get(path)!.weights.delete(weightName)) {
      throw new HornetError(where, `'${path}' has no weight '${weightName}'`);
    }
  }

  /** Adds weights to an object, or replaces them. */
  async addWeights(object: string, weights: Readonly<Record<string, TensorLike>>): Promise<void> {
    const { weights: held } = this.objects.get(this.find(object))!;
    for (const [name, weight] of await hold(weights)) held.set(name, weight);
  }

  /** Writes what there is now. The file is replaced as a whole. */
  async save(path: string): Promise<void> {
    checkPath(path);
    await replaceFile(path, where, (beside) =>
      Hdf5Writer.write(beside, async (writer) => {
        for (const [object, { name, weights }] of this.objects) {
          writer.group(varsOf(object), name === null ? {} : { name });
          for (const [key, { dtype, shape, data }] of weights) {
            await writer.dataset(`${varsOf(object)}/${key}`, dtype, shape, data);
          }
        }
      }),
    );
  }

  /** The same as `save`, by its older name. */
  resaveWeights(path: string): Promise<void> {
    return this.save(path);
  }

  private find(object: string): string {
    if (this.objects.has(object)) return object;
    const found = [...this.objects.keys()].filter((path) => path.endsWith(`/${object}`));
    if (found.length === 1) return found[0];
    const what = found.length === 0 ? 'there is none' : `there are ${found.join(', ')}`;
    throw new HornetError(where, `expected the path of one object in ${this.path}, received '${object}': ${what}`);
  }
}

function checkPath(path: string): void {
  if (path.endsWith('.weights.h5')) return;
  throw new HornetError(where, `expected a path that ends in .weights.h5, received '${path}'`);
}

const isWithin = (path: string, object: string): boolean => path === object || path.startsWith(`${object}/`);

async function hold(weights: Readonly<Record<string, TensorLike>>): Promise<Map<string, Held>> {
  const held = new Map<string, Held>();
  for (const [name, value] of Object.entries(weights)) {
    const tensor = convertToTensor(value) as DeviceTensor;
    held.set(name, { dtype: tensor.dtype, shape: tensor.shape, data: await tensor.data() });
  }
  return held;
}

/** Reads a group, and those below it. */
async function collect(file: Hdf5Reader, path: string, objects: Map<string, HeldObject>): Promise<void> {
  // Groups may hold themselves.
  if (path.split('/').length > DEEPEST) throw new HornetError(where, `${file.path} is nested too deep`);
  for (const child of (await file.names(path)) ?? []) {
    if (child !== 'vars') {
      await collect(file, path ? `${path}/${child}` : child, objects);
      continue;
    }
    const group = varsOf(path);
    const [{ name }] = await file.texts([group]);
    const keys = (await file.names(group)) ?? [];
    const stored = await file.weights(keys.map((key) => `${group}/${key}`));
    const weights = new Map<string, Held>();
    for (const [i, weight] of stored.entries()) {
      if (!weight?.dtype) continue;
      const { dtype, shape } = weight;
      // The memory that is read into is used again.
      await weight.read((data) => weights.set(keys[i], { dtype, shape, data: data.slice() }));
    }
    objects.set(path, { name: typeof name === 'string' ? name : null, weights });
  }
}

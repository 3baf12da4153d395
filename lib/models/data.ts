// What users train on, brought into one form: data sets in device memory, or iterables of batches.
import { currentDevice } from '../device.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import { describe, DeviceTensor, readArray, tensor, Tensor, type NestedArray } from '../tensor.js';
import type { DType, TypedArray } from '../dtype.js';
import { isStrings, type NestedStrings, type StringArray } from '../strings.js';
import { flatten, isBranch, type Tree } from '../tree.js';

/** Data as users hold it: a tensor, nested arrays, or a typed array (rows one after the other); strings where a model takes such. */
export type ArrayData = Tensor | NestedArray | TypedArray | StringArray | NestedStrings;

/** One array, or several in the structure of the model's inputs or outputs: as a list, by name, or nested. */
export type DataTree = Tree<ArrayData>;

/** A batch from an iterable: `{ x, y, sampleWeight }`, or a list `[x]`, `[x, y]`, `[x, y, sampleWeight]`. */
export type Batch =
  | { readonly x: DataTree; readonly y?: DataTree; readonly sampleWeight?: DataTree }
  | readonly [DataTree]
  | readonly [DataTree, DataTree]
  | readonly [DataTree, DataTree, DataTree];

/** Batches one after the other, e.g. a generator or anything that can be iterated again for each epoch. */
export type BatchIterable = Iterable<Batch> | AsyncIterable<Batch>;

/** What a step sees: trees of tensors; null where nothing was given. */
export interface StepData<T extends Tensor = Tensor> {
  readonly x: Tree<T>;
  readonly y: Tree<T> | null;
  readonly sampleWeight: Tree<T> | null;
}

/** Samples `start` (inclusive) to `end` of arrays in device memory. */
export interface ArrayDataset {
  readonly data: StepData<DeviceTensor>;
  readonly start: number;
  readonly end: number;
}

/** What a model expects. */
export interface SampleShapes {
  /** Shapes of single samples that flat typed arrays are cut into, in the order of the inputs; null where unknown. */
  readonly x: readonly (readonly (number | null)[])[] | null;
  /** Names of the inputs, in the same order; empty where they have none. */
  readonly names: readonly string[];
  /** The structure of the inputs; null where unknown. */
  readonly inputs: Tree<unknown>;
  readonly outputs: Tree<unknown>;
}

export const isIterable = (x: unknown): x is BatchIterable =>
  x !== null &&
  typeof x === 'object' &&
  !Array.isArray(x) &&
  !ArrayBuffer.isView(x) &&
  (Symbol.iterator in x || Symbol.asyncIterator in x);

/** Uploads arrays; checks that all have the same number of samples. */
export function arrayDataset(
  where: string,
  x: DataTree,
  y: DataTree | null | undefined,
  sampleWeight: DataTree | null | undefined,
  shapes: SampleShapes,
): ArrayDataset {
  const named = !isBranch(x) || Array.isArray(x) || isRecord(shapes.inputs) ? null : (x as Record<string, DataTree>);
  // A record for a list of inputs goes by their names; `flatten` takes it in the order of its keys.
  const keys = named && Object.keys(named).sort();
  const sampleShapes = keys?.every((key) => shapes.names.includes(key))
    ? keys.map((key) => shapes.x?.[shapes.names.indexOf(key)] ?? null)
    : shapes.x;
  const xTree = upload(where, 'x', x, shapes.inputs, sampleShapes);
  const count = flatten(xTree)[0]?.shape[0];
  if (!count) throw new HornetError(where, 'expected x to hold at least one sample, received empty data');
  const perSample = [[]];
  const yTree = y === null || y === undefined ? null : upload(where, 'y', y, shapes.outputs, null, count);
  const weights = sampleWeight ?? null;
  const weightTree = weights === null ? null : upload(where, 'sampleWeight', weights, shapes.outputs, perSample, count);
  for (const [name, tree] of Object.entries({ x: xTree, y: yTree, sampleWeight: weightTree })) {
    for (const leaf of tree === null ? [] : flatten(tree)) {
      if (leaf.shape[0] === count) continue;
      const message = `expected all data to have the same number of samples, received ${count} in x and ${leaf.shape[0] ?? 0} in ${name}`;
      throw new HornetError(where, message);
    }
  }
  return { data: { x: xTree, y: yTree, sampleWeight: weightTree }, start: 0, end: count };
}

/** Splits off the last `share` of the samples: `[training, validation]`. */
export function splitDataset(dataset: ArrayDataset, share: number): [ArrayDataset, ArrayDataset] {
  const count = dataset.end - dataset.start;
  const at = dataset.start + Math.floor(count * (1 - share));
  if (!(share > 0 && share < 1) || at === dataset.start || at === dataset.end) {
    throw new HornetError(
      'fit',
      `expected validationSplit to leave samples on both sides, received ${share} of ${count} samples`,
    );
  }
  return [
    { ...dataset, end: at },
    { ...dataset, start: at },
  ];
}

/** Uploads one batch of an iterable. */
export function batchData(where: string, batch: Batch, shapes: SampleShapes): StepData<DeviceTensor> {
  if (Array.isArray(batch)) {
    const [x, y, sampleWeight] = batch as readonly DataTree[];
    return arrayDataset(where, x, y, sampleWeight, shapes).data;
  }
  if (batch !== null && typeof batch === 'object' && 'x' in batch) {
    const { x, y, sampleWeight } = batch as { x: DataTree; y?: DataTree; sampleWeight?: DataTree };
    return arrayDataset(where, x, y, sampleWeight, shapes).data;
  }
  throw new HornetError(where, `expected batches of the form { x, y } or [x, y], received ${describe(batch)}`);
}

/** @param form - The structure that the model has here. */
function upload(
  where: string,
  name: string,
  data: DataTree,
  form: Tree<unknown>,
  shapes: readonly (readonly (number | null)[] | null)[] | null,
  samples?: number,
): Tree<DeviceTensor> {
  let next = 0;
  const visit = (item: DataTree, part: Tree<unknown>): Tree<DeviceTensor> => {
    if (isLeaf(item, part)) return uploadLeaf(where, name, item as ArrayData, shapes?.[next++] ?? null, samples);
    if (Array.isArray(item)) {
      return item.map((child: DataTree, i) => visit(child, Array.isArray(part) ? (part[i] as Tree<unknown>) : null));
    }
    const record = item as Readonly<Record<string, DataTree>>;
    const children = Object.keys(record)
      .sort()
      .map((key) => [key, visit(record[key], isRecord(part) ? part[key] : null)]);
    return Object.fromEntries(children) as Tree<DeviceTensor>;
  };
  return visit(data, form);
}

const isRecord = (item: unknown): item is Record<string, unknown> => isBranch(item) && !Array.isArray(item);

/** A list is several arrays only where the model wants several, or where its items can only be whole arrays. */
function isLeaf(data: DataTree, form: Tree<unknown>): boolean {
  if (!Array.isArray(data)) return !isRecord(data);
  const items = data as readonly unknown[];
  if (items.some((item) => item instanceof Tensor || isRecord(item))) return false;
  const count = isBranch(form) ? Object.keys(form).length : 1;
  if (items.length !== count) return true;
  return count === 1 ? !ArrayBuffer.isView(items[0]) : typeof items[0] === 'number';
}

/** Uploads one array; flat ones are cut into samples of a shape, where it is known. */
export function uploadLeaf(
  where: string,
  name: string,
  item: ArrayData,
  sampleShape: readonly (number | null)[] | null,
  samples?: number,
): DeviceTensor {
  if (item instanceof DeviceTensor) {
    const { name: home } = currentDevice();
    if (item.device.name === home) return item;
    const message = `expected ${name} on ${home}, where the model is, received a tensor on ${item.device.name}; move it with to('${home}')`;
    throw new HornetError(where, message);
  }
  if (item instanceof Tensor)
    throw new HornetError(where, `expected ${name} to hold numbers, received ${describe(item)}`);
  if (isStrings(item)) {
    throw new HornetError(where, `expected ${name} to hold numbers, received strings; the model has no input for them`);
  }
  if (!ArrayBuffer.isView(item) && !Array.isArray(item)) {
    throw new HornetError(where, `expected ${name} to be an array or tensor, received ${describe(item)}`);
  }
  const host = readArray(item as NestedArray | TypedArray);
  if (name === 'y') checkNumbers(where, host.values);
  const dtype: DType | undefined = host.dtype === 'float64' ? 'float32' : undefined;
  let { shape } = host;
  if (ArrayBuffer.isView(item)) {
    const row = sampleShape && sampleShape.every((dim) => dim !== null) ? sizeOf(sampleShape) : null;
    if (row !== null && sampleShape!.length > 0 && item.length % row === 0) {
      shape = [item.length / row, ...(sampleShape as number[])];
    } else if (samples !== undefined && item.length !== samples && item.length % samples === 0) {
      shape = [samples, item.length / samples];
    }
  }
  return tensor(item as NestedArray | TypedArray, shape, dtype);
}

/** Labels that are no numbers would turn every weight into NaN. */
function checkNumbers(where: string, labels: ArrayLike<unknown>): void {
  for (let i = 0; i < labels.length; i++) {
    if (Number.isNaN(labels[i]))
      throw new HornetError(where, `expected y to hold numbers, received NaN at position ${i}`);
  }
}

// Elements in other arrangements: patterns of named axes, blocks of space as channels, overlapping sequences.
import { checkDataFormat, type DataFormat } from '../config.js';
import { HornetError } from '../errors.js';
import { sizeOf } from '../graph/ir.js';
import type { Tensor } from '../tensor.js';
import { convertToTensor, type TensorLike } from './convert.js';
import { vector } from './fill.js';
import { gatherAlong } from './gather.js';
import { transposeTo } from './movement.js';
import { publicOp } from './public-op.js';
import { reshapeTo } from './reshape-core.js';

/** One side of a pattern: for each axis, the names that it is made of. */
function parseSide(text: string): string[][] {
  const tokens = text.match(/\([^()]*\)|[^\s()]+/g) ?? [];
  if (tokens.join('').replace(/\s/g, '') !== text.replace(/\s/g, '')) {
    throw new HornetError('rearrange', `expected axis names and groups in parentheses, received '${text.trim()}'`);
  }
  return tokens.map((token) =>
    token
      .replace(/[()]/g, ' ')
      .trim()
      .split(/\s+/)
      .filter((name) => name && name !== '1'),
  );
}

/** The size of each name on the left, from the shape and the lengths given. */
function sizesOf(left: readonly string[][], shape: readonly number[], given: Readonly<Record<string, number>>) {
  const sizes = new Map<string, number>(Object.entries(given));
  left.forEach((names, axis) => {
    const unknown = names.filter((name) => !sizes.has(name));
    const known = sizeOf(names.map((name) => sizes.get(name) ?? 1));
    if (unknown.length === 1) sizes.set(unknown[0], shape[axis] / known);
    const total = sizeOf(names.map((name) => sizes.get(name) ?? NaN));
    if (total !== shape[axis] || names.some((name) => !Number.isInteger(sizes.get(name)))) {
      throw new HornetError('rearrange', `cannot split axis ${axis} of size ${shape[axis]} into (${names.join(' ')})`);
    }
  });
  return sizes;
}

/** Axes split, reordered and joined as a pattern says: `rearrange(x, 'b h w c -> b (h w) c')`. */
export const rearrange = publicOp(
  'rearrange',
  (tensor: TensorLike, pattern: string, axesLengths: Readonly<Record<string, number>> = {}): Tensor => {
    const value = convertToTensor(tensor);
    const sides = pattern.split('->');
    if (sides.length !== 2)
      throw new HornetError('rearrange', `expected one '->' in the pattern, received '${pattern}'`);
    const [left, right] = sides.map(parseSide);
    if (left.length !== value.rank) {
      throw new HornetError('rearrange', `the pattern '${pattern}' has ${left.length} axes, the tensor ${value.rank}`);
    }
    const [from, to] = [left.flat(), right.flat()];
    if (from.length !== to.length || new Set(from).size !== from.length || to.some((name) => !from.includes(name))) {
      throw new HornetError('rearrange', `expected the same names on both sides, received '${pattern}'`);
    }
    const sizes = sizesOf(left, value.shape, axesLengths);
    const split = reshapeTo(
      value,
      from.map((name) => sizes.get(name)!),
    );
    const moved = transposeTo(
      split,
      to.map((name) => from.indexOf(name)),
    );
    return reshapeTo(
      moved,
      right.map((names) => sizeOf(names.map((name) => sizes.get(name)!))),
    );
  },
);

interface BlockArgs {
  readonly dataFormat?: DataFormat | null;
}

const blockOp = (name: string, last: string, first: string) =>
  publicOp(name, (x: TensorLike, blockSize: number, options: BlockArgs = {}): Tensor => {
    const value = convertToTensor(x);
    if (value.rank !== 4) throw new HornetError(name, `expected a tensor of rank 4, received rank ${value.rank}`);
    if (!(Number.isInteger(blockSize) && blockSize > 1)) {
      throw new HornetError(name, `expected blockSize to be an integer of at least 2, received ${blockSize}`);
    }
    const isLast = checkDataFormat(options.dataFormat ?? 'channels_last', name) === 'channels_last';
    return rearrange(value, isLast ? last : first, { p: blockSize, q: blockSize });
  });

/** Channels laid out as blocks of space: `[B, H, W, C]` becomes `[B, H·b, W·b, C/b²]`. */
export const depthToSpace = blockOp(
  'depthToSpace',
  'b h w (p q c) -> b (h p) (w q) c',
  'b (c p q) h w -> b c (h p) (w q)',
);

/** Blocks of space as channels: `[B, H, W, C]` becomes `[B, H/b, W/b, C·b²]`. */
export const spaceToDepth = blockOp(
  'spaceToDepth',
  'b (h p) (w q) c -> b h w (p q c)',
  'b c (h p) (w q) -> b (c p q) h w',
);

/** Where sequences that overlap have their elements: [count, size] of indices. */
export function sequencePlaces(count: number, size: number, stride: number): Tensor {
  const indices = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * stride + (i % size));
  return reshapeTo(vector(indices, 'int32'), [count, size]);
}

/** Overlapping parts of the last axis: `[..., n]` becomes `[..., count, sequenceLength]`. */
export const extractSequences = publicOp(
  'extractSequences',
  (x: TensorLike, sequenceLength: number, sequenceStride: number): Tensor => {
    const value = convertToTensor(x);
    const count = Math.max(0, Math.floor(1 + (value.shape[value.rank - 1] - sequenceLength) / sequenceStride));
    return gatherAlong(value, sequencePlaces(count, sequenceLength, sequenceStride), value.rank - 1);
  },
);

// Hashes as Keras's preprocessing layers use them: of strings on the host, of integers (their decimal digits) in programs.
import { defineOp } from '../graph/op.js';
import { emit1 } from '../graph/trace.js';
import { HornetError } from '../errors.js';
import { loadAddon } from '../native.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes } from './broadcast.js';
import { castTo } from './convert.js';
import * as e from './elementwise.js';
import { scalar } from './fill.js';

/** The key of SipHash, two numbers; null for FarmHash64, which has none. */
export type Salt = readonly [number, number] | null;

const hashOp = defineOp<{ key: readonly number[] }>({
  name: 'hash',
  infer: ([x]) => [{ shape: x.shape, dtype: needInt64('hash', x.dtype) }],
  grad: null,
});

const combineOp = defineOp({
  name: 'hash_combine',
  elementwise: true,
  infer: ([a, b]) => [
    { shape: broadcastShapes('hash_combine', a.shape, b.shape), dtype: needInt64('hash_combine', a.dtype, b.dtype) },
  ],
  grad: null,
});

function needInt64(where: string, ...dtypes: readonly string[]): 'int64' {
  const wrong = dtypes.find((dtype) => dtype !== 'int64');
  if (wrong) throw new HornetError(where, `expected int64, received ${wrong}`);
  return 'int64';
}

/** The words of a key, as SipHash reads them. */
const wordsOf = (salt: NonNullable<Salt>): BigUint64Array => BigUint64Array.from(salt, (word) => BigInt(word));

/** Hashes (64 bits) of integers as decimal text. */
export function hashDecimals(x: Tensor, salt: Salt): Tensor {
  const key = salt ? Array.from(new Uint32Array(wordsOf(salt).buffer)) : [];
  return emit1(hashOp, [castTo(x, 'int64')], { key });
}

/** Hashes (64 bits) of strings as UTF-8. */
export function hashStrings(strings: readonly string[], salt: Salt): BigUint64Array {
  const ends = new Uint32Array(strings.length);
  let end = 0;
  strings.forEach((text, i) => (ends[i] = end += Buffer.byteLength(text)));
  const joined = Buffer.from(strings.join(''));
  // Halves of a surrogate pair at the ends of two strings would have become a character.
  const bytes = joined.length === end ? joined : Buffer.concat(strings.map((text) => Buffer.from(text)));
  return loadAddon().hashStrings(bytes, ends, salt ? wordsOf(salt) : undefined);
}

/** Where the hash of a cross of features begins. */
const CROSS_SEED = 0xdecafcaffe;

/** One hash for several features, each an integer or the hash of a string. */
export const crossHashes = (features: readonly Tensor[]): Tensor =>
  features.reduce<Tensor>(
    (hash, feature) => emit1(combineOp, [hash, castTo(feature, 'int64')], {}),
    scalar(CROSS_SEED, 'int64'),
  );

/** The bin of each hash: the remainder of its 64 bits, taken as a number without sign. */
export function binsOf(hashes: Tensor, bins: number): Tensor {
  const count = scalar(bins, 'int64');
  const signed = e.mod(hashes, count);
  const wrapped = Number(2n ** 64n % BigInt(bins));
  const zero = scalar(0, 'int64');
  return e.select(e.less(hashes, zero), e.mod(e.add(signed, scalar(wrapped, 'int64')), count), signed);
}

/** The same for hashes on the host. */
export const binOf = (hash: bigint, bins: number): number => Number(hash % BigInt(bins));

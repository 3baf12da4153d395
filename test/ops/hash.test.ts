// Hashes of strings on the host and of integers in programs, against TensorFlow's.
import { jit, tensor, type Tensor } from 'hornet';
import { binOf, binsOf, crossHashes, hashDecimals, hashStrings } from '../../lib/ops/hash.js';
import { textGolden } from '../golden-text.js';

const { strings, integers, cross } = textGolden().hashes;
const salt = [133, 137] as const;
/** The recorded hashes have this many values. */
const RANGE = 2n ** 62n;

const shortened = (hashes: Iterable<bigint>): string[] => Array.from(hashes, (hash) => String(hash % RANGE));
const unsigned = async (x: Tensor): Promise<BigUint64Array> => new BigUint64Array((await x.data()).buffer);

test('strings of any length have the hashes of TensorFlow', () => {
  expect(shortened(hashStrings(strings.values, null))).toEqual(strings.plain);
  expect(shortened(hashStrings(strings.values, salt))).toEqual(strings.salted);
  expect(hashStrings([], null)).toHaveLength(0);
});

test('half a surrogate pair is hashed as what takes its place in UTF-8', () => {
  expect(hashStrings(['a\ud83d', '\ude00b'], null)).toEqual(hashStrings(['a\ufffd', '\ufffdb'], null));
});

test('integers are hashed as their decimal digits', async () => {
  const x = tensor(BigInt64Array.from(integers.values, BigInt));
  expect(shortened(await unsigned(hashDecimals(x, null)))).toEqual(integers.plain);
  expect(shortened(await unsigned(hashDecimals(x, salt)))).toEqual(integers.salted);
  expect(await unsigned(hashDecimals(x, null))).toEqual(hashStrings(integers.values, null));
});

test('bins are remainders of hashes without sign', async () => {
  const values = Array.from({ length: 500 }, (_, i) => i * 977 - 1000);
  const bins = await jit((x: Tensor) => binsOf(hashDecimals(x, null), 97))(
    tensor(values, undefined, 'int32'),
  ).numbers();
  expect(bins).toEqual(Array.from(hashStrings(values.map(String), null), (hash) => binOf(hash, 97)));
});

test('crosses have the bins of TensorFlow', async () => {
  const words = tensor(new BigInt64Array(hashStrings(cross.words, null).buffer));
  const numbers = tensor(cross.numbers, undefined, 'int64');
  expect(await binsOf(crossHashes([words, numbers, words]), 1000003).numbers()).toEqual(cross.bins);
});

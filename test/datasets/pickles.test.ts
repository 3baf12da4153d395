// Pickles as data sets hold them, in forms that their files do not have, damaged, and made to do harm.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { HornetError } from 'hornet';
import { readImages, readSequences, type PickledImages, type Sequences } from '../../lib/datasets/hosted/pickles.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/datasets/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-pickles-'));
});
afterAll(() => rm(folder, { recursive: true }));

const images = async (pickle: Uint8Array, size = 3): Promise<PickledImages> => {
  const path = join(folder, 'batch');
  await writeFile(path, pickle);
  return readImages('test', path, size, 'labels');
};

const sequences = (npy: Uint8Array): Promise<Sequences> => readSequences('test', 'texts', npy);

const header = (shape: number, descr = '|O'): string => {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape},), }`.padEnd(117) + '\n';
  return `\x93NUMPY\x01\x00${String.fromCharCode(text.length)}\x00${text}`;
};

/** Bytes by their latin1 characters. */
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
/** An array, as Python 2 pickled it, without the memo. */
const array = (shape: string, type: string, data: string, isFortran = false): string =>
  `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR` +
  `(K\x01(${shape}tcnumpy\ndtype\n(U\x02${type}K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb` +
  `${isFortran ? '\x88' : '\x89'}${data}tb`;
const batch = (data: string, labels = ']K\x07aK\x08a'): string => `\x80\x02}(U\x06labels${labels}U\x04data${data}u.`;
const pixels = array('K\x02K\x03', 'u1', 'U\x06abcdef');
const texts = (lists: string, count = 2): Buffer =>
  bytes(`${header(count)}\x80\x02${array(`K${String.fromCharCode(count)}`, 'O8', lists)}.`);

test('images in both orders', async () => {
  const expected = { labels: Int32Array.of(7, 8), pixels: new Uint8Array(bytes('abcdef')) };
  expect(await images(bytes(batch(pixels)))).toEqual(expected);
  expect(await images(bytes(batch(array('K\x02K\x03', 'u1', 'U\x06adbecf', true))))).toEqual(expected);
});

test('lists with numbers of all kinds', async () => {
  const lists = '](](K\x01M\x00\x02J\xff\xff\xff\xffe](\x8a\x02\xff\x7f\x8a\x00\x8a\x01\x80ee';
  expect(await sequences(texts(lists))).toEqual({
    values: Int32Array.of(1, 512, -1, 32767, 0, -128),
    ends: Int32Array.of(3, 6),
  });
});

const refused: [string, string | Buffer, string][] = [
  ['a call of a function', '\x80\x02cos\nsystem\nU\x02id\x85R.', 'it asks for os.system, which is refused'],
  ['a call by newer opcodes', '\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.', 'it asks for posix.system'],
  ['an instance', '\x80\x02cnumpy\nndarray\n)\x81.', 'it does what no data set needs: operation 0x81'],
  ['a call of what is no function', '\x80\x02cnumpy\nndarray\n(K\x03tR.', 'it calls what is no function'],
  [
    'another class as an array',
    '\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.',
    'makes something else of an array',
  ],
  ['a state of another form', `${pixels}(K\x02tb.`, 'it holds an array of an unknown form'],
  ['a change of what is final', '](K\x02tb.', 'it changes what is final'],
  ['an empty stack', '\x80\x02e.', 'it takes what is not there'],
  ['what is below a mark', 'K\x01(\x85.', 'it takes what is not there'],
  ['a memo that is empty', 'h\x01.', 'it takes what is not there'],
  ['a key that is no text', '}K\x01K\x02s.', 'it holds something else where a text is expected'],
  ['a list that is none', 'K\x01K\x01a.', 'it adds to what is no list'],
  ['a dictionary that is none', ']U\x01aK\x01s.', 'it adds to what is no dictionary'],
  ['an early end', batch(pixels).slice(0, -30), 'it ends early'],
  ['a length beyond the end', '\x8e\xff\xff\xff\xff\xff\xff\xff\x7f', 'it ends early'],
  ['a name without an end', 'cnumpy', 'it ends early'],
  ['a large number', '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.', 'it holds a number beyond 48 bits'],
  ['no dictionary', ']K\x01a.', "it is not a dictionary of 'data' and 'labels'"],
  ['images of another size', batch(array('K\x02K\x03', 'u1', 'U\x05abcde')), 'it does not hold images of 3 bytes'],
  ['images of numbers', batch(array('K\x02K\x03', 'f4', 'U\x06abcdef')), 'it does not hold images of 3 bytes'],
  ['too few labels', batch(pixels, ']K\x01a'), 'it does not hold a label for each of 2 images'],
  ['labels that are texts', batch(pixels, ']U\x01aaU\x01ba'), 'something else than small whole numbers'],
  ['nothing', '', 'it ends early'],
];

test.each(refused)('refuses %s', async (_, pickle, message) => {
  const reading = images(bytes(pickle as string));
  await expect(reading).rejects.toThrow(`[test] cannot read ${join(folder, 'batch')}: `);
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toThrow(HornetError);
});

test.each([
  ['no NumPy file', bytes('<html>'), '[test] cannot read texts: '],
  ['numbers', bytes(header(1, '<i8') + '\0'.repeat(8)), 'it holds no array of objects'],
  ['another number of lists', texts('](](K\x01ee', 3), 'it is not an array of lists'],
  ['numbers for lists', texts('](K\x01K\x02e'), 'it is not an array of lists'],
  ['one list very often', texts(`](](${'K\x01'.repeat(200)}eq\x01${'h\x01'.repeat(199)}e`, 200), 'more than it can'],
])('refuses %s in place of lists', async (_, npy, message) => {
  const reading = sequences(npy);
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toThrow(HornetError);
});

test('a missing file is said', async () => {
  await expect(readImages('test', join(folder, 'none'), 3, 'labels')).rejects.toThrow('ENOENT');
});

test('hundreds of damaged files end in a result or an error', async () => {
  const tar = gunzipSync(await readFile(golden('cifar-100-python.tar.gz')));
  const start = tar.indexOf(bytes('\x80\x02}'));
  const batchBytes = tar.subarray(start, tar.indexOf(bytes('eu.'), start) + 3);
  const { 'x_train.npy': python2 } = unzipSync(await readFile(golden('imdb.npz')));
  const { 'x.npy': python3 } = unzipSync(await readFile(golden('reuters.npz')));
  let state = 1;
  const below = (most: number): number => (state = (state * 48271) % 2147483647) % most;
  const outcomes = { read: 0, refused: 0 };
  for (let i = 0; i < 300; i++) {
    const whole = [batchBytes, python2, python3][i % 3];
    const damaged = Buffer.from(whole.subarray(0, below(4) === 0 ? below(whole.length) : whole.length));
    // The beginning is what says most.
    for (let n = below(4); n >= 0; n--)
      damaged[below(below(2) ? Math.min(600, damaged.length) : damaged.length)] = below(256);
    const reading: Promise<unknown> = i % 3 === 0 ? images(damaged, 3072) : sequences(damaged);
    await reading.then(
      () => outcomes.read++,
      (error: unknown) => {
        expect(error).toBeInstanceOf(HornetError);
        expect((error as Error).message).not.toMatch(
          /undefined|is not a function|is not iterable|takes too long|has ended/,
        );
        outcomes.refused++;
      },
    );
  }
  expect(outcomes.read).toBeGreaterThan(10);
  expect(outcomes.refused).toBeGreaterThan(100);
});

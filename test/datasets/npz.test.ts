// Reading NumPy's files, made by scripts/make-npz-golden.py.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HornetError, loadNpy, loadNpz } from 'hornet';
import { dtypes } from '../../lib/dtype.js';

const golden = (name: string): URL => new URL(`../golden/npz/${name}`, import.meta.url);

test.each(dtypes.filter((dtype) => dtype !== 'bfloat16'))('reads %s', async (dtype) => {
  const array = (await loadNpz(golden('compressed.npz')))[dtype];
  expect([array.dtype, array.shape]).toEqual([dtype, [2, 3]]);
  expect(await array.numbers()).toEqual(dtype === 'bool' ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 100, 5]);
});

test('reads Fortran order, scalars and empty arrays', async () => {
  const { fortran, scalar, empty } = await loadNpz(golden('compressed.npz'));
  expect(fortran.shape).toEqual([2, 3, 4]);
  expect(await fortran.numbers()).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect([scalar.shape, await scalar.item()]).toEqual([[], 2.5]);
  expect([empty.shape, await empty.numbers()]).toEqual([[0, 3], []]);
});

test('reads uncompressed files and single arrays', async () => {
  const { x } = await loadNpz(golden('stored.npz'));
  expect(await x.array()).toEqual([
    [0, 1, 2],
    [3, 100, 5],
  ]);
  const single = await loadNpy(golden('single.npy'));
  expect([single.dtype, await single.numbers()]).toEqual(['int32', [0, 1, 2, 3, 100, 5]]);
});

test.each([
  ['a missing file', 'missing.npz', 'missing.npz: ENOENT'],
  ['a file that is no zip', 'single.npy', 'single.npy is not a zip file'],
  ['strings', 'strings.npz', "[loadNpz] names.npy has the unsupported dtype 'U1'"],
  ['complex numbers', 'complex.npz', "[loadNpz] z.npy has the unsupported dtype 'c8'"],
])('refuses %s', async (_, name, message) => {
  const reading = loadNpz(golden(name));
  await expect(reading).rejects.toThrow(HornetError);
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toThrow(/^\[loadNpz\] /);
});

test('refuses numbers that have changed', async () => {
  const bytes = await readFile(golden('stored.npz'));
  bytes[bytes.indexOf('}') + 80] ^= 1;
  const path = join(await mkdtemp(join(tmpdir(), 'hornet-npz-')), 'changed.npz');
  await writeFile(path, bytes);
  await expect(loadNpz(path)).rejects.toThrow(`'x.npy' in ${path} is damaged: its checksum is wrong`);
  await rm(dirname(path), { recursive: true });
});

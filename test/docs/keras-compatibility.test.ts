// docs/keras-compatibility.md says of each public name of Keras what it is called here, or why it is not there.
import { readFile } from 'node:fs/promises';
import { format } from 'prettier';
import { idle, page, rows } from '../../scripts/compatibility/table.js';

test('every name of Keras is there, or there is a reason', () => {
  const unexplained = rows()
    .filter(({ here, reason }) => here === null && reason === null)
    .map(({ module, name }) => `${module}.${name}`);
  // Export them, or say why not in scripts/compatibility/reasons.ts.
  expect(unexplained).toEqual([]);
});

test('no reason is given for what is there, or for what Keras does not have', () => {
  // Take these entries out of scripts/compatibility/reasons.ts.
  expect(idle()).toEqual([]);
});

test('names mean what they say', () => {
  const here = (name: string): string | null =>
    rows().find((row) => `${row.module}.${row.name}` === `keras.${name}`)!.here;
  expect(here('layers.Dense')).toBe('layers.Dense');
  expect(here('ops.nn.relu')).toBe('ops.relu');
  expect(here('layers.add')).toBe('layers.add');
  expect(here('ops.numpy.expand_dims')).toBe('ops.expandDims');
  expect(here('initializers.zeros')).toMatch(/^initializers\.zeros$/i);
  expect(here('callbacks.OrbaxCheckpoint')).toBeNull();
  expect(here('tree.flatten')).toBe('tree.flatten');
});

test('the page is up to date', async () => {
  const text = await readFile(new URL('../../docs/keras-compatibility.md', import.meta.url), 'utf8');
  const expected = await format(page(), { parser: 'markdown', printWidth: 120 });
  // Exports or reasons have changed: write the page anew with `npm run compatibility`.
  if (text !== expected) throw new Error('docs/keras-compatibility.md is out of date: npm run compatibility');
});

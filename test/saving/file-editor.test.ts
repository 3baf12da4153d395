// Looking into files of weights and changing them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, KerasFileEditor, Sequential } from 'hornet';

const golden = join(process.cwd(), 'test/golden/files/jax/mlp.weights.h5');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hornet-editor-'));
});
afterAll(() => rm(folder, { recursive: true }));

const silent = { printFn: (): void => undefined };

test('what is in a file that Keras wrote', async () => {
  const editor = await KerasFileEditor.open(golden);
  expect(editor.weights['layers/dense']).toEqual({ 0: [5, 6], 1: [6] });
  const lines: string[] = [];
  editor.summary({ printFn: (line) => lines.push(line) });
  expect(lines).toContain('    0: float32 [5, 6]');
  expect(lines.join()).toContain("layers/batch_normalization 'batch_normalization'");
});

test('a file is made to fit another model', async () => {
  const model = new Sequential([input({ shape: [5] }), dense(6), dense(4), dense(3)]);
  const editor = await KerasFileEditor.open(golden);
  expect(editor.compare(model, silent)).toMatchObject({ status: 'error', errorCount: 5, matchCount: 2 });
  editor.deleteObject('batch_normalization');
  editor.deleteObject('optimizer');
  editor.renameObject('layers/dense_1', 'dense_2');
  await editor.addObject('layers/dense_1', { 0: Array.from({ length: 6 }, () => [1, 2, 3, 4]) });
  await editor.addWeights('dense_1', { 1: [0, 0, 0, 0], 2: [1] });
  editor.deleteWeight('dense_1', '2');
  editor.deleteWeight('dense_2', '0');
  await editor.addWeights('dense_2', {
    0: [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ],
  });
  expect(editor.compare(model, silent)).toEqual({ status: 'success', errorCount: 0, matchCount: 6, errors: [] });
  const path = join(folder, 'edited.weights.h5');
  await editor.save(path);
  await model.loadWeights(path);
  expect(await model.weights[2].value.numbers()).toEqual(Array.from({ length: 6 }, () => [1, 2, 3, 4]).flat());
  const again = await KerasFileEditor.open(path);
  expect(again.weights).toEqual(editor.weights);
});

test('what it refuses', async () => {
  const editor = await KerasFileEditor.open(golden);
  expect(() => editor.deleteObject('gru')).toThrow(/received 'gru': there is none/);
  expect(() => editor.deleteWeight('dense', '7')).toThrow("'layers/dense' has no weight '7'");
  expect(() => editor.renameObject('dense', 'dense_1')).toThrow("'layers/dense_1' is there already");
  await expect(KerasFileEditor.open('model.keras')).rejects.toThrow(/ends in \.weights\.h5/);
  await expect(editor.save('model.keras')).rejects.toThrow(/ends in \.weights\.h5/);
});

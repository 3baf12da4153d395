// Drawings of models: what is in them, and that they are well-formed files.
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { add, dense, input, Model, ops, Sequential, utils } from 'hornet';

function model(): Model {
  const a = input({ shape: [4], name: 'a' });
  const inner = new Sequential(
    [dense(3, { inputShape: [4], name: 'first', activation: 'relu' }), dense(2, { name: 'second' })],
    {
      name: 'inner',
    },
  );
  const both = add([inner(a), ops.square(dense(2, { name: 'side' })(a))]) as never;
  return new Model({ inputs: a, outputs: both, name: 'whole' });
}

test('DOT text has a box per layer and op, an edge per use', () => {
  const dot = utils.modelToDot(model(), { showShapes: true, showDtype: true, showTrainable: true });
  expect(dot).toMatch(/^digraph model \{\n {2}rankdir=TB;/);
  expect(dot).toContain(
    '"side" [shape=record, label="{side (Dense)|Input shape: [null, 4]|Output shape: [null, 2]|Output dtype: float32|Trainable: true}"];',
  );
  expect(dot).toContain('"a" -> "inner";');
  expect(dot).toContain('"inner" -> "add');
  expect(dot).toMatch(/"side" -> "square[_\d]*";/);
  expect(dot.match(/->/g)).toHaveLength(5);
});

test('models within may be opened: edges lead to their layers', () => {
  const dot = utils.modelToDot(model(), {
    expandNested: true,
    showLayerNames: false,
    showLayerActivations: true,
    rankdir: 'LR',
  });
  expect(dot).toContain('subgraph "cluster_inner" {');
  expect(dot).toContain('"inner/first" [shape=record, label="{Dense|Activation: relu}"];');
  expect(dot).toMatch(/"a" -> "inner\/input[_\w]*";/);
  expect(dot).toContain('"inner/second" -> "add');
});

test('the SVG can be rendered', async () => {
  for (const args of [{}, { expandNested: true, showShapes: true, showLayerNames: true, rankdir: 'LR' }] as const) {
    const svg = await utils.modelSvg(model(), args);
    const { width, height } = new Resvg(svg).render();
    expect(width).toBeGreaterThan(100);
    expect(height).toBeGreaterThan(100);
    expect(svg.match(/marker-end/g)!.length).toBe(args === undefined ? 0 : 'expandNested' in args ? 7 : 5);
  }
});

test('files are written by their ending', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hornet-'));
  await utils.plotModel(model(), { toFile: join(folder, 'model.svg') });
  expect(await readFile(join(folder, 'model.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
  await utils.plotModel(model(), { toFile: join(folder, 'model.png') });
  expect((await readFile(join(folder, 'model.png'))).subarray(1, 4).toString()).toBe('PNG');
  await utils.plotModel(model(), { toFile: join(folder, 'model.dot') });
  expect(await readFile(join(folder, 'model.dot'), 'utf8')).toContain('"side" [label="Dense"];');
  await expect(utils.plotModel(model(), { toFile: 'model.pdf' })).rejects.toThrow(
    '[plotModel] expected toFile to end in one of .svg, .png, .dot',
  );
  expect(() => utils.modelToDot(new Sequential([dense(1)], { name: 'open' }))).toThrow(
    "[plotModel] 'open' is not built yet",
  );
});

// Training curves: what the picture holds. How it looks is for eyes: `npm start` writes one.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HornetError, historySvg, plotHistory } from 'hornet';

const logs = {
  loss: [1.5, 0.8, 0.4],
  accuracy: [0.5, 0.7, 0.9],
  val_loss: [1.4, 0.9, 0.6],
  val_accuracy: [0.6, 0.7, 0.8],
};
const count = (svg: string, part: string): number => svg.split(part).length - 1;

test('draws a panel per quantity with training and validation', () => {
  const svg = historySvg({ epoch: [0, 1, 2], history: logs });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="880" height="300"/);
  expect(count(svg, '<path ')).toBe(4);
  expect(svg).toContain('>Loss</text>');
  expect(svg).toContain('>Accuracy</text>');
  expect(svg).toContain('>validation 0.600</text>');
});

test('draws chosen quantities, a title, and no validation where there is none', () => {
  const svg = historySvg({ loss: [2, 1], accuracy: [0, 1] }, { metrics: ['loss'], title: 'a < b' });
  expect(count(svg, '<path ')).toBe(1);
  expect(svg).not.toContain('validation');
  expect(svg).toContain('>a &lt; b</text>');
});

test('draws the loss first', () => {
  expect(historySvg({ accuracy: [0, 1], loss: [2, 1] })).toMatch(/>Loss<[^]*>Accuracy</);
});

test('leaves gaps where values are not finite', () => {
  const svg = historySvg({ loss: [1, NaN, Infinity, 0.5] });
  expect(svg).not.toMatch(/NaN[,L\d]|Infinity,/);
  expect(count(svg, '<circle ')).toBe(3);
});

test.each([[[0.5]], [[0.25, 0.25, 0.25]], [[NaN]]])('draws %j', (loss) => {
  expect(historySvg({ loss })).not.toMatch(/="NaN|translate\(NaN|M-?NaN/);
});

test('writes the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hornet-'));
  const path = join(folder, 'curves.svg');
  await plotHistory(logs, path, { columns: 1 });
  expect(await readFile(path, 'utf8')).toBe(historySvg(logs, { columns: 1 }));
  await rm(folder, { recursive: true });
  await expect(plotHistory(logs, path)).rejects.toThrow('[plotHistory] cannot write');
});

test('refuses an empty history and unknown names', () => {
  expect(() => historySvg({})).toThrow(HornetError);
  expect(() => historySvg({ epoch: [], history: {} })).toThrow('at least one epoch');
  expect(() => historySvg(logs, { metrics: ['f1'] })).toThrow('[plotHistory] expected one of loss, accuracy');
});

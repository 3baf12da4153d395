// Any number of threads gives the same numbers, wherever the number comes from.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import 'hornet';
import { loadAddon } from '../../lib/native.js';
import { accumulation } from './program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('one and two threads compute the same bits', async () => {
  const size = 1 << 17;
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
  const results = [1, 2].map(async (threads) => {
    const device = loadAddon().openDevice('cpu', { threads });
    expect(device.info().threads).toBe(threads);
    const [x, y] = [device.upload(values), device.upload(values)];
    device.compile(accumulation(size)).bind([x, y], []).run(3);
    return Buffer.from(await device.read(x));
  });
  const [one, two] = await Promise.all(results);
  expect(one.equals(two)).toBe(true);
});

test.each([
  ['3', 3],
  ['1', 1],
])('HORNET_NUM_THREADS=%s is followed', (wanted, expected) => {
  const code = `const root = ${JSON.stringify(root)};
    console.log(require(root + 'node_modules/node-gyp-build')(root).openDevice('cpu', {}).info().threads);`;
  const env = { ...process.env, HORNET_NUM_THREADS: wanted };
  const { stdout } = spawnSync(process.execPath, ['-e', code], { env, encoding: 'utf8' });
  expect(Number(stdout)).toBe(expected);
});

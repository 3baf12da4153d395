// How long model files take: ResNet50, written and read in each format. Measures the package as it is published, so
// `npm run build:lib` comes first. files.mjs [format…]
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { applications, loadModel } from 'hornet';

/** The CPU time of every thread of this process, in milliseconds, by its number. */
const threadTimes = () =>
  new Map(
    readdirSync('/proc/self/task').map((id) => {
      const [busy] = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ');
      return [id, Number(busy) / 1e6];
    }),
  );

/** Runs something: time that passed, CPU time of the thread of JavaScript and of all, the longest gap of the event loop. */
async function measure(name, fn) {
  const before = threadTimes();
  const begin = performance.now();
  let [last, gap] = [begin, 0];
  const look = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  const result = await fn();
  look();
  clearInterval(timer);
  const wall = performance.now() - begin;
  const spent = [...threadTimes()].map(([id, ms]) => [id, ms - (before.get(id) ?? 0)]);
  const own = spent.find(([id]) => id === String(process.pid))[1];
  const all = spent.reduce((sum, [, ms]) => sum + ms, 0);
  const text = [wall, own, all, gap].map((ms) => ms.toFixed(0).padStart(6)).join(' ');
  console.log(`${name.padEnd(34)} ${text}`);
  return result;
}

const folder = mkdtempSync(join(tmpdir(), 'hornet-bench-'));
const wanted = process.argv.slice(2);
const formats = ['.weights.h5', '.h5', '.keras', '.safetensors'].filter(
  (each) => wanted.length === 0 || wanted.includes(each),
);
console.log(`${''.padEnd(34)}   wall  JS cpu   cpu    gap  (ms)`);
try {
  const model = applications.resNet50({ weights: null });
  const other = applications.resNet50({ weights: null });
  for (const each of [model, other])
    await each.weights
      .map((weight) => weight.value)
      .at(-1)
      .data();
  for (const format of formats) {
    const path = join(folder, `model${format}`);
    const isModel = format === '.keras';
    await measure(`save ${format}`, () => (isModel ? model.save(path) : model.saveWeights(path)));
    await setTimeout(200);
    await measure(`loadWeights ${format}`, () => other.loadWeights(path));
    await setTimeout(200);
    await measure(`resNet50({ weights: '${format}' })`, () => applications.resNet50({ weights: path }));
    if (isModel) await measure(`loadModel ${format}`, () => loadModel(path));
    if (format === '.h5') {
      await measure('save whole .h5', () => model.save(path));
      await measure('loadModel .h5', () => loadModel(path));
    }
    console.log(`${''.padEnd(34)} ${Math.round(statSync(path).size / 2 ** 20)} MB`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

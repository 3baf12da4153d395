// One network in a process of its own: how long it takes to build, at first and again, and until its weights are there.
// applications.mjs asks; the answer is a line of JSON. construct.mjs <network>
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { applications, currentDevice } from 'hornet';

const REPETITIONS = 3;

const megabytes = (bytes) => Math.round(bytes / 2 ** 18) / 4;

/** What `fn` gives, and the time that passed and that of all threads, in milliseconds. */
async function measure(fn) {
  const [begin, busy] = [performance.now(), process.cpuUsage()];
  const result = await fn();
  const wallMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(busy);
  return [result, { wallMs, cpuMs: (user + system) / 1000 }];
}

const name = process.argv[2];
const build = () => applications[name]({ weights: null });
const deviceMB = () => megabytes(currentDevice().memory().currentBytes);

// What was imported settles, and the device is open.
deviceMB();
await setTimeout(100);
const residentBefore = process.memoryUsage.rss();
const [model, first] = await measure(build);
const builtMB = megabytes(process.memoryUsage.rss() - residentBefore);
const [, weights] = await measure(async () => {
  const values = model.weights.map((variable) => variable.value);
  await values.at(-1).data();
});
const row = {
  network: name,
  layers: model.layers.length,
  parameters: model.countParams(),
  weightsMB: megabytes(4 * model.countParams()),
  first,
  weights,
  builtMB,
  deviceMB: deviceMB(),
  residentMB: megabytes(process.memoryUsage.rss() - residentBefore),
  again: [],
};
for (let i = 0; i < REPETITIONS; i++) row.again.push((await measure(build))[1]);
console.log(JSON.stringify(row));

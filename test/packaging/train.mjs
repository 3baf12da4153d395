// What a user of the installed package does: import it and train, in the main thread and in workers beside it. Run by
// pack.mjs inside an empty folder.
import assert from 'node:assert';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Sequential, dense, setRandomSeed, tensor } from 'hornet';

async function train() {
  setRandomSeed(1);
  const count = 256;
  const x = Float32Array.from({ length: count * 4 }, (_, i) => Math.sin(i * 12.9898));
  const y = Float32Array.from({ length: count }, (_, i) => (x[4 * i] + x[4 * i + 1] > 0 ? 1 : 0));
  const hidden = dense(16, { activation: 'relu', inputShape: [4] });
  const model = new Sequential([hidden, dense(1, { activation: 'sigmoid' })]);
  model.compile({ optimizer: 'adam', loss: 'binary_crossentropy' });
  const data = [tensor(x, [count, 4]), tensor(y, [count, 1])];
  return (await model.fit(...data, { epochs: 20, batchSize: 32, verbose: 0 })).history.loss;
}

if (!isMainThread) parentPort.postMessage(await train());
else {
  const workers = [new Worker(new URL(import.meta.url)), new Worker(new URL(import.meta.url))];
  const messages = workers.map((worker) => once(worker, 'message'));
  const losses = await train();
  assert(losses.at(-1) < 0.8 * losses[0], `the loss went from ${losses[0]} to ${losses.at(-1)}`);
  for (const message of messages) assert.deepStrictEqual((await message)[0], losses, 'a worker got other numbers');

  // Nothing native may come from outside of the package, except the C and C++ runtime.
  const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/\S*(dnnl|hornet)\S*/g) ?? [];
  const foreign = mapped.filter((path) => !path.startsWith(process.cwd()));
  assert.deepStrictEqual(foreign, [], 'libraries from outside of the package');
  console.log(`loss ${losses[0].toFixed(3)} → ${losses.at(-1).toFixed(3)}`);
}

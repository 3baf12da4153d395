// What a user of the installed package does: import it and train. Run by pack.mjs inside an empty folder.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { Sequential, dense, tensor } from 'hornet';

const count = 256;
const x = Float32Array.from({ length: count * 4 }, (_, i) => Math.sin(i * 12.9898));
const y = Float32Array.from({ length: count }, (_, i) => (x[4 * i] + x[4 * i + 1] > 0 ? 1 : 0));

const model = new Sequential([dense(16, { activation: 'relu', inputShape: [4] }), dense(1, { activation: 'sigmoid' })]);
model.compile({ optimizer: 'adam', loss: 'binary_crossentropy' });
const { history } = await model.fit(tensor(x, [count, 4]), tensor(y, [count, 1]), {
  epochs: 20,
  batchSize: 32,
  verbose: 0,
});
assert(history.loss.at(-1) < 0.8 * history.loss[0], `the loss went from ${history.loss[0]} to ${history.loss.at(-1)}`);

// Nothing native may come from outside of the package, except the C and C++ runtime.
const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/\S*(dnnl|hornet)\S*/g) ?? [];
const foreign = mapped.filter((path) => !path.startsWith(process.cwd()));
assert.deepStrictEqual(foreign, [], 'libraries from outside of the package');
console.log(`loss ${history.loss[0].toFixed(3)} → ${history.loss.at(-1).toFixed(3)}`);

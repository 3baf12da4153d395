// A process that saves a model again and again until somebody kills it: each time all weights are one higher.
import { dense, input, ops, Sequential } from 'hornet';

const [path] = process.argv.slice(2);
const model = new Sequential([input({ shape: [512] }), dense(512), dense(512)]);
for (let count = 1; ; count++) {
  for (const variable of model.weights) variable.assign(ops.full(variable.shape, count));
  const shards = path.endsWith('.json') ? { maxShardSize: 1.5 / 2 ** 10 } : {};
  await (path.endsWith('.keras') ? model.save(path) : model.saveWeights(path, shards));
  process.stdout.write(`${count}\n`);
}

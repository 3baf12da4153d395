// Files that Keras wrote, on each of its backends, and Keras 2: test/golden/files, made by scripts/keras-files.py.
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel, ops, type Model } from 'hornet';
import { expectContinuation, fromJson, goOn, toleranceOf, type CaseJson } from './cases.js';

const folder = join(process.cwd(), 'test/golden/files');
const files = readdirSync(folder).flatMap((backend) =>
  readdirSync(join(folder, backend))
    .filter((file) => /\.(keras|h5)$/.test(file))
    .map((file) => [backend, file] as const),
);

const open = async (backend: string, file: string): Promise<Model> => {
  if (!file.endsWith('.weights.h5')) return loadModel(join(folder, backend, file));
  // A model of the same architecture that has learnt nothing.
  const model = await loadModel(join(folder, backend, file.replace('.weights.h5', '.keras')));
  for (const variable of [...model.weights, ...model.optimizer.variables]) {
    // Keras 2 does not keep the learning rate with the weights.
    if (!(backend === 'keras2' && variable.name === 'learning_rate')) variable.assign(ops.zerosLike(variable));
  }
  await model.loadWeights(join(folder, backend, file));
  return model;
};

test.each(files)('what %s saved as %s goes on with the same numbers', async (backend, file) => {
  const [name] = file.split('.');
  const wanted = JSON.parse(await readFile(join(folder, backend, `${name}.json`), 'utf8')) as CaseJson;
  const found = await goOn(await open(backend, file), fromJson(wanted.x), fromJson(wanted.y));
  expectContinuation(found, wanted, toleranceOf(name));
});

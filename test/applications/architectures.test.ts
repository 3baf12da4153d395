// Networks that the vectors do not have, EfficientNetB5 and those for channels in front, have Keras's layers and weights
// (test/golden/architectures.json, by scripts/make-architectures-golden.py) and compute the same either way.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as applications from '../../lib/applications/index.js';
import type { Application } from '../../lib/applications/application.js';
import { imageDataFormat, setImageDataFormat, type DataFormat } from '../../lib/config.js';
import { clearSession } from '../../lib/layers/naming.js';
import type { Model } from '../../lib/models/model.js';
import { transpose } from '../../lib/ops/index.js';
import { uniform } from '../../lib/random.js';

interface Described {
  readonly parameters: number;
  readonly output: readonly (number | null)[];
  readonly layers: number;
  readonly sha256: string;
}

const folder = dirname(fileURLToPath(import.meta.url));
const golden = JSON.parse(readFileSync(join(folder, '../golden/architectures.json'), 'utf8')) as Record<
  DataFormat,
  Record<string, Described>
>;
const networks = applications as unknown as Readonly<Record<string, Application>>;

function describeModel(model: Model): Described {
  const layers = model.layers.map(({ name, className, weights }) => [
    name,
    className,
    weights.map((weight) => [weight.name, weight.shape]),
  ]);
  return {
    parameters: model.countParams(),
    output: model.output.symbolicShape,
    layers: layers.length,
    sha256: createHash('sha256').update(JSON.stringify(layers)).digest('hex'),
  };
}

const before = imageDataFormat();
afterEach(() => setImageDataFormat(before));

test.each(Object.entries(golden.channels_last))('%s', (name, wanted) => {
  clearSession();
  expect(describeModel(networks[name]({ weights: null }))).toEqual(wanted);
});

test.each(Object.entries(golden.channels_first))('%s with the channels in front', (name, wanted) => {
  setImageDataFormat('channels_first');
  clearSession();
  expect(describeModel(networks[name]({ weights: null, inputShape: [3, 224, 224] }))).toEqual(wanted);
});

test('channels in front or behind: the same numbers', async () => {
  const args = { weights: null, includeTop: false, pooling: 'avg' } as const;
  const last = applications.mobileNetV2({ ...args, inputShape: [64, 64, 3] });
  setImageDataFormat('channels_first');
  const first = applications.mobileNetV2({ ...args, inputShape: [3, 64, 64] });
  first.setWeights(last.weights.map((weight) => weight.value));
  const images = uniform([2, 64, 64, 3], { seed: 1 });
  const wanted = await last.predictOnBatch(images).numbers();
  const got = await first.predictOnBatch(transpose(images, { axes: [0, 3, 1, 2] })).numbers();
  got.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 4));
});

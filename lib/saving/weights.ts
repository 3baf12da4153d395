// The weights of a model to and from a file, by position and path.
import { onDevice } from '../device.js';
import { HornetError } from '../errors.js';
import { sameShape } from '../graph/ir.js';
import type { Layer } from '../layers/layer.js';
import { fromBytes } from '../tensor.js';
import { readSafetensors, writeSafetensors, type StoredTensor } from './safetensors.js';

/** Names are numbered, since layers may share one: `12|dense/kernel`. */
const keyOf = (path: string, index: number): string => `${index}|${path}`;

/** Writes all weights. The file is replaced as a whole. */
export async function saveWeights(model: Layer, path: string): Promise<void> {
  const { weights } = model;
  const data = await Promise.all(weights.map((variable) => variable.data()));
  const entries = weights.map(({ path: name, dtype, shape }, i): [string, StoredTensor] => [
    keyOf(name, i),
    { dtype, shape, data: data[i] },
  ]);
  await writeSafetensors(path, new Map(entries));
}

/** Reads all weights of a model of the same architecture; nothing is changed unless all fit. */
export async function loadWeights(model: Layer, path: string): Promise<void> {
  const { weights } = model;
  const stored = [...(await readSafetensors(path))]
    .sort(([a], [b]) => parseInt(a) - parseInt(b))
    .map(([, tensor]) => tensor);
  if (stored.length !== weights.length) {
    throw new HornetError('loadWeights', `${path} has ${stored.length} weights, the model has ${weights.length}`);
  }
  stored.forEach(({ shape, dtype }, i) => {
    if (!sameShape(shape, weights[i].shape) || dtype !== weights[i].dtype) {
      const wanted = `${weights[i].dtype} [${weights[i].shape.join(', ')}]`;
      throw new HornetError(
        'loadWeights',
        `weight '${weights[i].path}' is ${wanted}, in ${path} ${dtype} [${shape.join(', ')}]`,
      );
    }
  });
  stored.forEach(({ data, shape, dtype }, i) => {
    onDevice(weights[i].device, () => weights[i].assign(fromBytes(data, shape, dtype)));
  });
}

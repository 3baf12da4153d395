// Making a model from what a file says. Nothing in a file is executed; whatever is wrong with it becomes one kind of error.
import { HornetError } from '../errors.js';
import { Layer } from '../layers/layer.js';
import type { Model } from '../models/model.js';
import { withCustomObjects, withSharing, type CustomObjects } from './serialize.js';

/**
 * Runs `make`, which deserializes a model, or what else is saved like one.
 *
 * @throws HornetError on unknown names, malformed configs and objects that are no models.
 */
export function buildModel<T extends Layer = Model>(
  path: string,
  customObjects: CustomObjects | undefined,
  make: () => unknown,
): T {
  let model: unknown;
  try {
    model = withCustomObjects(customObjects, () => withSharing(make));
  } catch (error) {
    const message = (error as Error).message.replace(/^\[[^\]]+\] /, '');
    throw new HornetError('loadModel', `${path}: ${message}`, { cause: error });
  }
  if (model instanceof Layer && 'save' in model) return model as unknown as T;
  throw new HornetError('loadModel', `${path} describes something else than a model`);
}

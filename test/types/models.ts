// Compiled, never run: the public types accept what a Keras user writes.
import {
  EarlyStopping,
  type KerasTensor,
  Layer,
  Model,
  Sequential,
  type Tensor,
  add,
  conv2d,
  dense,
  flatten,
  grad,
  input,
  jit,
  ops,
  optimizers,
  tensor,
  valueAndGrad,
  type DeviceTensor,
  type History,
  type TypedArray,
  type Variable,
} from 'hornet';

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

export function severalInputs(): Model {
  const image: KerasTensor = input({ shape: [28, 28, 1] });
  const size: KerasTensor = input({ shape: [2], name: 'size' });
  const seen: KerasTensor = flatten()(conv2d(8, [3, 3], { strides: 2, padding: 'same' })(image));
  const joined = add([dense(4)(seen), dense(4)(size)]);
  return new Model({ inputs: [image, size], outputs: { joined, sum: ops.sum(joined, { axis: -1, keepdims: true }) } });
}

class Scale extends Layer {
  factor!: Variable;

  override build(inputShape: readonly (number | null)[]): void {
    this.factor = this.addWeight({ name: 'factor', shape: [inputShape.at(-1)!], initializer: 'ones' });
  }

  override call(inputs: Tensor): Tensor {
    return ops.multiply(inputs, this.factor.value);
  }
}

export async function training(x: DeviceTensor, y: number[][]): Promise<number[]> {
  const model = new Sequential([input({ shape: [4] }), new Scale(), dense(1)]);
  model.compile({
    optimizer: new optimizers.Adam({ learningRate: 1e-3 }),
    loss: (a, b) => ops.mean(ops.abs(ops.subtract(a, b))),
  });
  const history: History = await model.fit(x, y, {
    callbacks: [new EarlyStopping({ patience: 3 })],
    validationSplit: 0.1,
  });
  return history.history.loss;
}

export async function tensors(): Promise<TypedArray> {
  using a = tensor([
    [1, 2],
    [3, 4],
  ]);
  const eager: Tensor = dense(3)(a);
  const sum: number = await ops.sum(eager).item();
  const square = (x: Tensor): Tensor => ops.sum(ops.square(x));
  const { value } = valueAndGrad(square)(a);
  return [jit(square)(a), grad(square)(a), value, sum].length === 4 ? eager.data() : a.data();
}

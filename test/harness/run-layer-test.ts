// What every layer must do, checked in one call: configs, shapes, weights, gradients, a training step, mixed precision.
import {
  deserialize,
  getMask,
  input,
  type Layer,
  Model,
  serialize,
  tensor,
  valueAndGrad,
  ops,
  type CallOptions,
  type DType,
  type KerasTensor,
  type SerializedObject,
  type Tensor,
} from 'hornet';
import { isFloat } from '../../lib/dtype.js';
import { flatten, mapTree, type Tree } from '../../lib/tree.js';

/** The shape of an input with its batch. */
export type InputShape = readonly number[];

/** A layer and what is expected of it. */
export interface LayerTest {
  /** Makes the layer anew; `dtype` is a policy to pass on. */
  readonly layer: (options: { readonly dtype?: 'mixed_bfloat16' }) => Layer;
  /** One shape, or a list for layers that take a list. */
  readonly inputShape: InputShape | readonly InputShape[];
  /** Whether several inputs are arguments of their own rather than a list. Default false. */
  readonly separate?: boolean;
  /** Default `float32`. Integers are drawn below 4. */
  readonly inputDType?: DType;
  readonly outputShape: readonly number[];
  /** Default: that of the inputs. */
  readonly outputDType?: DType;
  /** Numbers of weights. Default 0. */
  readonly trainableWeights?: number;
  readonly nonTrainableWeights?: number;
  /** Penalties after a call. Default 0. */
  readonly losses?: number;
  /** Whether the layer passes masks on. Default false. */
  readonly supportsMasking?: boolean;
  /** Whether two calls give the same. Default true. */
  readonly deterministic?: boolean;
  /** Whether gradients reach the inputs. Default: whether these are floats. */
  readonly differentiable?: boolean;
}

const draw = (shape: InputShape, dtype: DType, from: number): Tensor => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  // The golden ratio spreads the numbers: no two are equal.
  const fraction = (i: number): number => ((i + from) * 0.6180339887) % 1;
  const value = isFloat(dtype) ? (i: number) => 4 * fraction(i) - 2 : (i: number) => Math.floor(4 * fraction(i));
  return tensor(
    Float64Array.from({ length: size }, (_, i) => value(i)),
    shape,
    dtype,
  );
};

const isList = (shape: LayerTest['inputShape']): shape is readonly InputShape[] => Array.isArray(shape[0]);

function inputsOf({ inputShape, inputDType = 'float32' }: LayerTest): Tree<Tensor> {
  if (!isList(inputShape)) return draw(inputShape, inputDType, 1);
  return inputShape.map((shape, i) => draw(shape, inputDType, 1 + 100 * i));
}

/** Calls the layer on inputs, or on its symbolic ones. */
function apply(layer: Layer, inputs: Tree<Tensor>, { separate = false }: LayerTest, options?: CallOptions): Tensor {
  const args = separate ? (inputs as readonly Tensor[]) : [inputs];
  return (layer as unknown as (...args: unknown[]) => Tensor)(...args, options);
}

const numbers = (x: Tensor): Promise<number[]> => (x as Tensor & { numbers(): Promise<number[]> }).numbers();
const isFinite = (list: readonly number[]): boolean => list.every(Number.isFinite);

/** Runs all checks. */
export async function runLayerTest(test: LayerTest): Promise<void> {
  checkConfigs(test);
  checkShapes(test);
  await checkCall(test);
  checkGradients(test);
  await checkTraining(test);
  await checkMixedPrecision(test);
}

/** Both forms of a config: our own camelCase record, and the JSON of Keras. */
function checkConfigs(test: LayerTest): void {
  const layer = test.layer({});
  const cls = layer.constructor as unknown as { fromConfig(config: object): Layer };
  const config = layer.getConfig();
  expect(serialize(cls.fromConfig(config))).toEqual(serialize(layer));
  apply(layer, inputsOf(test), test);
  const json = JSON.parse(JSON.stringify(serialize(layer))) as SerializedObject;
  const revived = deserialize(json) as Layer;
  expect(revived.constructor).toBe(layer.constructor);
  expect(JSON.parse(JSON.stringify(serialize(revived)))).toEqual(json);
  expect(revived.weights.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    layer.weights.map(({ shape, dtype }) => ({ shape, dtype })),
  );
}

const symbolicInputs = ({ inputShape, inputDType = 'float32' }: LayerTest): Tree<KerasTensor> => {
  const one = (shape: InputShape): KerasTensor => input({ shape: shape.slice(1), dtype: inputDType });
  return isList(inputShape) ? inputShape.map(one) : one(inputShape);
};

/** Symbolic, computed and real shapes agree; the batch stays open. */
function checkShapes(test: LayerTest): void {
  const open = [null, ...test.outputShape.slice(1)];
  const symbolic = apply(test.layer({}), symbolicInputs(test), test) as KerasTensor;
  expect(symbolic.symbolicShape).toEqual(open);
  expect(symbolic.dtype).toBe(test.outputDType ?? test.inputDType ?? 'float32');
  const shapes = test.separate ? (test.inputShape as readonly InputShape[]) : [test.inputShape];
  expect(test.layer({}).computeOutputShape(...(shapes as [InputShape]))).toEqual(test.outputShape);
}

async function checkCall(test: LayerTest): Promise<void> {
  const layer = test.layer({});
  const inputs = inputsOf(test);
  const output = apply(layer, inputs, test);
  expect(output.shape).toEqual(test.outputShape);
  expect(output.dtype).toBe(test.outputDType ?? test.inputDType ?? 'float32');
  expect(isFinite(await numbers(output))).toBe(true);
  expect(layer.trainableWeights).toHaveLength(test.trainableWeights ?? 0);
  expect(layer.nonTrainableWeights).toHaveLength(test.nonTrainableWeights ?? 0);
  expect(layer.losses).toHaveLength(test.losses ?? 0);
  expect(layer.supportsMasking).toBe(test.supportsMasking ?? false);
  expect(getMask(output)).toBeNull();
  if (test.deterministic === false) return;
  // A copy with the same weights computes the same.
  const copy = deserialize(serialize(layer)) as Layer;
  copy.setWeights(await layer.getWeights());
  expect(await numbers(apply(copy, inputs, test))).toEqual(await numbers(output));
}

/** Every trainable weight and every float input gets a gradient. */
function checkGradients(test: LayerTest): void {
  const layer = test.layer({});
  const inputs = inputsOf(test);
  apply(layer, inputs, test);
  const floats = isFloat(test.inputDType ?? 'float32') && isFloat(test.outputDType ?? 'float32');
  const differentiable = test.differentiable ?? floats;
  const variables = layer.trainableVariables;
  if (!differentiable && variables.length === 0) return;
  const loss = (x: Tree<Tensor>): Tensor => ops.sum(ops.square(apply(layer, x, test, { training: true })));
  const { argGrads, grads } = valueAndGrad(loss, { argnums: differentiable ? [0] : [], variables })(inputs);
  expect(grads.every((gradient) => gradient !== null)).toBe(true);
  if (differentiable) expect(flatten(argGrads[0]).every((gradient) => gradient !== null)).toBe(true);
}

/** A model of the layer alone takes a training step: finite loss, weights that move, the event loop's promise kept. */
async function checkTraining(test: LayerTest): Promise<void> {
  const inputs = symbolicInputs(test);
  const layer = test.layer({});
  const model = new Model({ inputs, outputs: apply(layer, inputs, test) });
  const before = await model.getWeights();
  const output = test.outputDType ?? test.inputDType ?? 'float32';
  if (!isFloat(output)) return;
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const target = draw(test.outputShape, 'float32', 7);
  const data = mapTree(inputsOf(test), (x) => x);
  const { loss } = await model.trainOnBatch(data, target, { returnDict: true });
  expect(Number.isFinite(loss)).toBe(true);
  const after = await model.getWeights();
  expect(after.every((weight) => isFinite(Array.from(weight as ArrayLike<number>, Number)))).toBe(true);
  if (test.trainableWeights) expect(after).not.toEqual(before);
}

async function checkMixedPrecision(test: LayerTest): Promise<void> {
  const dtype = test.inputDType ?? 'float32';
  const output = test.outputDType ?? dtype;
  if (!isFloat(output)) return;
  const layer = test.layer({ dtype: 'mixed_bfloat16' });
  const result = apply(layer, inputsOf(test), test);
  expect(result.dtype).toBe('bfloat16');
  expect(isFinite(await numbers(result))).toBe(true);
  for (const { dtype: kept } of layer.weights) expect(kept).toBe('float32');
}

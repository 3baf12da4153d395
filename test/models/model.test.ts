// Functional, sequential and subclassed models: structure, calls, masks, nesting, configs, summaries, errors.
import { jit } from '../../lib/graph/transforms.js';
import { activation } from '../../lib/layers/core.js';
import { dense, type Dense } from '../../lib/layers/dense.js';
import { embedding } from '../../lib/layers/embedding.js';
import { input } from '../../lib/layers/input.js';
import { Layer, type CallArgs } from '../../lib/layers/layer.js';
import { add, concatenate } from '../../lib/layers/merging.js';
import { clearSession } from '../../lib/layers/naming.js';
import { dropout } from '../../lib/layers/noise.js';
import { flatten } from '../../lib/layers/reshaping.js';
import { Model } from '../../lib/models/model.js';
import { Sequential } from '../../lib/models/sequential.js';
import type { CompileArgs } from '../../lib/models/compiled.js';
import * as ops from '../../lib/ops/index.js';
import { deserialize, serialize, type SerializedObject } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const ones = (...shape: number[]): DeviceTensor =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const read = (x: Tensor): Promise<number[]> => (x as DeviceTensor).numbers();
const names = (layers: readonly Layer[]): string[] => layers.map(({ name }) => name);

/** The model after a trip through JSON, with the same weights; both must give the same. */
async function roundTrip(model: Model, x: unknown, customObjects = {}): Promise<Model> {
  const json = JSON.parse(JSON.stringify(serialize(model))) as SerializedObject;
  const copy = deserialize(json, { customObjects }) as Model;
  expect(serialize(copy)).toEqual(json);
  copy.setWeights(await model.getWeights());
  const [a, b] = [model, copy].map((each) => each<Tensor>(x as Tensor));
  expect(await read(b)).toEqual(await read(a));
  return copy;
}

beforeEach(() => clearSession());

describe('functional models', () => {
  test('run layers and ops in order', async () => {
    const x = input({ shape: [2] });
    const hidden = dense(3, { kernelInitializer: 'ones' })(x);
    const model = new Model({ inputs: x, outputs: ops.multiply(ops.add(hidden, hidden), 2) });
    expect(model.name).toBe('functional');
    expect(names(model.layers)).toEqual(['input_layer', 'dense']);
    expect(await read(model(ones(1, 2)))).toEqual([8, 8, 8]);
    const listed = new Model({ inputs: x, outputs: [ops.getItem(hidden, [':', [0, 2]])] });
    expect(listed(ones(1, 2)).shape).toEqual([1, 2]);
    await roundTrip(listed, ones(1, 2));
    expect(await read(jit((y: Tensor) => model(y))(ones(1, 2)))).toEqual([8, 8, 8]);
    expect([model.inputs.length, model.output.symbolicShape]).toEqual([1, [null, 3]]);
    await roundTrip(model, ones(2, 2));
  });

  test('share layers', async () => {
    const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
    const shared = dense(2);
    const model = new Model({ inputs: [a, b], outputs: add([shared(a), shared(b)]) });
    expect(model.weights).toHaveLength(2);
    const x = [ones(1, 2), ones(1, 2)];
    const single = await read(shared(ones(1, 2)));
    expect(await read(model(x))).toEqual(single.map((value) => 2 * value));
    await roundTrip(model, x);
  });

  test('take and give records', async () => {
    const ends = { a: input({ shape: [2], name: 'left' }), b: input({ shape: [2], name: 'right' }) };
    const outputs = { sum: add([ends.a, ends.b]), all: [concatenate([ends.b, ends.a]), ends.a] };
    const model = new Model({ inputs: ends, outputs });
    const result = model<{ sum: Tensor; all: [Tensor, Tensor] }>({ b: tensor([[3, 4]]), a: ones(1, 2) });
    expect(await read(result.sum)).toEqual([4, 5]);
    expect(await read(result.all[0])).toEqual([3, 4, 1, 1]);
    const json = JSON.parse(JSON.stringify(serialize(model))) as SerializedObject;
    expect(json.config.input_layers).toEqual({ a: ['left', 0, 0], b: ['right', 0, 0] });
    expect(serialize(deserialize(json) as Model)).toEqual(json);
    expect(() => model.output).toThrow('this model has 3 outputs; use model.outputs');
  });

  test('inputs may come by name', async () => {
    const [a, b] = [input({ shape: [1], name: 'a' }), input({ shape: [1], name: 'b' })];
    const model = new Model({ inputs: [a, b], outputs: ops.subtract(a, b) });
    expect(await read(model({ b: ones(1, 1), a: tensor([[5]]) }))).toEqual([4]);
    expect(() => model({ a: ones(1, 1) })).toThrow('[functional] expected inputs a, b, received a');
  });

  test('nest', async () => {
    const x = input({ shape: [4] });
    const inner = new Sequential([input({ shape: [3] }), dense(3), dropout(0.5)], { name: 'inner' });
    const model = new Model({ inputs: x, outputs: dense(1)(inner(dense(3)(x))) });
    expect(names(model.layers)).toEqual(['input_layer', 'dense_2', 'inner', 'dense_1']);
    const copy = await roundTrip(model, ones(2, 4));
    expect(copy.getLayer('inner')).toBeInstanceOf(Sequential);
    model.getLayer('inner').trainable = false;
    expect(model.trainableWeights).toHaveLength(4);
  });

  test('begin and end anywhere: transfer learning', async () => {
    const base = new Sequential([dense(4, { inputShape: [3] }), dense(2, { name: 'head' })]);
    const features = base.layers[0].output;
    const model = new Model({ inputs: base.input, outputs: dense(5)(flatten()(features)) });
    expect(model.weights[0]).toBe(base.weights[0]);
    expect(model(ones(2, 3)).shape).toEqual([2, 5]);
    const tail = new Model({ inputs: features, outputs: base.output });
    expect(names(tail.layers).at(-1)).toBe('head');
    const whole = await read(base(ones(1, 3)));
    expect(await read(tail(base.layers[0](ones(1, 3))))).toEqual(whole);
    expect((base.getLayer('head') as Dense).units).toBe(2);
    expect(() => base.getLayer('nope')).toThrow("there is no layer 'nope'; the layers are dense, head");
  });

  test('masks reach the layers that want them, also through configs', async () => {
    class Count extends Layer {
      static readonly className: string = 'Count';
      override call(x: Tensor, { mask }: CallArgs): Tensor {
        return mask ? ops.sum(ops.cast(mask as Tensor, 'float32'), { axis: 1 }) : ops.sum(x, { axis: [1, 2] });
      }
    }
    const x = input({ shape: [null], dtype: 'int32' });
    const vectors = embedding(10, 2, { maskZero: true })(x);
    expect(vectors.symbolicShape).toEqual([null, null, 2]);
    const model = new Model({ inputs: x, outputs: new Count()(dense(3)(vectors)) });
    const words = tensor(new Int32Array([1, 2, 0, 3, 0, 0]), [2, 3]);
    expect(await read(model(words))).toEqual([2, 1]);
    const json = JSON.stringify(serialize(model));
    expect(json).toContain('"class_name":"NotEqual"');
    await roundTrip(model, words, { Count });
  });

  test('training of the model reaches layers', async () => {
    const x = input({ shape: [64] });
    const model = new Model({ inputs: x, outputs: dropout(0.5)(x) });
    expect(await read(model(ones(1, 64)))).toEqual(Array(64).fill(1));
    expect(await read(model(ones(1, 64), { training: true }))).toContain(0);
  });

  test('inputs are checked, and brought into shape', async () => {
    const x = input({ shape: [3, 1], dtype: 'float32' });
    const model = new Model({ inputs: x, outputs: dense(1, { kernelInitializer: 'ones' })(x) });
    expect(model(ones(2, 3)).shape).toEqual([2, 3, 1]);
    expect(model(tensor(new Int32Array(6), [2, 3, 1])).dtype).toBe('float32');
    const wrong = "[functional] expected input 'input_layer' of shape [null, 3, 1], received [2, 4]";
    expect(() => model(ones(2, 4))).toThrow(wrong);
    expect(() => model([ones(2, 3), ones(2, 3)])).toThrow('expected 1 input(s) (input_layer), received 2');
  });

  test.each<[string, () => unknown, string]>([
    ['no outputs', () => new Model({ inputs: input({ shape: [1] }) }), 'needs both inputs and outputs'],
    ['real tensors', () => new Model({ inputs: ones(1), outputs: ones(1) }), 'expected inputs to be symbolic tensors'],
    [
      'an input is missing',
      () => new Model({ inputs: input({ shape: [1] }), outputs: dense(1)(input({ shape: [1] })) }),
      "the outputs depend on 'input_layer",
    ],
    [
      'equal names',
      () => {
        const x = input({ shape: [1] });
        return new Model({ inputs: x, outputs: dense(1, { name: 'd' })(dense(1, { name: 'd' })(x)) });
      },
      "two layers are called 'd'",
    ],
    ['no shape', () => input({}), 'expected either shape or batchShape'],
    ['bad size', () => input({ shape: [-2] }), 'received [null, -2]'],
  ])('error: %s', (_, fn, message) => expect(fn).toThrow(message));
});

describe('compiled models', () => {
  const compiled = (loss: CompileArgs['loss']): Model => {
    const model = new Sequential([dense(1, { inputShape: [2] })]);
    model.compile({ optimizer: 'sgd', loss });
    return model;
  };

  test('say so in their config', () => {
    expect(serialize(compiled('mse')).compile_config).toMatchObject({ loss: 'mse', optimizer: { class_name: 'SGD' } });
    expect(serialize(new Sequential([dense(1)])).compile_config).toBeUndefined();
  });

  test('with a loss written in place have a config without it', () => {
    expect(serialize(compiled((a, b) => ops.mean(ops.subtract(a, b)))).compile_config).toBeUndefined();
  });
});

describe('sequential models', () => {
  test('are built by their first input', async () => {
    const model = new Sequential([dense(3, { kernelInitializer: 'ones' }), activation('relu')]);
    expect([model.built, model.weights.length]).toEqual([false, 0]);
    expect(await read(model(ones(2, 4)))).toEqual([4, 4, 4, 4, 4, 4]);
    expect(model.weights.map(({ path }) => path)).toEqual(['sequential/dense/kernel', 'sequential/dense/bias']);
    await roundTrip(model, ones(2, 4));
  });

  test('are built at once with a shape', () => {
    const model = new Sequential([
      dense(64, { activation: 'relu', inputShape: [100] }),
      dense(10, { activation: 'softmax' }),
    ]);
    expect(model.built).toBe(true);
    expect([model.input.symbolicShape, model.output.symbolicShape]).toEqual([
      [null, 100],
      [null, 10],
    ]);
    expect(names(model.layers)).toEqual(['dense', 'dense_1']);
    const other = new Sequential();
    other.add(input({ shape: [4] }));
    other.add(dense(2));
    other.add(dense(3));
    expect(other.output.symbolicShape).toEqual([null, 3]);
    expect(other.pop()?.name).toBe('dense_3');
    expect(other.output.symbolicShape).toEqual([null, 2]);
  });

  test('nest, with a model first', async () => {
    const inner = new Sequential([dense(3, { inputShape: [2] })]);
    const model = new Sequential([inner, dense(1)]);
    expect(model.output.symbolicShape).toEqual([null, 1]);
    await roundTrip(model, ones(2, 2));
  });

  test('build() takes a shape with the batch', () => {
    const model = new Sequential([dense(2), dropout(0.5)]);
    model.build([null, 3]);
    expect(model.countParams()).toBe(8);
  });

  test.each<[string, () => unknown, string]>([
    ['no layer', () => new Sequential([1 as never]), '[sequential] expected a layer, received 1'],
    ['input in the middle', () => new Sequential([dense(1), input({ shape: [1] })]), 'must be the first entry'],
    ['empty', () => new Sequential()(ones(1)), 'this model has no layers'],
    ['not built', () => new Sequential([dense(1)]).outputs, 'not functional, or not built yet'],
    [
      'wrong rank',
      () => new Sequential([dense(1, { inputShape: [3] })])(ones(1, 2, 2)),
      'of shape [null, 3], received [1, 2, 2]',
    ],
    [
      'wrong size',
      () => new Sequential([dense(1, { inputShape: [3] })])(ones(1, 2)),
      '[dense] expected input with size 3 along axis -1, received shape [1, 2]',
    ],
  ])('error: %s', (_, fn, message) => expect(fn).toThrow(message));
});

describe('subclassed models', () => {
  class Mlp extends Model {
    readonly hidden = dense(4, { activation: 'relu' });
    readonly head: Dense;
    constructor(readonly units = 2) {
      super();
      this.head = dense(units);
    }
    override call(x: Tensor): Tensor {
      return this.head(this.hidden(x));
    }
  }

  test('run their call, and find their layers', async () => {
    const model = new Mlp();
    expect([model.name, model.className]).toEqual(['mlp', 'Mlp']);
    expect(model(ones(3, 5)).shape).toEqual([3, 2]);
    expect(names(model.layers)).toEqual(['dense', 'dense_1']);
    expect(model.weights.map(({ path }) => path)[0]).toBe('mlp/dense/kernel');
    expect(() => model.output).toThrow('not functional');
  });

  test('are built from data without running', () => {
    const model = new Mlp(3);
    model.buildFor(ones(2, 5));
    expect(model.countParams()).toBe(6 * 4 + 5 * 3);
    expect(model.outputNames).toEqual(['output']);
  });

  test('may be functional', () => {
    class Own extends Model {
      trained = 0;
    }
    const x = input({ shape: [2] });
    const model = new Own({ inputs: x, outputs: dense(1)(x) });
    expect([model.name, model(ones(1, 2)).shape]).toEqual(['own', [1, 1]]);
    const copy = deserialize(serialize(model), { customObjects: { Own } });
    expect(copy).toBeInstanceOf(Own);
  });

  test('without call they say so', () => {
    expect(() => new Model()(ones(1))).toThrow('neither inputs and outputs nor a call() of its own');
  });
});

describe('summary', () => {
  const summaryOf = (model: Model, args = {}): string => {
    let text = '';
    model.summary({ ...args, printFn: (table) => (text += table) });
    return text;
  };

  test('of a stack', () => {
    const model = new Sequential([
      dense(64, { inputShape: [100] }),
      dropout(0.5),
      dense(10, { name: 'a_layer_with_a_long_name' }),
    ]);
    model.layers[0].trainable = false;
    expect(`\n${summaryOf(model, { showTrainable: true })}\n`).toMatchInlineSnapshot(`
      "
      Model: "sequential"
      ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━┓
      ┃ Layer (type)                ┃ Output Shape          ┃    Param # ┃ Trai… ┃
      ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━┩
      │ dense (Dense)               │ (None, 64)            │      6,464 │   N   │
      ├─────────────────────────────┼───────────────────────┼────────────┼───────┤
      │ dropout (Dropout)           │ (None, 64)            │          0 │   -   │
      ├─────────────────────────────┼───────────────────────┼────────────┼───────┤
      │ a_layer_with_a_long_name    │ (None, 10)            │        650 │   Y   │
      │ (Dense)                     │                       │            │       │
      └─────────────────────────────┴───────────────────────┴────────────┴───────┘
       Total params: 7,114 (27.79 KB)
       Trainable params: 650 (2.54 KB)
       Non-trainable params: 6,464 (25.25 KB)
      "
    `);
  });

  test('of a network with branches and a nested model', () => {
    const x = input({ shape: [4] });
    const inner = new Sequential([dense(4, { inputShape: [4] })], { name: 'inner' });
    const model = new Model({ inputs: x, outputs: ops.add(inner(x), x) });
    expect(`\n${summaryOf(model, { expandNested: true })}\n`).toMatchInlineSnapshot(`
      "
      Model: "functional"
      ┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
      ┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
      ┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
      │ input_layer         │ (None, 4)         │          0 │ -                 │
      │ (InputLayer)        │                   │            │                   │
      ├─────────────────────┼───────────────────┼────────────┼───────────────────┤
      │ inner (Sequential)  │ (None, 4)         │         20 │ input_layer[0][0] │
      ├─────────────────────┼───────────────────┼────────────┼───────────────────┤
      │    └ dense (Dense)  │ (None, 4)         │         20 │                   │
      ├─────────────────────┼───────────────────┼────────────┼───────────────────┤
      │ add (Add)           │ (None, 4)         │          0 │ inner[0][0],      │
      │                     │                   │            │ input_layer[0][0] │
      └─────────────────────┴───────────────────┴────────────┴───────────────────┘
       Total params: 20 (80.00 B)
       Trainable params: 20 (80.00 B)
       Non-trainable params: 0 (0.00 B)
      "
    `);
  });

  test('of a model that is not built', () => {
    expect(`\n${summaryOf(new Sequential([dense(2)]), { lineLength: 60 })}\n`).toMatchInlineSnapshot(`
      "
      Model: "sequential"
      ┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓
      ┃ Layer (type)           ┃ Output Shape    ┃   Param # ┃
      ┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩
      │ dense (Dense)          │ ?               │         0 │
      │                        │                 │ (unbuilt) │
      └────────────────────────┴─────────────────┴───────────┘
       Total params: 0 (0.00 B)
       Trainable params: 0 (0.00 B)
       Non-trainable params: 0 (0.00 B)
      "
    `);
  });
});

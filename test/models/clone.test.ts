// Copies of models, by clone and by JSON; what models say of themselves; limits that hold for all training.
import {
  clearSession,
  cloneModel,
  dense,
  dropout,
  input,
  jit,
  layers,
  Model,
  modelFromJson,
  optimizers,
  Sequential,
  setMaxEpochs,
  setMaxStepsPerEpoch,
  tensor,
  utils,
  Variable,
} from 'hornet';

function shared(): Model {
  const a = input({ shape: [4], name: 'a' });
  const twice = dense(4, { name: 'twice', kernelInitializer: 'ones' });
  const inner = new Sequential([dense(2, { inputShape: [4], name: 'inside' })], { name: 'inner' });
  return new Model({ inputs: { a }, outputs: [inner(twice(twice(a))), twice(a)], name: 'whole' });
}

test('a copy has the same layers in the same places, and weights of its own', async () => {
  const model = shared();
  const copy = cloneModel(model);
  expect(copy.name).toBe('whole');
  expect(copy.layers.map(({ name, className }) => [name, className])).toEqual(
    model.layers.map(({ name, className }) => [name, className]),
  );
  expect(copy.weights.map(({ shape }) => shape)).toEqual(model.weights.map(({ shape }) => shape));
  expect(copy.weights.some((weight) => model.weights.includes(weight))).toBe(false);
  copy.setWeights(await model.getWeights());
  const x = { a: [[1, 2, 3, 4]] };
  const numbers = async (m: Model): Promise<number[][]> =>
    Promise.all((await m.predict<[never]>(x)).map((each: { numbers(): Promise<number[]> }) => each.numbers()));
  expect(await numbers(copy)).toEqual(await numbers(model));
});

test('layers may be replaced, in models within only when asked', () => {
  const wider = (layer: layers.Layer): layers.Layer =>
    layer instanceof layers.Dense ? dense(layer.units * 2, { name: layer.name }) : cloneLayer(layer);
  const cloneLayer = (layer: layers.Layer): layers.Layer => layer;
  const stack = new Sequential([dense(2, { inputShape: [3] }), dropout(0.5), dense(1)]);
  const copy = cloneModel(stack, { cloneFunction: wider });
  expect(copy.outputs[0].symbolicShape).toEqual([null, 2]);
  const nested = new Model({ inputs: stack.inputs, outputs: stack(stack.inputs[0]) });
  expect(cloneModel(nested, { cloneFunction: wider, recursive: true }).outputs[0].symbolicShape).toEqual([null, 2]);
  expect(cloneModel(nested, { cloneFunction: wider }).outputs[0].symbolicShape).toEqual([null, 1]);
});

test('calls may be changed, and inputs given', () => {
  const seen: string[] = [];
  const begin = input({ shape: [4], name: 'other' });
  const copy = cloneModel(shared(), {
    inputTensors: { a: begin },
    callFunction: (layer, args, options) => {
      seen.push(layer.name);
      return (layer as unknown as (...all: unknown[]) => never)(...args, options);
    },
  });
  expect(seen).toEqual(['twice', 'twice', 'inner', 'twice']);
  expect(copy.inputs[0]).toBe(begin);
});

test('what cannot be cloned', () => {
  class Own extends Model {
    static override readonly className = 'Own';
    inside = dense(1);
    override call(x: never): never {
      return this.inside(x) as never;
    }
  }
  expect(() => cloneModel(new Own(), { cloneFunction: (layer) => layer })).toThrow('has a call() of its own');
  expect(cloneModel(new Own())).toBeInstanceOf(Own);
  expect(() => cloneModel(new Sequential(), { callFunction: () => [] })).toThrow(
    'callFunction is for functional models',
  );
});

test('JSON holds the architecture and how it is compiled', () => {
  const model = shared();
  model.compile({ optimizer: 'adam', loss: ['mse', null], metrics: [['mae'], []] });
  const copy = modelFromJson(model.toJson());
  expect(JSON.parse(copy.toJson())).toEqual(JSON.parse(model.toJson()));
  expect(copy.inputShape).toEqual({ a: [null, 4] });
  expect(copy.outputShape).toEqual([
    [null, 2],
    [null, 4],
  ]);
  expect(() => modelFromJson('{')).toThrow('[modelFromJson] expected the JSON of a model');
});

test('a summary may list a part of the layers', () => {
  const model = new Sequential(['a', 'b1', 'b2', 'c'].map((name) => dense(1, { name, inputShape: [1] })));
  let text = '';
  const summary = (layerRange: [string, string]): string[] => {
    model.summary({ layerRange, printFn: (lines) => (text = lines) });
    return [...text.matchAll(/│ (\w+) \(Dense\)/g)].map(([, name]) => name);
  };
  expect(summary(['b', 'b'])).toEqual(['b1', 'b2']);
  expect(summary(['b2', 'c'])).toEqual(['b2', 'c']);
  expect(() => summary(['c', 'a'])).toThrow("[summary] no layers are within layerRange ['c', 'a']");
});

test('variables are added to and taken from, in and out of programs', async () => {
  const variable = new Variable([1, 2]);
  variable.assignAdd([1, 1]);
  jit(() => {
    variable.assignSub(0.5);
    return [];
  })();
  expect(await variable.value.numbers()).toEqual([1.5, 2.5]);
  const optimizer = optimizers.sgd({ learningRate: 1 });
  optimizer.applyGradients([[tensor([1, 2]), variable]]);
  expect(await variable.value.numbers()).toEqual([0.5, 0.5]);
});

test('epochs and steps can be limited for all training', async () => {
  clearSession();
  const model = new Sequential([dense(1, { inputShape: [1] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const x = [[1], [2], [3], [4]];
  setMaxEpochs(2);
  setMaxStepsPerEpoch(1);
  try {
    const { epoch } = await model.fit(x, x, { epochs: 5, batchSize: 1, verbose: 0 });
    expect(epoch).toEqual([0, 1]);
    expect(await model.optimizer.iterations.numbers()).toEqual([2]);
    expect((await model.predict(x, { batchSize: 3 })).shape).toEqual([3, 1]);
  } finally {
    setMaxEpochs(null);
    setMaxStepsPerEpoch(null);
  }
  expect(() => setMaxEpochs(0)).toThrow('[setMaxEpochs] expected a positive integer or null, received 0');
});

test('rows of length one', async () => {
  expect(
    await utils
      .normalize([
        [3, 4],
        [0, 0],
      ])
      .numbers(),
  ).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0]);
  expect(
    await utils
      .normalize(
        [
          [1, 3],
          [1, 1],
        ],
        { axis: 0, order: 1 },
      )
      .numbers(),
  ).toEqual([0.5, 0.75, 0.5, 0.25]);
});

test('a progress bar of one’s own shows means, or states as they are', () => {
  const written: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string) => written.push(text) > 0;
  try {
    const bar = new utils.Progbar(4, { interval: 0, width: 4, statefulMetrics: ['state'], unitName: 'file' });
    bar.update(1, { values: { mean: 1, state: 1 } });
    bar.add(3, { mean: 2, state: 5 });
  } finally {
    process.stdout.write = write;
  }
  expect(written[0]).toMatch(/^1\/4 ━─── \d+s \d+[um]?s\/file - mean: 1\.0000 - state: 1\.0000$/);
  expect(written[1]).toMatch(/^4\/4 ━━━━ \d+s \d+[um]?s\/file - mean: 1\.7500 - state: 5\.0000 *$/);
  expect(written[2]).toBe('\n');
});

// Several optimizers in one: who gets which variable, its state, its place in configs and in a model. Numbers of single
// updates are in the vectors.
import { dense, deserialize, optimizers, Sequential, serialize, setRandomSeed, tensor, Variable } from 'hornet';

const { LossScaleOptimizer, MultiOptimizer, OptimizerMap, adam, multiOptimizer, optimizerMap, sgd } = optimizers;

const named = (path: string): Variable => Object.assign(new Variable([1, 2]), { path });

test('a variable has the optimizer of its path, of the one pattern that matches, or the default one', () => {
  const [first, second, rest] = [adam(), sgd(), adam()];
  const map = optimizerMap(rest, { optimizerMap: { 'encoder/dense': first, 'encoder/.*': second } });
  expect(map.get('encoder/dense')).toBe(first);
  expect(map.get('encoder/other')).toBe(second);
  expect(map.get('my_encoder/other')).toBe(rest);
  expect(() => map.set('encoder/.*', adam())).toThrow("[optimizerMap] 'encoder/.*' has an optimizer already");
  map.set('.*/other', adam());
  expect(() => map.get('encoder/other')).toThrow("has several optimizers: 'encoder/.*' and '.*/other' match");
  expect(map.delete('.*/other')).toBe(true);
  expect(map.size).toBe(2);
});

test('each variable is updated by its own optimizer; state and averages are those of the parts', async () => {
  const [a, b] = [named('a'), named('b')];
  const parts = [sgd({ learningRate: 1, name: 'one' }), sgd({ learningRate: 0.5, useEma: true, name: 'other' })];
  const optimizer = multiOptimizer((variable) => parts[variable.path === 'a' ? 0 : 1], { name: 'both' });
  for (let i = 0; i < 2; i++) optimizer.apply([tensor([1, 1]), tensor([1, 1])], [a, b]);
  expect([await a.value.numbers(), await b.value.numbers()]).toEqual([
    [-1, 0],
    [0, 1],
  ]);
  expect(optimizer.variables.map(({ path }) => path)).toEqual([
    'both/iteration',
    'both/learning_rate',
    'one/iteration',
    'one/learning_rate',
    'other/iteration',
    'other/learning_rate',
    'other/b_average',
  ]);
  expect(await optimizer.iterations.numbers()).toEqual([2]);
  expect(optimizer.averageOf(a)).toBeNull();
  expect(optimizer.averageOf(b)).toBe(parts[1].averageOf(b));
  optimizer.finalizeVariableValues([a, b]);
  expect((await b.value.numbers())[0]).toBeCloseTo(0.99 * 0.5, 5);
});

test('what it refuses', () => {
  const inner = multiOptimizer(() => sgd());
  expect(() => inner.learningRate).toThrow('each of the optimizers has its own learning rate');
  expect(() => optimizerMap(sgd(), { optimizerMap: { a: inner } })).toThrow('cannot be used inside a MultiOptimizer');
  const scaled = multiOptimizer(() => new LossScaleOptimizer(sgd()));
  expect(() => scaled.build([named('a')])).toThrow('a LossScaleOptimizer cannot be used inside a MultiOptimizer');
  expect(() => new MultiOptimizer({} as never)).toThrow('expected an OptimizerMap or a function, received');
  expect(() => new OptimizerMap({} as never)).toThrow('expected a default optimizer');
});

test('trains a model, also below scaling of losses, and comes back from its config', async () => {
  setRandomSeed(1);
  const model = new Sequential([dense(3, { inputShape: [2], name: 'first' }), dense(1, { name: 'last' })]);
  const frozen = sgd({ learningRate: 0 });
  const choice = optimizerMap(adam({ learningRate: 0.01 }), { optimizerMap: { '.*last/.*': frozen } });
  model.compile({ optimizer: new LossScaleOptimizer(multiOptimizer(choice)), loss: 'mse' });
  const last = await model.layers[1].getWeights();
  const first = await model.layers[0].getWeights();
  const history = await model.fit(
    [
      [1, 2],
      [3, 4],
    ],
    [[1], [2]],
    { epochs: 3, verbose: 0 },
  );
  expect(history.history.loss[2]).toBeLessThan(history.history.loss[0]);
  expect(await model.layers[1].getWeights()).toEqual(last);
  expect(await model.layers[0].getWeights()).not.toEqual(first);

  const config = serialize(multiOptimizer(choice, { lossScaleFactor: 2 }));
  const copy = deserialize(JSON.parse(JSON.stringify(config)) as typeof config) as InstanceType<typeof MultiOptimizer>;
  expect(serialize(copy)).toEqual(config);
  expect(copy.lossScaleFactor).toBe(2);
});

// Scaling of losses: when steps are left out, how the scale moves, what compile() does by itself, and how little of it is
// in the program. Numbers against Keras are in the vectors and in test/layers/precision.test.ts.
import {
  clearSession,
  dense,
  deserialize,
  optimizers,
  Sequential,
  serialize,
  setDtypePolicy,
  tensor,
  Variable,
} from 'hornet';
import { optimize } from '../../lib/graph/passes/index.js';
import { trace } from '../../lib/graph/trace.js';

const { Adam, LossScaleOptimizer, SGD } = optimizers;

beforeEach(clearSession);
afterEach(() => setDtypePolicy('float32'));

const numbers = (variables: readonly Variable[]): Promise<number[][]> =>
  Promise.all(variables.map((variable) => variable.value.numbers()));

const makeVariables = (): Variable[] => [new Variable([1, 2, 3], { name: 'a' }), new Variable([4, 5], { name: 'b' })];

test('a step with an infinite or NaN gradient changes nothing but the scale', async () => {
  const variables = makeVariables();
  const optimizer = new LossScaleOptimizer(new Adam({ learningRate: 0.1 }), { initialScale: 8 });
  optimizer.apply([tensor([8, 8, 8]), tensor([8, 8])], variables);
  const before = await numbers([...variables, ...optimizer.innerOptimizer.variables]);
  for (const [i, bad] of [Infinity, -Infinity, NaN].entries()) {
    optimizer.apply([tensor([1, 1, 1]), tensor([1, bad])], variables);
    expect(await numbers([...variables, ...optimizer.innerOptimizer.variables])).toEqual(before);
    expect(await optimizer.dynamicScale.value.numbers()).toEqual([8 / 2 ** (i + 1)]);
    expect(await optimizer.stepCounter.value.numbers()).toEqual([0]);
  }
  expect(await optimizer.iterations.numbers()).toEqual([1]);
  optimizer.apply([tensor([1, 1, 1]), null], variables);
  expect((await numbers(variables)).flat()).not.toEqual(before.slice(0, 2).flat());
});

test('good steps double the scale; gradients are divided by it', async () => {
  const variables = makeVariables();
  const optimizer = new LossScaleOptimizer(new SGD({ learningRate: 1 }), { initialScale: 4, dynamicGrowthSteps: 2 });
  const scales: number[][] = [];
  for (let step = 0; step < 5; step++) {
    optimizer.apply([tensor([4, 4, 4]), tensor([0, 0])], variables);
    scales.push((await numbers([optimizer.dynamicScale, optimizer.stepCounter])).flat());
  }
  expect(scales).toEqual([
    [4, 1],
    [8, 0],
    [8, 1],
    [16, 0],
    [16, 1],
  ]);
  // Steps of 4/4, 4/4, 4/8, 4/8, 4/16.
  expect((await numbers(variables))[0]).toEqual([1 - 3.25, 2 - 3.25, 3 - 3.25]);
  expect(await optimizer.scaleLoss(tensor([2])).numbers()).toEqual([32]);
});

test('accumulated gradients and averages are left alone by a step that overflows', async () => {
  const variables = makeVariables();
  const inner = new SGD({ learningRate: 0.5, gradientAccumulationSteps: 2, useEma: true });
  const optimizer = new LossScaleOptimizer(inner, { initialScale: 2 });
  const good = [tensor([1, 1, 1]), tensor([1, 1])];
  optimizer.apply(good, variables);
  const before = await numbers(inner.variables);
  optimizer.apply([tensor([1, Infinity, 1]), tensor([1, 1])], variables);
  expect(await numbers(inner.variables)).toEqual(before);
  optimizer.apply(good, variables);
  // The mean of 1/2, from the first step, and 1, after the scale was halved.
  expect((await numbers(variables))[0]).toEqual([0.625, 1.625, 2.625]);
  optimizer.finalizeVariableValues(variables);
  expect((await numbers(variables))[1]).toEqual([3.625, 4.625]);
});

test('state, config and learning rate are those of Keras', async () => {
  const inner = new SGD({ learningRate: 0.5, momentum: 0.9, lossScaleFactor: 8 });
  const optimizer = new LossScaleOptimizer(inner, { initialScale: 16 });
  expect(inner.lossScaleFactor).toBeNull();
  optimizer.build(makeVariables());
  expect(optimizer.variables.map(({ path }) => path)).toEqual([
    'loss_scale_optimizer/iteration',
    'loss_scale_optimizer/learning_rate',
    'loss_scale_optimizer/step_counter',
    'loss_scale_optimizer/dynamic_scale',
    'sgd/iteration',
    'sgd/learning_rate',
    'sgd/a_momentum',
    'sgd/b_momentum',
  ]);
  optimizer.learningRate = 0.25;
  expect(await inner.learningRate.numbers()).toEqual([0.25]);
  expect(await optimizer.learningRate.numbers()).toEqual([0.25]);
  const config = serialize(optimizer);
  expect(Object.keys(config.config)).toEqual(['name', 'inner_optimizer', 'initial_scale', 'dynamic_growth_steps']);
  const copy = deserialize(config) as typeof optimizer;
  expect(copy).toBeInstanceOf(LossScaleOptimizer);
  expect((copy.innerOptimizer as typeof inner).momentum).toBe(0.9);
  expect(serialize(copy)).toEqual(config);
});

test('options of training belong to the inner optimizer', () => {
  const inner = new SGD();
  for (const args of [{ clipnorm: 1 }, { weightDecay: 0.1 }, { unheardOf: 1 }, { dynamic: false }]) {
    expect(() => new LossScaleOptimizer(inner, args as object)).toThrow(/^\[loss_scale_optimizer[_\d]*\]/);
  }
  expect(() => new LossScaleOptimizer('sgd' as never)).toThrow('expected an optimizer');
});

test('compile() wraps the optimizer of mixed_float16 models only, and not in configs', () => {
  const made = (policy: 'float32' | 'float16' | 'mixed_bfloat16' | 'mixed_float16'): Sequential => {
    setDtypePolicy(policy);
    return new Sequential([dense(1, { inputShape: [2] })]);
  };
  for (const policy of ['float32', 'float16', 'mixed_bfloat16'] as const) {
    const model = made(policy);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(model.optimizer).toBeInstanceOf(SGD);
  }
  const model = made('mixed_float16');
  const own = new SGD();
  model.compile({ optimizer: own, loss: 'mse' });
  expect(model.optimizer).toBeInstanceOf(LossScaleOptimizer);
  expect(model.getCompileConfig()!.optimizer).toBe(own);
  const scaled = new LossScaleOptimizer(own);
  model.compile({ optimizer: scaled, loss: 'mse' });
  expect(model.optimizer).toBe(scaled);
  model.compile({ optimizer: own, loss: 'mse', autoScaleLoss: false });
  expect(model.optimizer).toBe(own);
});

test('a step has one instruction more for all gradients, and two for scalars', () => {
  const instructions = (autoScaleLoss: boolean): string[] => {
    setDtypePolicy('mixed_float16');
    const model = new Sequential([dense(8, { inputShape: [4], activation: 'relu' }), dense(8), dense(1)]);
    model.compile({ optimizer: new SGD({ momentum: 0.9 }), loss: 'mse', autoScaleLoss });
    const step = (x: Parameters<typeof model.trainStep>[0]['x'], y: typeof x): ReturnType<typeof model.trainStep> =>
      model.trainStep({ x, y, sampleWeight: null });
    const { graph } = trace(
      (x, y) => Object.values(step(x, y)),
      [
        { shape: [16, 4], dtype: 'float32' },
        { shape: [16, 1], dtype: 'float32' },
      ],
    );
    const structural = new Set(['parameter', 'constant', 'reshape']);
    return optimize(graph).nodes.flatMap(({ op, inputs }) =>
      op.name === 'all_finite'
        ? [`all_finite ${inputs.map(({ dtype }) => dtype).join(' ')}`]
        : structural.has(op.name)
          ? []
          : [op.name],
    );
  };
  const [plain, scaled] = [instructions(false), instructions(true)];
  // The gradients are read as they are computed, before anything widens them.
  expect(scaled.filter((name) => name.startsWith('all_finite'))).toEqual([`all_finite${' float16'.repeat(6)}`]);
  // The scale where the gradients begin, and the next one; all else is within the instructions of the updates.
  expect(scaled.length).toBe(plain.length + 3);
});

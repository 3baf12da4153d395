// A student that learns from a teacher: the same numbers as in Keras (scripts/goldens/distillation.py).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, distillation, input, loadModel, losses, Model, optimizers, tensor } from 'hornet';

const { Distiller, FeatureDistillation, LogitsDistillation } = distillation;

interface Case {
  teacher: number[][];
  student: number[][];
  history: Record<string, number[]>;
  evaluated: Record<string, number>;
  trained: number[][];
}

const golden = JSON.parse(await readFile(new URL('../golden/distillation.json', import.meta.url), 'utf8')) as {
  x: number[][];
  y: number[][];
  cases: Record<string, Case>;
};
const [x, y] = [tensor(golden.x), tensor(golden.y, undefined, 'int32')];

function model(name: string, weights?: number[][]): Model {
  const inputs = input({ shape: [4] });
  const hidden = dense(5, { activation: 'tanh', name: 'hidden' })(inputs);
  const made = new Model({ inputs, outputs: dense(3, { name: 'logits' })(hidden), name });
  if (weights) made.setWeights(made.weights.map(({ shape }, i) => tensor(Float32Array.from(weights[i]), shape)));
  return made;
}

const cases = {
  logits: { losses: [new LogitsDistillation({ temperature: 2 })], args: { studentLossWeight: 0.3 } },
  'crossentropy of logits': {
    losses: [new LogitsDistillation({ loss: new losses.CategoricalCrossentropy({ fromLogits: true }) })],
    args: { studentLossWeight: 0 },
  },
  'divergence of softmax': { losses: [new LogitsDistillation({ loss: new losses.KLDivergence() })], args: {} },
  features: {
    losses: [
      new LogitsDistillation(),
      new FeatureDistillation({ teacherLayerName: 'hidden', studentLayerName: 'hidden' }),
      new FeatureDistillation({ loss: 'mae' }),
    ],
    args: { distillationLossWeights: [1, 0.5, 2] },
  },
};

test.each(Object.entries(cases))('%s', async (name, { losses: distillationLosses, args }) => {
  const { teacher, student, history, evaluated, trained } = golden.cases[name];
  const distiller = new Distiller(model('teacher', teacher), model('student', student), distillationLosses, args);
  distiller.compile({
    optimizer: new optimizers.SGD({ learningRate: 0.1 }),
    loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }),
    metrics: ['accuracy'],
  });
  const logs = (await distiller.fit(x, y, { batchSize: 4, epochs: 3, shuffle: false, verbose: 0 })).history;
  expect(Object.keys(logs).sort()).toEqual(Object.keys(history).sort());
  for (const [key, values] of Object.entries(history)) {
    values.forEach((value, epoch) => expect(logs[key][epoch]).toBeCloseTo(value, 5));
  }
  const result = (await distiller.evaluate(x, y, { batchSize: 4, verbose: 0, returnDict: true })) as object;
  for (const [key, value] of Object.entries(evaluated)) expect(result[key as never]).toBeCloseTo(value, 5);
  for (const [i, weight] of distiller.student.weights.entries()) {
    const values = Array.from((await weight.value.data()) as Float32Array);
    trained[i].forEach((value, k) => expect(values[k]).toBeCloseTo(value, 5));
  }
  expect(distiller.teacher.trainableWeights).toHaveLength(0);
  expect(await (distiller.predict(x) as Promise<unknown>)).toEqual(await distiller.student.predict(x));
});

test('a distiller is saved with its models and losses', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hornet-distiller-'));
  const distiller = new Distiller(model('teacher'), model('student'), cases.features.losses, cases.features.args);
  distiller.compile({ loss: 'sparseCategoricalCrossentropy' });
  await distiller.fit(x, y, { verbose: 0 });
  await distiller.save(join(folder, 'distiller.keras'));
  const loaded = await loadModel<InstanceType<typeof Distiller>>(join(folder, 'distiller.keras'));
  expect(loaded.distillationLossWeights).toEqual([1, 0.5, 2]);
  expect((loaded.distillationLosses[1] as InstanceType<typeof FeatureDistillation>).teacherLayerName).toBe('hidden');
  expect(await (await loaded.student.predict(x)).array()).toEqual(await (await distiller.student.predict(x)).array());
  await rm(folder, { recursive: true });
});

test('what does not fit is told', () => {
  const [teacher, student] = [model('teacher'), model('student')];
  const loss = new LogitsDistillation();
  expect(() => new Distiller(teacher, student, loss, { studentLossWeight: 2 })).toThrow('from 0 to 1, received 2');
  expect(() => new Distiller(teacher, student, [loss], { distillationLossWeights: [1, 2] })).toThrow(
    'expected 1 distillationLossWeights, received 2',
  );
  expect(() => new Distiller(teacher, student, new FeatureDistillation({ teacherLayerName: 'x' }))).toThrow(
    "there is no layer 'x'",
  );
  const a = input({ shape: [5] });
  const other = new Model({ inputs: a, outputs: dense(3)(a) });
  expect(() => new Distiller(teacher, other, loss)).toThrow(
    'expected inputs of teacher and student to be alike, received [null, 4] float32 and [null, 5] float32',
  );
  expect(() => new Distiller(teacher, student, loss).compile()).toThrow('the loss of the student');
  expect(() => new LogitsDistillation({ temperature: 0 })).toThrow('expected temperature to be positive, received 0');
  expect(() => new FeatureDistillation({ loss: [null] })).toThrow('at least one loss that is not null');
});

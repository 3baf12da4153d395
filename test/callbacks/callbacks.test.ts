// Callbacks that act on the training: when they act, and what they leave.
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Callback,
  callbacks,
  CSVLogger,
  dense,
  EarlyStopping,
  LearningRateScheduler,
  optimizers,
  ReduceLROnPlateau,
  RemoteMonitor,
  Sequential,
  setRandomSeed,
  SwapEMAWeights,
  TerminateOnNaN,
  type CompileArgs,
  type Logs,
} from 'hornet';

const x = [
  [1, 2],
  [3, 4],
  [5, 6],
  [7, 8],
];
const y = [[1], [2], [3], [4]];
const quiet = { verbose: 0, shuffle: false } as const;

function linear(args: CompileArgs = {}): Sequential {
  const model = new Sequential([dense(1, { inputShape: [2], kernelInitializer: 'ones' })]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.01 }), loss: 'mse', metrics: ['mae'], ...args });
  return model;
}

/** Replaces a quantity of the logs before others look at it. */
class Fake extends Callback {
  constructor(
    private readonly name: string,
    private readonly values: readonly number[],
  ) {
    super();
  }
  override onEpochEnd(epoch: number, logs: Logs): void {
    logs[this.name] = this.values[epoch];
  }
}

describe('early stopping', () => {
  const run = async (values: readonly number[], args: ConstructorParameters<typeof EarlyStopping>[0]) => {
    const stopping = new EarlyStopping({ monitor: 'loss', ...args });
    const model = linear();
    const { epoch } = await model.fit(x, y, {
      epochs: values.length,
      callbacks: [new Fake('loss', values), stopping],
      ...quiet,
    });
    return { stopping, epochs: epoch.length, model };
  };

  test('counts epochs without improvement', async () => {
    expect((await run([5, 4, 4, 4, 3, 2], { patience: 2 })).epochs).toBe(4);
    expect((await run([5, 4, 4, 3, 3, 3], { patience: 2 })).epochs).toBe(6);
    expect((await run([5, 4.5, 4, 3], { patience: 1, minDelta: 1 })).epochs).toBe(2);
    expect((await run([5, 6, 7, 8], { patience: 1, mode: 'max' })).epochs).toBe(4);
  });

  test('a baseline has to be beaten, epochs at the beginning may be left out', async () => {
    expect((await run([5, 4, 4, 1, 1], { patience: 3, baseline: 1.5 })).epochs).toBe(3);
    expect((await run([1, 5, 4, 3, 3, 3], { patience: 1, startFromEpoch: 1 })).epochs).toBe(5);
  });

  test('brings the best weights back', async () => {
    const kept: unknown[] = [];
    const model = linear();
    const stopping = new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    const keep = new callbacks.LambdaCallback({ onEpochEnd: async () => void kept.push(await model.getWeights()) });
    const fake = new Fake('loss', [3, 1, 2, 2, 2]);
    await model.fit(x, y, { epochs: 5, callbacks: [keep, fake, stopping], ...quiet });
    expect(kept).toHaveLength(4);
    expect(stopping).toMatchObject({ bestEpoch: 1, stoppedEpoch: 3, best: 1 });
    expect(await model.getWeights()).toEqual(kept[1]);
  });

  test('asks the metric whether more is better', async () => {
    const r2 = linear({ metrics: ['r2_score', 'mae'] });
    const watch = (monitor: string): EarlyStopping => new EarlyStopping({ monitor, patience: 1 });
    const fit = (callback: Callback, values: [string, readonly number[]]): Promise<number> =>
      r2
        .fit(x, y, { epochs: 4, callbacks: [new Fake(...values), callback], ...quiet })
        .then(({ epoch }) => epoch.length);
    expect(await fit(watch('r2_score'), ['r2_score', [1, 2, 3, 4]])).toBe(4);
    expect(await fit(watch('mae'), ['mae', [1, 2, 3, 4]])).toBe(2);
    await expect(fit(watch('speed'), ['speed', [1, 2, 3, 4]])).rejects.toThrow(
      "[earlyStopping] nothing says whether 'speed' should rise or fall; pass mode: 'max' or mode: 'min'",
    );
  });
});

describe('learning rates', () => {
  const ratesOf = async (callback: Callback, values: readonly number[], args: CompileArgs = {}): Promise<Logs[]> => {
    const seen: Logs[] = [];
    const see = new callbacks.LambdaCallback({ onEpochEnd: (_, logs) => void seen.push({ ...logs }) });
    const callbackList = [new Fake('loss', values), callback, see];
    await linear(args).fit(x, y, { epochs: values.length, callbacks: callbackList, ...quiet });
    return seen;
  };
  const sgd = (learningRate: number, name: string) => optimizers.sgd({ learningRate, name });

  test('fall on a plateau, rest, and stop at the bound', async () => {
    const plateau = new ReduceLROnPlateau({ monitor: 'loss', factor: 0.5, patience: 1, cooldown: 1, minLr: 0.002 });
    const rates = (await ratesOf(plateau, [1, 1, 1, 1, 1, 1, 1])).map(({ learning_rate: rate }) => rate);
    // Logged before it changes. Cooldown ends in the epoch in which the count begins anew.
    const expected = [0.01, 0.01, 0.005, 0.0025, 0.002, 0.002, 0.002];
    rates.forEach((rate, i) => expect(rate).toBeCloseTo(expected[i], 6));
  });

  test('follow a function; each of several optimizers by itself', async () => {
    const scheduler = (): Callback => new LearningRateScheduler((epoch, rate) => (epoch === 0 ? rate : rate / 2));
    const single = (await ratesOf(scheduler(), [1, 1, 1])).map(({ learning_rate: rate }) => rate);
    [0.01, 0.005, 0.0025].forEach((rate, i) => expect(single[i]).toBeCloseTo(rate, 7));
    const choice = optimizers.optimizerMap(sgd(0.1, 'one'), { optimizerMap: { '.*bias': sgd(0.2, 'two') } });
    const both = await ratesOf(scheduler(), [1, 1], { optimizer: optimizers.multiOptimizer(choice) });
    expect(both[1].learning_rate_one).toBeCloseTo(0.05, 6);
    expect(both[1].learning_rate_two).toBeCloseTo(0.1, 6);
  });
});

test('averages stand in for the weights while the model is evaluated', async () => {
  setRandomSeed(1);
  const optimizer = optimizers.sgd({ learningRate: 0.01, useEma: true, emaMomentum: 0.5 });
  const model = linear({ optimizer });
  const [kernel] = model.trainableVariables;
  const seen: Record<string, number>[] = [];
  const look = async (where: string): Promise<void> => {
    const [weight, average] = await Promise.all(
      [kernel, optimizer.averageOf(kernel)!].map(async (v) => Number((await v.data())[0])),
    );
    seen.push({ [where]: weight, average });
  };
  const watch = new callbacks.LambdaCallback({
    onTestBegin: () => look('test'),
    onTestEnd: () => look('after'),
    onEpochEnd: () => look('epoch'),
  });
  await model.fit(x, y, { epochs: 1, callbacks: [new SwapEMAWeights(), watch], validationData: [x, y], ...quiet });
  const [test, after, epoch] = seen;
  expect(test.test).toBeCloseTo(after.average, 6);
  expect(test.average).toBeCloseTo(after.after, 6);
  expect(epoch.epoch).toBeCloseTo(after.after, 6);

  seen.length = 0;
  const swap = new SwapEMAWeights({ swapOnEpoch: true });
  await model.fit(x, y, { epochs: 1, callbacks: [swap, watch], ...quiet });
  await look('end');
  // Callbacks after it saw the averages, which stay in the model.
  expect(seen[1].end).toBeCloseTo(seen[0].epoch, 6);
  await expect(linear().evaluate(x, y, { callbacks: [new SwapEMAWeights()], verbose: 0 })).rejects.toThrow(
    /swapEMAWeights|built/,
  );
});

test('a loss that is no number stops the training, or fails it', async () => {
  const bad = [
    [NaN, 1],
    [3, 4],
    [5, 6],
    [7, 8],
  ];
  const stopped = await linear().fit(bad, y, { epochs: 3, callbacks: [new TerminateOnNaN()], ...quiet });
  expect(stopped.epoch).toEqual([0]);
  const failing = linear().fit(bad, y, { callbacks: [new TerminateOnNaN({ raiseError: true })], ...quiet });
  await expect(failing).rejects.toThrow('[terminateOnNaN] the loss of batch 0 is NaN');
});

test('CSV files have columns for validations that come later', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'hornet-')), 'log.csv');
  const args = {
    epochs: 2,
    validationFreq: 2,
    validationData: [x, y] as const,
    callbacks: [new CSVLogger(path)],
    ...quiet,
  };
  await linear().fit(x, y, args);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines[0]).toBe('epoch,loss,mae,val_loss,val_mae');
  expect(lines[1]).toMatch(/^0,[\d.]+,[\d.]+,NA,NA$/);
  expect(lines[2]).toMatch(/^1,[\d.]+,[\d.]+,[\d.]+,[\d.]+$/);
});

test('epochs are sent to a server, which need not be there', async () => {
  const bodies: [string | undefined, string][] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      bodies.push([request.headers['content-type'], body]);
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fit = (...monitors: RemoteMonitor[]): Promise<unknown> => linear().fit(x, y, { callbacks: monitors, ...quiet });
  await fit(new RemoteMonitor({ root }), new RemoteMonitor({ root, sendAsJson: true, headers: { 'x-run': '1' } }));
  await new Promise((done) => server.close(done));
  const sent = JSON.parse(bodies[1][1]) as Logs;
  expect(sent).toMatchObject({ epoch: 0, loss: expect.any(Number) as number });
  expect(bodies[1][0]).toBe('application/json');
  expect(JSON.parse(new URLSearchParams(bodies[0][1]).get('data')!)).toEqual(sent);
  await fit(new RemoteMonitor({ root }));
});

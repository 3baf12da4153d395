// A training that is interrupted goes on with the numbers of one that is not.
import { access, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BackupAndRestore,
  callbacks,
  clearSession,
  dense,
  dropout,
  optimizers,
  Sequential,
  setRandomSeed,
  type History,
} from 'hornet';

const x = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(i)]);
const y = x.map(([a, b]) => [a - 2 * b]);

/** The same model, as a script that is started again makes it. */
function build(): Sequential {
  clearSession();
  setRandomSeed(7);
  const model = new Sequential([dense(8, { inputShape: [2], activation: 'tanh' }), dropout(0.3), dense(1)]);
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.05, useEma: true }), loss: 'mse' });
  return model;
}

class Interruption extends Error {}

const interrupt = (
  hook: 'onEpochBegin' | 'onTrainBatchEnd',
  at: number,
): InstanceType<typeof callbacks.LambdaCallback> => {
  let seen = 0;
  const fail = (): void => {
    if (seen++ === at) throw new Interruption();
  };
  return new callbacks.LambdaCallback({ [hook]: fail });
};

const fit = (model: Sequential, ...list: InstanceType<typeof callbacks.Callback>[]): Promise<History> =>
  model.fit(x, y, { epochs: 5, batchSize: 8, verbose: 0, callbacks: list });

const folder = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'hornet-')), 'backup');
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

test('goes on after the last epoch with the same numbers: weights, optimizer, dropout and order of samples', async () => {
  const whole = build();
  const { history } = await fit(whole);
  const dir = await folder();
  await expect(fit(build(), new BackupAndRestore(dir), interrupt('onEpochBegin', 3))).rejects.toThrow(Interruption);
  expect((await readdir(dir)).sort()).toEqual(['backup-2.weights.h5', 'training_metadata.json']);
  const resumed = build();
  const rest = await fit(resumed, new BackupAndRestore(dir));
  expect(rest.epoch).toEqual([3, 4]);
  expect(rest.history.loss).toEqual(history.loss.slice(3));
  expect(await resumed.getWeights()).toEqual(await whole.getWeights());
  expect(await exists(dir)).toBe(false);
});

test('may be interrupted again and again, and keep its files', async () => {
  const { history } = await fit(build());
  const dir = await folder();
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const log = new callbacks.LambdaCallback({ onEpochEnd: (_, logs) => void losses.push(logs.loss) });
    await expect(fit(build(), new BackupAndRestore(dir), log, interrupt('onEpochBegin', 1))).rejects.toThrow(
      Interruption,
    );
  }
  const last = await fit(build(), new BackupAndRestore(dir, { deleteCheckpoint: false }));
  expect([...losses, ...last.history.loss]).toEqual(history.loss);
  expect(await exists(dir)).toBe(true);
});

test.each([1, 2, 3])('goes on in the midst of an epoch, saved after every %d batches', async (saveFreq) => {
  const whole = build();
  const { history } = await fit(whole);
  const dir = await folder();
  // Three batches an epoch, interrupted after the fifth.
  const backup = new BackupAndRestore(dir, { saveFreq });
  await expect(fit(build(), backup, interrupt('onTrainBatchEnd', 4))).rejects.toThrow(Interruption);
  const batches: number[] = [];
  const watch = new callbacks.LambdaCallback({ onTrainBatchEnd: (batch) => void batches.push(batch) });
  const resumed = build();
  const rest = await fit(resumed, new BackupAndRestore(dir), watch);
  expect(rest.epoch).toEqual([1, 2, 3, 4]);
  expect(batches[0]).toBe({ 1: 2, 2: 1, 3: 0 }[saveFreq]);
  expect(rest.history.loss).toEqual(history.loss.slice(1));
  expect(await resumed.getWeights()).toEqual(await whole.getWeights());
});

test('goes on in the midst of batches that a generator gives', async () => {
  async function* batches(): AsyncGenerator<[number[][], number[][]]> {
    for (let i = 0; i < x.length; i += 8) yield await Promise.resolve([x.slice(i, i + 8), y.slice(i, i + 8)]);
  }
  const source = { [Symbol.asyncIterator]: batches };
  const train = (model: Sequential, ...list: InstanceType<typeof callbacks.Callback>[]): Promise<History> =>
    model.fit(source as never, null, { epochs: 3, verbose: 0, callbacks: list });
  const whole = build();
  await train(whole);
  const dir = await folder();
  const backup = new BackupAndRestore(dir, { saveFreq: 2 });
  await expect(train(build(), backup, interrupt('onTrainBatchEnd', 4))).rejects.toThrow(Interruption);
  const resumed = build();
  await train(resumed, new BackupAndRestore(dir));
  expect(await resumed.getWeights()).toEqual(await whole.getWeights());
});

test('where the last backup cannot be read, the one before is', async () => {
  const dir = await folder();
  const backup = (): BackupAndRestore => new BackupAndRestore(dir, { doubleCheckpoint: true });
  await expect(fit(build(), backup(), interrupt('onEpochBegin', 3))).rejects.toThrow(Interruption);
  await writeFile(join(dir, 'backup-2.weights.h5'), 'broken');
  expect((await fit(build(), backup())).epoch).toEqual([2, 3, 4]);
});

test('what it refuses', async () => {
  expect(() => new BackupAndRestore('')).toThrow('[backupAndRestore] expected the path of a folder');
  expect(() => new BackupAndRestore('a', { saveFreq: 0 })).toThrow(
    "expected saveFreq to be 'epoch' or a positive integer",
  );
});

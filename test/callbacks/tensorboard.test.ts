// Files for TensorBoard: records with check sums, tags and steps, what a reader finds in them.
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { dense, Sequential, TensorBoard, type FitArgs } from 'hornet';
import { crc32, crc32c } from '../../lib/vis/crc.js';
import { pngFile } from '../../lib/vis/png.js';
import { record } from '../../lib/vis/tensorboard/event-file.js';
import { weightImages } from '../../lib/vis/tensorboard/weight-images.js';

test('check sums are those of the standards', () => {
  const digits = Buffer.from('123456789');
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(crc32c(digits)).toBe(0xe3069283);
});

/** A message as fields by number; nested ones stay bytes. */
function fields(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const found = new Map<number, (number | Uint8Array)[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const type = key & 7;
    let value: number | Uint8Array;
    if (type === 0) value = varint();
    else if (type === 1) {
      value = view.getFloat64(at, true);
      at += 8;
    } else {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    }
    found.set(key >> 3, [...(found.get(key >> 3) ?? []), value]);
  }
  return found;
}

const part = (message: Map<number, (number | Uint8Array)[]>, field: number): Uint8Array =>
  message.get(field)![0] as Uint8Array;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

interface Shown {
  readonly tag: string;
  readonly step: number;
  readonly plugin: string;
  readonly content: Uint8Array;
}

/** What is in the event file of a folder. Each record is checked by making it again. */
async function read(folder: string): Promise<Shown[]> {
  const [name] = await readdir(folder);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\..+\.v2$/);
  const bytes = await readFile(join(folder, name));
  const shown: Shown[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.subarray(at, at + 16 + length).equals(record(data))).toBe(true);
    at += 16 + length;
    const event = fields(data);
    if (!event.has(5)) {
      expect(text(part(event, 3))).toBe('brain.Event:2');
      continue;
    }
    for (const each of fields(part(event, 5)).get(1)!) {
      const value = fields(each as Uint8Array);
      const tensor = fields(part(value, 8));
      const plugin = text(part(fields(part(fields(part(value, 9)), 1)), 1));
      const content = (tensor.get(4) ?? tensor.get(8))![0] as Uint8Array;
      shown.push({ tag: text(part(value, 1)), step: (event.get(2)?.[0] as number) ?? 0, plugin, content });
    }
  }
  return shown;
}

async function run(args: ConstructorParameters<typeof TensorBoard>[0], fit: FitArgs = {}) {
  const logDir = await mkdtemp(join(tmpdir(), 'hornet-'));
  const model = new Sequential([dense(2, { inputShape: [2], name: 'first' }), dense(1, { name: 'last' })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const [x, y] = [
    [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ],
    [[1], [2], [3], [4]],
  ];
  const callbacks = [new TensorBoard({ logDir, ...args })];
  const data = { validationData: [x, y] as const, batchSize: 2, verbose: 0 as const, callbacks };
  const { history } = await model.fit(x, y, { epochs: 2, ...data, ...fit });
  return { history, train: await read(join(logDir, 'train')), validation: await read(join(logDir, 'validation')) };
}

const float = (bytes: Uint8Array): number => Buffer.from(bytes).readFloatLE();

test('scalars of epochs and evaluations, and the model', async () => {
  const { history, train, validation } = await run({});
  expect(train.map(({ tag, step }) => `${tag}@${step}`)).toEqual([
    'keras@0',
    ...[0, 1].flatMap((epoch) => [`epoch_loss@${epoch}`, `epoch_learning_rate@${epoch}`]),
  ]);
  expect(train[0].plugin).toBe('graph_keras_model');
  expect(JSON.parse(text(train[0].content))).toMatchObject({ class_name: 'Sequential' });
  expect(train[3].plugin).toBe('scalars');
  expect(float(train[3].content)).toBeCloseTo(history.loss[1], 5);
  expect(validation.map(({ tag, step }) => `${tag}@${step}`)).toEqual([
    'evaluation_loss_vs_iterations@2',
    'epoch_loss@0',
    'evaluation_loss_vs_iterations@4',
    'epoch_loss@1',
  ]);
  expect(float(validation[3].content)).toBeCloseTo(history.val_loss[1], 5);
});

test('scalars of batches, histograms and images of weights', async () => {
  const { train } = await run({ updateFreq: 2, histogramFreq: 2, writeImages: true, writeGraph: false });
  const named = (start: string): string[] =>
    train.filter(({ tag }) => tag.startsWith(start)).map(({ tag, step }) => `${tag}@${step}`);
  expect(named('batch')).toEqual(['batch_loss@2', 'batch_loss@4']);
  const { content } = train.find(({ tag }) => tag.endsWith('first/kernel/histogram'))!;
  const rows = new Float64Array(Uint8Array.from(content).buffer);
  expect(rows).toHaveLength(90);
  expect(rows.filter((_, i) => i % 3 === 2).reduce((a, b) => a + b)).toBe(4);
  expect(train.filter(({ plugin }) => plugin === 'images').map(({ tag }) => tag.split('/').slice(1).join('/'))).toEqual(
    ['first/kernel/image', 'first/bias/image', 'last/kernel/image'],
  );
  await expect(run({ updateFreq: 0 })).rejects.toThrow('[tensorBoard] expected updateFreq to be');
});

test('weights become images whatever their form', () => {
  expect(weightImages('w', [2, 3, 4, 5, 6], [])).toBeNull();
  expect(weightImages('w', [3, 3, 1, 2], new Float32Array(18))).not.toBeNull();
  const file = pngFile(Uint8Array.of(0, 255, 128, 1), 2, 2, 1);
  expect(file.subarray(1, 4).toString()).toBe('PNG');
  const start = file.indexOf('IDAT');
  const rows = inflateSync(file.subarray(start + 4, start + 4 + file.readUInt32BE(start - 4)));
  expect([...rows]).toEqual([0, 0, 255, 0, 128, 1]);
});

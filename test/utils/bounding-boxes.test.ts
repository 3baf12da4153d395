// Bounding boxes: what Keras computes for the same calls (scripts/make-augmentation-golden.py), and errors.
import { readFileSync } from 'node:fs';
import { tensor, utils, type DeviceTensor } from 'hornet';
import { toCamel, mapKeys } from '../../lib/saving/config-case.js';

const { boundingBoxes } = utils;

interface Case {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly options: object;
  readonly result: unknown;
}
const file = new URL('../golden/augmentation.json', import.meta.url);
const { boxes: cases } = JSON.parse(readFileSync(file, 'utf8')) as { boxes: Case[] };

type Call = (...args: unknown[]) => unknown;
/** Lists of numbers as tensors, records as records of them. */
const toArgument = (arg: unknown): unknown => {
  if (Array.isArray(arg)) return tensor(arg as number[]);
  return arg !== null && typeof arg === 'object' ? mapKeys(arg, toCamel, toArgument) : arg;
};
const read = async (result: unknown): Promise<unknown> => {
  if (!('boxes' in (result as object))) return (result as DeviceTensor).array();
  const entries = Object.entries(result as Record<string, DeviceTensor>);
  return Object.fromEntries(await Promise.all(entries.map(async ([key, x]) => [key, await x.array()])));
};
const flat = (value: unknown): number[] =>
  value !== null && typeof value === 'object' ? Object.values(value).flatMap(flat) : [value as number];

const names = [...new Set(cases.map(({ name }) => name))];
test.each(names)('%s as in Keras', async (name) => {
  for (const { args, options, result } of cases.filter((item) => item.name === name)) {
    const call = (boundingBoxes as unknown as Record<string, Call>)[toCamel(name)];
    const got = flat(await read(call(...args.map(toArgument), mapKeys(options, toCamel))));
    const want = flat(result);
    expect(got).toHaveLength(want.length);
    const scale = Math.max(...want.map(Math.abs));
    got.forEach((value, i) => expect(Math.abs(value - want[i])).toBeLessThan(1e-5 * scale));
  }
});

test('IoU of a batch with boxes that are not in one, masked', async () => {
  const [some, one] = [tensor([[[0, 0, 2, 2]], [[-1, -1, -1, -1]]]), tensor([[1, 0, 3, 2]])];
  const iou = boundingBoxes.computeIou(some, one, 'xyxy', { useMasking: true }) as DeviceTensor;
  const [[[overlap]], [[masked]]] = (await iou.array()) as number[][][];
  expect(overlap).toBeCloseTo(1 / 3);
  expect(masked).toBe(-1);
});

test('levels of anchors are decoded one by one', async () => {
  const anchors = { p3: tensor([[0, 0, 4, 4]]), p4: tensor([[0, 0, 8, 8]]) };
  const deltas = { p3: tensor([[0, 0, 0, 0]]), p4: tensor([[0.5, 0, 0, 0]]) };
  const boxes = boundingBoxes.decodeDeltasToBoxes(anchors, deltas, 'xyxy', 'xyxy');
  expect(await (boxes.p3 as DeviceTensor).array()).toEqual([[0, 0, 4, 4]]);
  expect(await (boxes.p4 as DeviceTensor).array()).toEqual([[0, 4, 8, 12]]);
});

test('errors name the function and what is wrong', () => {
  const boxes = tensor([[0, 0, 1, 1]]);
  expect(() => boundingBoxes.convertFormat(boxes, 'xyxy', 'xxyy' as 'xyxy')).toThrow(
    /^\[convertFormat\] expected target to be one of xyxy, .* received 'xxyy'/,
  );
  expect(() => boundingBoxes.convertFormat(boxes, 'xyxy', 'rel_xywh', { height: 3 })).toThrow(/received no width/);
  expect(() => boundingBoxes.convertFormat(tensor([[1, 2]]), 'xyxy', 'xywh')).toThrow(/of shape \[\.\., 4\]/);
  expect(() => boundingBoxes.clipToImageSize({ boxes }, { boundingBoxFormat: 'xywh' })).toThrow(/xyxy or rel_xyxy/);
  expect(() => boundingBoxes.clipToImageSize({ boxes })).toThrow(/received no height/);
  expect(() => boundingBoxes.computeIou(tensor([1, 2, 3, 4]), boxes, 'xyxy')).toThrow(/boxes1 of rank 2 or 3/);
  expect(() => boundingBoxes.computeCiou(boxes, boxes, 'rel_xyxy')).toThrow(/in pixels/);
  expect(() => boundingBoxes.encodeBoxToDeltas(boxes, boxes, 'xyxy', 'xyxy', { variance: [1, 2] })).toThrow(
    /variance to be four numbers/,
  );
});

// What TensorBoard shows, as the messages of its files: scalars, histograms, images, texts for plugins.
import { double, integer, message } from './protobuf.js';

/** One thing to show: a `Summary.Value` with its tag. */
export type Summary = Uint8Array;

const types = { float: 1, double: 2, string: 7 };

/** How a plugin finds its data: 1 for scalars, 2 for tensors, 3 for blobs. */
type DataClass = 1 | 2 | 3;

const metadata = (plugin: string, dataClass: DataClass, content = ''): Uint8Array =>
  message(9, message(1, message(1, plugin), message(2, content)), integer(4, dataClass));

const tensor = (type: number, shape: readonly number[], ...content: readonly Uint8Array[]): Uint8Array =>
  message(8, integer(1, type), message(2, ...shape.map((size) => message(2, integer(1, size)))), ...content);

const summary = (tag: string, ...parts: readonly Uint8Array[]): Summary => message(1, message(1, tag), ...parts);

/** A number. */
export const scalar = (tag: string, value: number): Summary =>
  summary(
    tag,
    tensor(types.float, [], message(4, new Uint8Array(Float32Array.of(value).buffer))),
    metadata('scalars', 1),
  );

/** How values are spread, in buckets of equal width. Values that are no finite numbers are left out. */
export function histogram(tag: string, values: ArrayLike<number>, buckets = 30): Summary {
  const rows = histogramRows(Array.from(values).filter(Number.isFinite), buckets);
  const bytes = new Uint8Array(Float64Array.from(rows.flat()).buffer);
  return summary(tag, tensor(types.double, [rows.length, 3], message(4, bytes)), metadata('histograms', 2));
}

/** Rows of left edge, right edge and count; one for values that are all equal, none for no values. */
function histogramRows(values: readonly number[], buckets: number): number[][] {
  if (values.length === 0) return [];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low === high) return [[low - 0.5, high + 0.5, values.length]];
  const width = (high - low) / buckets;
  const counts = new Array<number>(buckets).fill(0);
  for (const value of values) counts[Math.min(Math.floor((value - low) / width), buckets - 1)]++;
  return counts.map((count, i) => [low + i * width, i === buckets - 1 ? high : low + (i + 1) * width, count]);
}

/** Images of one size, each as the bytes of a PNG file. */
export const images = (tag: string, width: number, height: number, files: readonly Uint8Array[]): Summary =>
  summary(
    tag,
    tensor(
      types.string,
      [files.length + 2],
      ...[String(width), String(height), ...files].map((content) => message(8, content)),
    ),
    metadata('images', 3),
  );

/** A model's config in Keras's JSON, which TensorBoard draws as a graph. */
export const kerasModel = (tag: string, json: string): Summary =>
  summary(tag, tensor(types.string, [], message(8, json)), metadata('graph_keras_model', 3, '1'));

/** The first event of a file. */
export const versionEvent = (seconds: number): Uint8Array =>
  Buffer.concat([double(1, seconds), message(3, 'brain.Event:2')]);

/** An event: things to show at a step. */
export const summaryEvent = (seconds: number, step: number, ...summaries: readonly Summary[]): Uint8Array =>
  Buffer.concat([double(1, seconds), integer(2, step), message(5, ...summaries)]);

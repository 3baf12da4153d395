// Training curves as an SVG: one panel per quantity, training and validation in one picture. Scales and paths are d3's.
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { HornetError } from '../errors.js';
import { svgText, textElement as text, writeDrawing } from './svg.js';

/** Values by name, one per epoch: the logs that `fit()` collects (`loss`, `accuracy`, `val_loss`, …). */
export type HistoryLogs = Readonly<Record<string, readonly number[]>>;

/** What `fit()` returns, or its logs alone. */
export type HistoryLike = HistoryLogs | { readonly epoch: readonly number[]; readonly history: HistoryLogs };

/** Options of {@link plotHistory} and {@link historySvg}. */
export interface PlotHistoryOptions {
  /** Quantities to draw, without their validation twins. Default: all, the loss first. */
  metrics?: readonly string[];
  /** Panels beside each other. Default: 2. */
  columns?: number;
  /** Width and height of one panel in pixels. Default: 440 × 300. */
  panelSize?: readonly [number, number];
  /** Headline above the panels. Default: none. */
  title?: string;
}

/**
 * Writes the training curves as a PNG where `path` ends in `.png`, else as an SVG.
 *
 * @param history - What `fit()` returned, or its logs.
 * @param path - The file to write, for example `curves.svg`.
 * @throws HornetError if there is nothing to draw or the file cannot be written.
 */
export async function plotHistory(history: HistoryLike, path: string, options: PlotHistoryOptions = {}): Promise<void> {
  await writeDrawing('plotHistory', path, historySvg(history, options));
}

/** The training curves as the text of an SVG, for notebooks and web pages. See {@link plotHistory}. */
export function historySvg(history: HistoryLike, options: PlotHistoryOptions = {}): string {
  const [logs, epochs] = readHistory(history);
  const own = Object.keys(logs).filter((name) => !isValidation(name));
  const names = options.metrics ?? own.sort((a, b) => Number(b === 'loss') - Number(a === 'loss'));
  if (names.length === 0) throw new HornetError('plotHistory', 'expected a history with at least one epoch');
  const [width, height] = options.panelSize ?? [440, 300];
  const columns = Math.min(options.columns ?? 2, names.length);
  const top = options.title === undefined ? 0 : 40;
  const panels = names.map((name, i) => {
    if (!(name in logs)) {
      throw new HornetError('plotHistory', `expected one of ${Object.keys(logs).join(', ')}, received '${name}'`);
    }
    const at = `translate(${(i % columns) * width}, ${top + Math.floor(i / columns) * height})`;
    return `<g transform="${at}">${panel(name, seriesOf(name, logs), epochs, width, height)}</g>`;
  });
  const size = [columns * width, top + Math.ceil(names.length / columns) * height];
  const title =
    options.title === undefined ? '' : text(16, 28, options.title, `font-size="17" font-weight="600" fill="${ink}"`);
  return svgText(size[0], size[1], [title, ...panels]);
}

interface Series {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const ink = '#1f2937';
const muted = '#6b7280';
const grid = '#e5e7eb';
const colours = { training: '#2563eb', validation: '#ea580c' };
const margin = { top: 46, right: 24, bottom: 44, left: 58 };

const isValidation = (name: string): boolean => name.startsWith('val_');

function readHistory(history: HistoryLike): [HistoryLogs, readonly number[]] {
  const whole = 'history' in history && !Array.isArray(history.history);
  const logs = whole ? (history as { history: HistoryLogs }).history : (history as HistoryLogs);
  const length = Math.max(0, ...Object.values(logs).map((values) => values.length));
  const epochs = whole ? (history as { epoch: readonly number[] }).epoch : Array.from({ length }, (_, i) => i);
  return [length === 0 ? {} : logs, epochs];
}

function seriesOf(name: string, logs: HistoryLogs): Series[] {
  const training = { label: 'training', colour: colours.training, values: logs[name] };
  const twin = logs[`val_${name}`];
  return twin === undefined
    ? [training]
    : [training, { label: 'validation', colour: colours.validation, values: twin }];
}

function panel(name: string, series: Series[], epochs: readonly number[], width: number, height: number): string {
  const finite = series.flatMap(({ values }) => values.filter(Number.isFinite));
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  // A loss reads best from zero; a quantity that stays far from zero, such as an accuracy of 0.9, would be a flat line.
  const base = low >= 0 && low < high / 3 ? 0 : low;
  const domain = finite.length === 0 ? [0, 1] : base === high ? [base - 0.5, high + 0.5] : [base, high];
  const y = scaleLinear(domain, [height - margin.bottom, margin.top]).nice(5);
  const first = (epochs[0] ?? 0) + 1;
  const last = (epochs.at(-1) ?? 0) + 1;
  const x = scaleLinear([first, Math.max(last, first + 1)], [margin.left, width - margin.right]);

  const [left, right] = x.range();
  const [bottom] = y.range();
  const format = y.tickFormat(5);
  const rows = y.ticks(5).map((value) => {
    const at = y(value).toFixed(1);
    const label = text(left - 8, Number(at) + 4, format(value), `text-anchor="end" fill="${muted}"`);
    return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="${grid}"/>${label}`;
  });
  const columns = x
    .ticks(Math.min(last - first + 1, 8))
    .filter(Number.isInteger)
    .map((value) => text(x(value), bottom + 18, String(value), `text-anchor="middle" fill="${muted}"`));
  const curves = series.map(({ values, colour }) => curve(values, epochs, x, y, colour));
  return [
    text(16, 26, headline(name), `font-size="15" font-weight="600" fill="${ink}"`),
    legend(series, width - margin.right),
    ...rows,
    `<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="${muted}"/>`,
    ...columns,
    text((left + right) / 2, bottom + 36, 'epoch', `text-anchor="middle" fill="${muted}"`),
    ...curves,
  ].join('\n');
}

type Scale = (value: number) => number;

function curve(values: readonly number[], epochs: readonly number[], x: Scale, y: Scale, colour: string): string {
  const points = values.map((value, i): [number, number] => [x((epochs[i] ?? i) + 1), y(value)]);
  const drawn = points.filter((_, i) => Number.isFinite(values[i]));
  const path =
    line()
      .defined(([, at]) => Number.isFinite(at))
      .digits(2)(points) ?? '';
  // Dots show single epochs; on long trainings they would hide the line.
  const dots = values.length > 40 ? drawn.slice(-1) : drawn;
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>`,
    ...dots.map(([cx, cy]) => `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="2.6" fill="${colour}"/>`),
  ].join('');
}

/** Coloured names, right-aligned, with the last value of each curve. */
function legend(series: Series[], right: number): string {
  let x = right;
  return [...series]
    .reverse()
    .map(({ label, colour, values }) => {
      const words = `${label} ${shortNumber(values.at(-1) ?? NaN)}`;
      const end = x;
      x -= words.length * 6.4 + 30;
      const dot = `<circle cx="${(x + 20).toFixed(1)}" cy="22" r="4" fill="${colour}"/>`;
      return dot + text(end, 26, words, `text-anchor="end" fill="${ink}"`);
    })
    .join('');
}

const shortNumber = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : String(value));

/** `sparse_categorical_accuracy` → `Sparse categorical accuracy`. */
function headline(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

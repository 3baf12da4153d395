// Drawings of models: as text for Graphviz, and as SVG laid out by dagre.
import { curveBasis, line } from 'd3-shape';
import type { Model } from '../models/model.js';
import { modelGraph, type Box, type Frame, type ModelGraph, type ModelGraphArgs } from './model-graph.js';
import { checkEnding, svgText, textElement as text, writeDrawing } from './svg.js';

/** Direction of the layers: top to bottom, left to right, or the other way round. */
export type RankDirection = 'TB' | 'LR' | 'BT' | 'RL';

/** What `modelToDot` and `modelSvg` take. */
export interface ModelPlotArgs extends ModelGraphArgs {
  /** Default `TB`. */
  readonly rankdir?: RankDirection;
}

/** What `plotModel` takes. */
export interface PlotModelArgs extends ModelPlotArgs {
  /** The file to write: `.svg`, `.png`, or `.dot` for Graphviz. Default `model.svg`. */
  readonly toFile?: string;
}

/** The model as text in the language of Graphviz. Names of layers are shown by default, as in Keras. */
export function modelToDot(model: Model, args: ModelPlotArgs = {}): string {
  const { rankdir = 'TB', ...shown } = args;
  const { boxes, frames, edges } = modelGraph(model, { showLayerNames: true, ...shown });
  const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const within = (frame: string | null, indent: string): string[] => [
    ...boxes
      .filter((box) => box.frame === frame)
      .map(({ id, title, lines }) => {
        const label = [title, ...lines].map((text) => text.replace(/[\\"{}|<>]/g, '\\$&')).join('|');
        const form = lines.length > 0 ? `shape=record, label="{${label}}"` : `label=${quoted(title)}`;
        return `${indent}${quoted(id)} [${form}];`;
      }),
    ...frames
      .filter((each) => each.frame === frame)
      .flatMap(({ id, title }) => [
        `${indent}subgraph ${quoted(`cluster_${id}`)} {`,
        `${indent}  label=${quoted(title)};`,
        ...within(id, `${indent}  `),
        `${indent}}`,
      ]),
  ];
  return [
    'digraph model {',
    `  rankdir=${rankdir};`,
    '  node [shape=box, fontname="Helvetica"];',
    ...within(null, '  '),
    ...edges.map(([from, to]) => `  ${quoted(from)} -> ${quoted(to)};`),
    '}\n',
  ].join('\n');
}

/** The model as the text of an SVG. */
export async function modelSvg(model: Model, args: ModelPlotArgs = {}): Promise<string> {
  const { rankdir = 'TB', ...shown } = args;
  return draw(await layOut(modelGraph(model, shown), rankdir));
}

/**
 * Draws the model into a file.
 *
 * @throws HornetError for another kind of file than `.svg`, `.png` or `.dot`, and where it cannot be written.
 */
export async function plotModel(model: Model, args: PlotModelArgs = {}): Promise<void> {
  const { toFile = 'model.svg', ...rest } = args;
  checkEnding('plotModel', 'toFile', toFile, ['svg', 'png', 'dot']);
  const dot = toFile.toLowerCase().endsWith('.dot');
  const drawing = dot ? modelToDot(model, { showLayerNames: false, ...rest }) : await modelSvg(model, rest);
  await writeDrawing('plotModel', toFile, drawing);
}

// — the SVG —

const ink = '#1f2937';
const padding = 12;
const titleSize = 14;
const lineHeight = 19;

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly (Box & Placed)[];
  readonly frames: readonly (Frame & Placed)[];
  readonly edges: readonly (readonly { x: number; y: number }[])[];
}

/** About the width of a text in pixels: fonts differ, so there is some room to spare. */
const textWidth = (text: string, size: number): number => text.length * size * 0.58;

const sizeOf = ({ title, lines }: Box): { width: number; height: number } => ({
  width: Math.max(textWidth(title, titleSize), ...lines.map((text) => textWidth(text, titleSize - 2))) + 2 * padding,
  height: (lines.length + 1) * lineHeight + padding,
});

/** What is used of dagre, whose own types ESLint cannot resolve. */
interface Dagre {
  readonly graphlib: { readonly Graph: new (options: { compound: boolean; multigraph: boolean }) => DagreGraph };
  readonly layout: (graph: DagreGraph) => void;
}

interface DagreGraph {
  setGraph(options: object): void;
  graph(): { readonly width?: number; readonly height?: number };
  setNode(id: string, size: object): void;
  setParent(id: string, parent: string): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  node(id: string): Placed;
  edge(edge: { v: string; w: string; name: string }): { readonly points: { x: number; y: number }[] };
}

async function layOut({ boxes, frames, edges }: ModelGraph, rankdir: RankDirection): Promise<Layout> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')) as unknown as Dagre;
  const graph = new graphlib.Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir, nodesep: 28, ranksep: 36, marginx: 16, marginy: 16 });
  for (const { id } of frames) graph.setNode(id, {});
  for (const box of boxes) graph.setNode(box.id, sizeOf(box));
  for (const { id, frame } of [...boxes, ...frames]) if (frame !== null) graph.setParent(id, frame);
  edges.forEach(([from, to], i) => graph.setEdge(from, to, {}, String(i)));
  layout(graph);
  const placed = <T extends { readonly id: string }>(items: readonly T[]): (T & Placed)[] =>
    items.map((item) => {
      const { x, y, width, height } = graph.node(item.id);
      return { ...item, x, y, width, height };
    });
  const { width = 0, height = 0 } = graph.graph();
  const paths = edges.map(([v, w], i) => graph.edge({ v, w, name: String(i) }).points);
  return { width, height, boxes: placed(boxes), frames: placed(frames), edges: paths };
}

function draw({ width, height, boxes, frames, edges }: Layout): string {
  const rect = ({ x, y, width, height }: Placed, style: string): string =>
    `<rect x="${(x - width / 2).toFixed(1)}" y="${(y - height / 2).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" rx="5" ${style}/>`;
  const path = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  )
    .curve(curveBasis)
    .digits(1);
  return svgText(Math.ceil(width), Math.ceil(height), [
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    `<path d="M0 0 8 4 0 8z" fill="${ink}"/></marker></defs>`,
    ...frames.flatMap((frame) => [
      rect(frame, 'fill="#f3f4f6" stroke="#9ca3af" stroke-dasharray="4 3"'),
      text(
        frame.x - frame.width / 2 + 8,
        frame.y - frame.height / 2 + 16,
        frame.title,
        'font-size="11" fill="#6b7280"',
      ),
    ]),
    ...edges.map((points) => `<path d="${path(points)}" fill="none" stroke="${ink}" marker-end="url(#arrow)"/>`),
    ...boxes.flatMap((box) => {
      const top = box.y - box.height / 2;
      const title = text(
        box.x,
        top + 20,
        box.title,
        `font-size="${titleSize}" font-weight="600" text-anchor="middle" fill="${ink}"`,
      );
      const lines = box.lines.map((content, i) =>
        text(
          box.x,
          top + 20 + (i + 1) * lineHeight,
          content,
          `font-size="${titleSize - 2}" text-anchor="middle" fill="${ink}"`,
        ),
      );
      return [rect(box, `fill="#ffffff" stroke="${ink}"`), title, ...lines];
    }),
  ]);
}

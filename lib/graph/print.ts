// The graph as text: for people, snapshots and the program cache's key.
import { isBodies, type Attrs, type Aval, type Graph, type Value } from './ir.js';

const short: Record<string, string> = { float32: 'f32', float64: 'f64', float16: 'f16', bfloat16: 'bf16' };

const type = ({ shape, dtype }: Aval): string =>
  `${short[dtype] ?? dtype.replace('uint', 'u').replace('int', 'i')}[${shape.join(',')}]`;

/** Attributes as text, ordered by name. */
export function attrText(attrs: Attrs): string {
  const entries = Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, value]) => ` ${key}=${valueText(value)}`).join('');
}

function valueText(value: Attrs[string]): string {
  if (value instanceof Uint8Array)
    return `0x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  if (isBodies(value)) return value.map((body) => `{\n${print(body)}\n}`).join(' ');
  return typeof value === 'object' ? `[${value.join(',')}]` : String(value);
}

/**
 * Prints one line per node: `%3:f32[2,4] = matmul %0 %1 transposeA=0`. Values are numbered by position, so that equal
 * graphs give equal texts.
 */
export function print(graph: Graph): string {
  const names = new Map<Value, string>();
  const name = (value: Value): string => names.get(value) ?? '%?';
  const lines = graph.nodes.map((node) => {
    const outputs = node.outputs.map((output) => {
      names.set(output, `%${names.size}`);
      return `${name(output)}:${type(output)}`;
    });
    const inputs = node.inputs.map((input) => ` ${name(input)}`).join('');
    return `${outputs.join(', ')} = ${node.op.name}${inputs}${attrText(node.attrs)}`;
  });
  const updates = graph.updates.map(({ parameter, value }) => `update ${name(parameter)} = ${name(value)}`);
  return [...lines, ...updates, `return${graph.results.map((result) => ` ${name(result)}`).join('')}`].join('\n');
}

// The program format: a planned graph as bytes. native/program.cpp is the only other place that knows it.
import { dtypeCode } from '../dtype.js';
import { bodiesOf, type Attrs, type Graph, type Value } from './ir.js';
import type { Place, Plan } from './plan.js';

const MAGIC = 0x4e524f48;
const VERSION = 3;
const storageCode = { parameter: 0, result: 1, arena: 2, constant: 3 } as const;

/** Encodes a planned graph; docs/architecture.md has the layout. */
export function encode(graph: Graph, plan: Plan): Uint8Array {
  const out = new Writer();
  out.u32(MAGIC).u32(VERSION).u64(plan.arenaBytes);
  writeConstants(out, plan);
  out.u32(graph.parameters.length).u32(graph.results.length);

  const ids = new Map<Value, number>();
  const arenas = [...plan.bodies.values()].map(({ arena }) => arena);
  for (const value of [...graph.parameters, ...graph.nodes.flatMap((node) => node.outputs), ...arenas]) {
    if (!ids.has(value)) ids.set(value, ids.size);
  }
  out.u32(ids.size);
  for (const value of ids.keys()) writeValue(out, value, plan.places.get(value)!);

  out.u32(plan.instructions.length + plan.copies.length);
  const id = (value: Value): number => ids.get(value)!;
  for (const node of plan.instructions) {
    const { op, inputs, outputs, attrs } = node;
    const bodies = plan.bodies.get(node);
    if (!bodies) writeInstruction(out, op.name, inputs.map(id), outputs.map(id), attrs);
    else {
      const programs = bodiesOf(node).map((body, i) => encode(body, bodies.plans[i]));
      const written = [...outputs, bodies.arena].map(id);
      writeInstruction(out, op.name, inputs.map(id), written, { ...attrs, bodies: programs });
    }
  }
  for (const { from, to } of plan.copies) writeInstruction(out, 'copy', [id(from)], [id(to)], {});
  return out.bytes();
}

function writeConstants(out: Writer, plan: Plan): void {
  const blob = new Uint8Array(plan.constantBytes);
  for (const { value, offset } of plan.constants) blob.set(value.node.attrs.data as Uint8Array, offset);
  out.u64(blob.length).raw(blob);
}

function writeValue(out: Writer, value: Value, place: Place): void {
  out.u8(dtypeCode(value.dtype)).u8(storageCode[place.storage]);
  out.u64('index' in place ? place.index : place.offset);
  out.u32(value.shape.length);
  for (const dim of value.shape) out.u64(dim);
}

/** Attributes with programs in the place of graphs. */
type WrittenAttrs = Readonly<Record<string, Attrs[string] | readonly Uint8Array[]>>;

function writeInstruction(out: Writer, op: string, inputs: number[], outputs: number[], attrs: WrittenAttrs): void {
  out.string(op);
  for (const ids of [inputs, outputs]) {
    out.u32(ids.length);
    for (const id of ids) out.u32(id);
  }
  const entries = Object.entries(attrs);
  out.u32(entries.length);
  for (const [key, value] of entries) {
    out.string(key);
    if (typeof value === 'string') out.u8(2).string(value);
    else if (isPrograms(value)) out.u8(3).programs(value);
    else if (typeof value === 'object') out.u8(1).numbers(value as readonly number[]);
    else out.u8(0).f64(Number(value));
  }
}

const isPrograms = (value: WrittenAttrs[string]): value is readonly Uint8Array[] =>
  Array.isArray(value) && value[0] instanceof Uint8Array;

/** Little-endian bytes that grow. */
class Writer {
  private data = new Uint8Array(1024);
  private view = new DataView(this.data.buffer);
  private length = 0;

  u8(value: number): this {
    const at = this.reserve(1);
    this.view.setUint8(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  u64(value: number): this {
    const at = this.reserve(8);
    this.view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  f64(value: number): this {
    const at = this.reserve(8);
    this.view.setFloat64(at, value, true);
    return this;
  }

  numbers(values: readonly number[]): this {
    this.u32(values.length);
    for (const value of values) this.f64(value);
    return this;
  }

  programs(programs: readonly Uint8Array[]): this {
    this.u32(programs.length);
    for (const program of programs) this.u32(program.length).raw(program);
    return this;
  }

  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u32(bytes.length).raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length);
    this.data.set(bytes, at);
    return this;
  }

  bytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  /** Makes room; may replace `view`, so it is called before `view` is read. */
  private reserve(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.data.length) {
      const grown = new Uint8Array(Math.max(this.length, this.data.length * 2));
      grown.set(this.data.subarray(0, at));
      this.data = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }
}

// What belongs to the file as a whole: names, and the tensors in it. What does not depend on the inputs of the model, however
// it is computed from weights, is computed when the file is written and stands there as a tensor.
import { createHash } from 'node:crypto';
import { onDevice, type Device } from '../../device.js';
import { byteSize, type DType, type TypedArray } from '../../dtype.js';
import { bodiesOf, sizeOf, type Node, type Value } from '../../graph/ir.js';
import { constantOp, emit } from '../../graph/trace.js';
import { fromBytes, type DeviceTensor } from '../../tensor.js';
import { Variable } from '../../variable.js';
import type { Initializer } from './proto.js';
import { isKnown, sameAttr, type SizedGraph } from './traces.js';

/** What becomes of a weight on the way into the file. */
export interface Transform {
  /** Tells transforms apart. */
  readonly key: string;
  readonly shape: readonly number[];
  readonly apply: (tensor: DeviceTensor) => DeviceTensor;
}

/** Computed tensors of up to so many bytes may stand in the file although nothing as large went into them. */
const SMALL = 4096;

export class OnnxFile {
  readonly initializers: Initializer[] = [];
  private readonly names = new Set<string>();
  private readonly known = new Map<string, string>();
  private readonly ids = new Map<Value, number>();
  private readonly fixed = new Set<Value>();

  constructor(
    readonly sized: SizedGraph,
    private readonly inputs: number,
    private readonly device: Device,
  ) {
    this.findFixed();
  }

  /** A name that nothing else in the file has. */
  unique(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.names.has(name); i++) name = `${wanted}_${i}`;
    this.names.add(name);
    return name;
  }

  /** A number of its own for each value. */
  idOf(value: Value): number {
    if (!this.ids.has(value)) this.ids.set(value, this.ids.size);
    return this.ids.get(value)!;
  }

  /** Whether a value is a constant, a weight, or computed from such alone. */
  isFixed(value: Value): boolean {
    return this.fixed.has(value) || (value.node.op === (constantOp as unknown) && this.isSame(value.node));
  }

  /** The name of a fixed value in the file. */
  weight(value: Value, transform: Transform | null = null): string {
    const { node } = value;
    if (!transform && node.op.name === 'constant') {
      const bytes = node.attrs.data as Uint8Array;
      return this.constant(bytes, value.shape, value.dtype);
    }
    return this.once(this.keyOf(value, transform), () => {
      const shape = transform?.shape ?? value.shape;
      const fetch = (): Promise<Uint8Array> => this.compute(value, transform);
      return this.add(this.nameOf(value), value.dtype, shape, fetch);
    });
  }

  /** Whether a fixed value is in the file as it is. */
  has(value: Value): boolean {
    return this.known.has(this.keyOf(value, null));
  }

  private keyOf(value: Value, transform: Transform | null): string {
    return `weight|${this.idOf(value)}|${transform?.key ?? ''}`;
  }

  /** The name of a tensor of known numbers. */
  constant(data: Uint8Array | TypedArray, shape: readonly number[], dtype: DType): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `constant|${dtype}|${shape.join()}|${createHash('sha256').update(bytes).digest('hex')}`;
    return this.once(key, () => this.add('constant', dtype, shape, () => Promise.resolve(bytes)));
  }

  /** Whether a node is the same in all traces. */
  isSame(node: Node): boolean {
    const shapes = node.outputs.every((output) => this.sized.sizesOf(output).every(isKnown));
    return shapes && Object.keys(node.attrs).every((name) => sameAttr(this.sized.attrsOf(node, name)));
  }

  private once(key: string, make: () => string): string {
    let name = this.known.get(key);
    if (name === undefined) this.known.set(key, (name = make()));
    return name;
  }

  private add(wanted: string, dtype: DType, shape: readonly number[], fetch: () => Promise<Uint8Array>): string {
    const name = this.unique(wanted);
    const length = sizeOf(shape) * byteSize(dtype);
    this.initializers.push({ name, dtype, shape, data: { length, fetch } });
    return name;
  }

  private nameOf({ node }: Value): string {
    const source = this.sourceOf(node);
    if (source instanceof Variable) return source.path;
    const label = this.sized.labelOf(node);
    return `${label ? `${label}/` : ''}${node.op.name}`;
  }

  /** The variable at the end of what a value is computed from, if it is one only. */
  private sourceOf(node: Node): Variable | DeviceTensor | null {
    if (node.op.name === 'parameter') return this.sized.sources[(node.attrs.index as number) - this.inputs];
    const found = new Set(node.inputs.map(({ node: input }) => this.sourceOf(input)).filter(Boolean));
    return found.size === 1 ? [...found][0] : null;
  }

  private findFixed(): void {
    const weights = new Map<Value, ReadonlySet<Value>>();
    for (const node of this.sized.graph.nodes) {
      const isInput = node.op.name === 'parameter' && (node.attrs.index as number) < this.inputs;
      if (isInput || bodiesOf(node).length > 0 || node.op.name.startsWith('random')) continue;
      if (!node.inputs.every((input) => this.fixed.has(input)) || !this.isSame(node)) continue;
      const isLeaf = node.inputs.length === 0 && node.op.name !== 'iota';
      const sources = new Set(isLeaf ? node.outputs : node.inputs.flatMap((input) => [...weights.get(input)!]));
      const limit = Math.max(
        SMALL,
        [...sources].reduce((sum, source) => sum + bytesOf(source), 0),
      );
      if (!isLeaf && node.outputs.reduce((sum, output) => sum + bytesOf(output), 0) > limit) continue;
      for (const output of node.outputs) {
        weights.set(output, sources);
        this.fixed.add(output);
      }
    }
  }

  private async compute(value: Value, transform: Transform | null): Promise<Uint8Array> {
    const made: DeviceTensor[] = [];
    const known = new Map<Value, DeviceTensor>();
    const evaluate = (wanted: Value): DeviceTensor => {
      const { node, index } = wanted;
      const found = known.get(wanted);
      if (found) return found;
      const outputs = this.run(node, evaluate);
      if (node.op.name !== 'parameter') made.push(...outputs);
      node.outputs.forEach((output, i) => known.set(output, outputs[i]));
      return outputs[index];
    };
    const tensor = onDevice(this.device, () => {
      const plain = evaluate(value);
      const transformed = transform ? transform.apply(plain) : plain;
      if (transformed !== plain) made.push(transformed);
      return transformed;
    });
    const data = await tensor.data();
    for (const each of made) each.dispose();
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  private run(node: Node, evaluate: (value: Value) => DeviceTensor): DeviceTensor[] {
    const { op, attrs, outputs } = node;
    if (op.name === 'parameter') {
      const source = this.sourceOf(node)!;
      return [source instanceof Variable ? source.tensor : source];
    }
    if (op.name === 'constant') {
      const bytes = (attrs.data as Uint8Array).slice();
      return [fromBytes(bytes, outputs[0].shape, outputs[0].dtype)];
    }
    return emit(op, node.inputs.map(evaluate), attrs) as DeviceTensor[];
  }
}

const bytesOf = ({ shape, dtype }: Value): number => sizeOf(shape) * byteSize(dtype);

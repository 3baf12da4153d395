// The memory plan: where each value lives. Liveness, in-place element-wise ops, in-place state, one arena.
import { byteSize } from '../dtype.js';
import { bodiesOf, sameShape, sizeOf, Value, type Graph, type Node } from './ir.js';
import { memoryOf } from './order.js';

/** Where a value's bytes are. */
export type Place =
  | { readonly storage: 'parameter' | 'result'; readonly index: number }
  | { readonly storage: 'arena' | 'constant'; readonly offset: number };

export interface Plan {
  readonly places: ReadonlyMap<Value, Place>;
  /** Nodes that become instructions, in order. */
  readonly instructions: readonly Node[];
  /** Updates whose value could not be computed in place: copied after the last instruction. */
  readonly copies: readonly { readonly from: Value; readonly to: Value }[];
  readonly arenaBytes: number;
  readonly constants: readonly { readonly value: Value; readonly offset: number }[];
  readonly constantBytes: number;
  /** The plans of what loops and branches run. */
  readonly bodies: ReadonlyMap<Node, BodyPlans>;
}

/** The bodies of a node run one at a time, in an arena that lies in that of the program. */
export interface BodyPlans {
  readonly plans: readonly Plan[];
  /** The arena as a further output of the node. */
  readonly arena: Value;
}

const ALIGNMENT = 64;
const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const bytesOf = (value: Value): number => sizeOf(value.shape) * byteSize(value.dtype);

/** A stretch of arena that one value, or several that follow each other in place, occupy. */
interface Block {
  readonly bytes: number;
  readonly from: number;
  to: number;
  offset: number;
  /** The result that the last of them becomes: then all lie in its memory. */
  result: Place | null;
}

/** Plans an ordered graph whose results and updates have memory of their own (see order.ts). */
export function planMemory(graph: Graph): Plan {
  const places = new Map<Value, Place>();
  const constants: { value: Value; offset: number }[] = [];
  let constantBytes = 0;
  graph.parameters.forEach((parameter, index) => places.set(parameter, { storage: 'parameter', index }));
  for (const { op, outputs } of graph.nodes) {
    if (op.name !== 'constant') continue;
    constants.push({ value: outputs[0], offset: constantBytes });
    places.set(outputs[0], { storage: 'constant', offset: constantBytes });
    constantBytes += align(bytesOf(outputs[0]));
  }
  graph.results.forEach((result, index) => places.set(memoryOf(result), { storage: 'result', index }));

  const instructions = graph.nodes.filter(({ op }) => op.name !== 'parameter' && op.name !== 'constant' && !op.alias);
  const bodies = new Map(
    instructions.filter((node) => bodiesOf(node).length > 0).map((node) => [node, planBodies(node)]),
  );
  const lastUse = lastUses(graph, instructions);
  const copies: { from: Value; to: Value }[] = [];
  // State is written only where nothing but further updates can still fail.
  const made = new Set(graph.updates.map(({ value }) => memoryOf(value).node).filter((node) => !bodies.has(node)));
  const safeFrom = instructions.findLastIndex((node) => !made.has(node)) + 1;
  for (const { parameter, value } of graph.updates) {
    const memory = memoryOf(value);
    const at = instructions.indexOf(memory.node);
    if (
      at >= safeFrom &&
      !bodies.has(memory.node) &&
      writesInPlace(instructions[at], parameter, lastUse.get(parameter) ?? -1, at)
    ) {
      places.set(memory, places.get(parameter)!);
    } else {
      copies.push({ from: memory, to: parameter });
      lastUse.set(memory, instructions.length);
    }
  }
  const arenaBytes = planArena(instructions, bodies, lastUse, places);
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (!places.has(output)) places.set(output, places.get(memoryOf(output))!);
    }
  }
  return { places, instructions, copies, arenaBytes, constants, constantBytes, bodies };
}

function planBodies(node: Node): BodyPlans {
  const plans = bodiesOf(node).map(planMemory);
  const bytes = Math.max(...plans.map(({ arenaBytes }) => arenaBytes));
  return { plans, arena: new Value(node, node.outputs.length, [bytes], 'uint8') };
}

function lastUses(graph: Graph, instructions: readonly Node[]): Map<Value, number> {
  const last = new Map<Value, number>();
  instructions.forEach((node, i) => node.inputs.forEach((input) => last.set(memoryOf(input), i)));
  for (const result of graph.results) last.set(memoryOf(result), instructions.length);
  return last;
}

/** Whether instruction `at` may write its output over a value that is read for the last time at `lastRead`. */
function writesInPlace(node: Node, over: Value, lastRead: number, at: number): boolean {
  return lastRead < at || (lastRead === at && readsElementByElement(node, over));
}

/** Element-wise, and every operand that shares the memory has the shape and size of element of the output. */
function readsElementByElement(node: Node, memory: Value): boolean {
  const { shape, dtype } = node.outputs[0];
  const sharing = node.inputs.filter((input) => memoryOf(input) === memory);
  return (
    node.op.name === 'elementwise' &&
    sharing.every((input) => sameShape(input.shape, shape) && byteSize(input.dtype) === byteSize(dtype))
  );
}

function planArena(
  instructions: readonly Node[],
  bodies: ReadonlyMap<Node, BodyPlans>,
  lastUse: ReadonlyMap<Value, number>,
  places: Map<Value, Place>,
): number {
  const blocks = new Map<Value, Block>();
  instructions.forEach((node, i) => {
    const reusable = node.inputs
      .map(memoryOf)
      .filter((memory) => blocks.has(memory) && blocks.get(memory)!.to === i && readsElementByElement(node, memory));
    const arenas = bodies.has(node) ? [bodies.get(node)!.arena] : [];
    for (const output of [...node.outputs, ...arenas]) {
      const own = places.get(output) ?? null;
      if (own !== null && own.storage !== 'result') continue;
      const to = Math.max(lastUse.get(output) ?? i, i);
      const at = reusable.findIndex(
        (memory) => blocks.get(memory)!.bytes === align(bytesOf(output)) && sameBytes(memory, output),
      );
      if (at >= 0) {
        const block = blocks.get(reusable[at])!;
        reusable.splice(0, reusable.length, ...reusable.filter((memory) => blocks.get(memory) !== block));
        if (own === null) blocks.set(output, block);
        block.to = to;
        block.result = own;
      } else if (own === null) {
        blocks.set(output, { bytes: align(bytesOf(output)), from: i, to, offset: 0, result: null });
      }
    }
  });
  const arenaBytes = place([...new Set(blocks.values())].filter(({ result }) => result === null));
  for (const [value, { offset, result }] of blocks) places.set(value, result ?? { storage: 'arena', offset });
  return arenaBytes;
}

const sameBytes = (a: Value, b: Value): boolean => byteSize(a.dtype) === byteSize(b.dtype);

/** Greedy by size: each block goes to the lowest gap that is free all its life. Returns the arena's size. */
function place(blocks: readonly Block[]): number {
  const placed: Block[] = [];
  let size = 0;
  for (const block of [...blocks].sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    const neighbours = placed.filter((other) => other.from <= block.to && block.from <= other.to);
    let offset = 0;
    for (const other of neighbours) {
      if (other.offset - offset >= block.bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    block.offset = offset;
    size = Math.max(size, offset + block.bytes);
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, block);
  }
  return size;
}

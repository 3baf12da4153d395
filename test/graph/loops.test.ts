// Loops in the graph's passes: what is dropped, hoisted, unrolled and shared, and where bodies have their memory.
import { bodiesOf, type Aval, type Graph, type Node } from '../../lib/graph/ir.js';
import { lower } from '../../lib/graph/lower.js';
import { optimize } from '../../lib/graph/passes/index.js';
import { planMemory } from '../../lib/graph/plan.js';
import { trace, type TracedTensor } from '../../lib/graph/trace.js';
import { grad, ops, type Tensor } from 'hornet';

const f32 = (...shape: number[]): Aval => ({ shape, dtype: 'float32' });
const optimized = (fn: (...inputs: TracedTensor[]) => Tensor[], ...avals: Aval[]): Graph =>
  optimize(trace(fn, avals).graph);
const namesIn = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op.name);
const only = (graph: Graph, name: string): Node => {
  const found = graph.nodes.filter(({ op }) => op.name === name);
  expect(found).toHaveLength(1);
  return found[0];
};

/** The last state of h = tanh(h · w + x). */
const recurrence = (x: Tensor, w: Tensor): Tensor =>
  ops.scan((h: Tensor, slice: Tensor) => [ops.tanh(ops.add(ops.matmul(h, w), slice)), h], ops.zeros([4, 8]), x)[0];
const avals = [f32(50, 4, 8), f32(8, 8)];

test('nothing is kept for a gradient that nobody takes', () => {
  const scan = only(
    optimized((x, w) => [recurrence(x, w)], ...avals),
    'scan',
  );
  expect(scan.outputs.map(({ shape }) => shape)).toEqual([[4, 8]]);
  expect(bodiesOf(scan)[0].results).toEqual([]);
});

test('a gradient keeps what it reads, and no more', () => {
  const graph = optimized((x, w) => [grad((m: Tensor) => ops.sum(recurrence(x, m)))(w) as Tensor], ...avals);
  const [forward, backward] = graph.nodes.filter(({ op }) => op.name === 'scan');
  // The state before each step and the output of tanh; the last state itself is of no use.
  expect(forward.outputs.map(({ shape }) => shape)).toEqual(expect.arrayContaining([[50, 4, 8], [50, 4, 8]])); // prettier-ignore
  expect(forward.outputs.length).toBeLessThanOrEqual(3);
  expect(namesIn(bodiesOf(backward)[0]).filter((name) => name === 'matmul')).toHaveLength(2);
});

test('what is the same in every step is computed in front of the loop', () => {
  const half = (x: Tensor, w: Tensor): Tensor[] => {
    const step = (h: Tensor, slice: Tensor): [Tensor, null] => {
      return [ops.tanh(ops.add(ops.matmul(h, ops.cast(w, 'bfloat16')), slice)), null];
    };
    return [ops.scan(step, ops.zeros([4, 8], { dtype: 'bfloat16' }), x)[0]];
  };
  const graph = optimized(half, { shape: [50, 4, 8], dtype: 'bfloat16' }, f32(8, 8));
  const scan = only(graph, 'scan');
  expect(scan.inputs.filter(({ dtype }) => dtype === 'float32')).toEqual([]);
});

test('a few steps become straight code, and so do branches that are known', () => {
  const short = optimized((x, w) => [recurrence(x, w)], f32(3, 4, 8), f32(8, 8));
  expect(namesIn(short)).not.toContain('scan');
  const known = optimized(
    (x) => [
      ops.cond(
        true,
        () => ops.exp(x),
        () => ops.sin(x),
      ),
    ],
    f32(3),
  );
  expect(known.nodes.map(({ attrs }) => attrs.ops)).toEqual([undefined, 'exp']);
});

test('equal loops are one, different ones are not', () => {
  const twice = (factor: number) => (x: Tensor, w: Tensor) => [
    ops.add(recurrence(x, w), recurrence(ops.multiply(x, factor), w)),
  ];
  const scans = (factor: number): number =>
    namesIn(optimized(twice(factor), ...avals)).filter((name) => name === 'scan').length;
  expect([scans(1), scans(2)]).toEqual([1, 2]);
});

test('a body has its memory in that of the program, and its constants from there', () => {
  const graph = lower(optimized((x, w) => [ops.multiply(recurrence(x, w), 2)], ...avals));
  const plan = planMemory(graph);
  const scan = only(graph, 'scan');
  const { arena, plans } = plan.bodies.get(scan)!;
  expect(arena.shape).toEqual([plans[0].arenaBytes]);
  expect(plans[0].arenaBytes).toBeGreaterThan(0);
  expect(plan.arenaBytes).toBeGreaterThanOrEqual(plans[0].arenaBytes);
  expect(namesIn(bodiesOf(scan)[0])).not.toContain('constant');
});

// The `tree` namespace: what Keras 3.15 gives for the same structures.
import { tree } from 'hornet';

test('leaves with their paths, in the order of sorted keys', () => {
  expect(tree.flatten<unknown>({ b: 1, a: [2, null] })).toEqual([2, null, 1]);
  expect(tree.flattenWithPath<number>({ b: 1, a: [2, { c: 3 }] })).toEqual([
    [['a', 0], 2],
    [['a', 1, 'c'], 3],
    [['b'], 1],
  ]);
  expect(tree.flattenWithPath(5)).toEqual([[[], 5]]);
  expect([[], {}, 'a', new Float32Array(2)].map(tree.isNested)).toEqual([true, true, false, false]);
});

test('maps', () => {
  const pair = (x: number, y: number): string => `${x}-${y}`;
  expect(tree.mapStructure(pair, [1, { a: 2 }], [3, { a: 4 }])).toEqual(['1-3', { a: '2-4' }]);
  expect(() => tree.mapStructure(pair, [1, { a: 2 }], [3, { b: 4 }])).toThrow(
    '[mapStructure] expected a record of a at 1, received a record of b',
  );
  expect(() => tree.mapStructure(pair, [1, [2]], [3, 4])).toThrow('expected an array of 0 at 1, received');
  expect(() => tree.mapStructure(pair)).toThrow('expected a structure, received none');
  const size = (x: unknown[]): number => x.length;
  expect(tree.mapStructureUpTo([null, { a: null }], size, [[1, 1], { a: [2] }])).toEqual([2, { a: 1 }]);
  expect(tree.mapStructureUpTo(0, size, [1])).toBe(1);
  expect(() => tree.mapStructureUpTo([null, null], size, [[1, 1]])).toThrow('[mapStructureUpTo]');
  const longer = (shape: number[]): number[] => [...shape, 9];
  expect(tree.mapShapeStructure(longer, [[1, null], { a: [2] }])).toEqual([[1, null, 9], { a: [2, 9] }]);
});

test('comparisons', () => {
  tree.assertSameStructure([1, { a: 2 }], [3, { a: 'x' }]);
  for (const [a, b] of [
    [
      [1, [2]],
      [1, 2],
    ],
    [
      [1, 2],
      [1, [2]],
    ],
    [[1, 2], { a: 1 }],
    [[1], [1, 2]],
  ]) {
    expect(() => tree.assertSameStructure(a, b)).toThrow('[assertSameStructure] expected');
  }
  tree.assertSamePaths([5], { 0: 1 });
  expect(() => tree.assertSamePaths([1, [2]], [1, 2])).toThrow('missing in b: [1, 0], in a: [1]');
});

test('structures are packed again', () => {
  expect(tree.packSequenceAs({ b: 0, a: [0, 0] }, [1, 2, 3])).toEqual({ b: 3, a: [1, 2] });
  expect(tree.packSequenceAs(0, [7])).toBe(7);
  expect(() => tree.packSequenceAs([0, 0], [1])).toThrow('[packSequenceAs] expected 2 leaves, received 1');
});

test('parts are visited from the top down or from the bottom up', () => {
  const seen: unknown[] = [];
  tree.traverse((part: unknown) => void seen.push(part), [[1, 2], { a: 4 }]);
  expect(seen).toEqual([[[1, 2], { a: 4 }], [1, 2], 1, 2, { a: 4 }, 4]);
  const drop = (part: unknown) => (Array.isArray(part) && part.length === 1 ? tree.MAP_TO_NONE : undefined);
  expect(tree.traverse(drop, [[1], 2])).toEqual([null, 2]);
  const mark = (part: unknown): unknown =>
    part === 1 ? 'one' : Array.isArray(part) && part[0] === 'one' ? 'list' : null;
  expect(tree.traverse(mark, { a: [1], b: [2] }, { topDown: false })).toEqual({ a: 'list', b: [2] });
});

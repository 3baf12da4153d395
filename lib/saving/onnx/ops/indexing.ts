// Indexing by tensors.
import { ordered, type Call, type Rule } from '../call.js';
import { identity } from '../scope.js';

const gather: Rule = (call) => call.emit('Gather', [call.input(0), call.input(1)], { axis: call.attr<number>('axis') });

const wideIndices = (call: Call, i: number): string =>
  call.dtype(i) === 'int64' ? call.input(i) : call.cast(call.input(i), 'int64');

const gatherNd: Rule = (call) => call.emit('GatherND', [call.input(0), wideIndices(call, 1)]);

const scatterNd: Rule = (call) => {
  const mode = call.attr<string>('mode');
  const attrs = { reduction: mode === 'set' ? 'none' : mode };
  return call.emit('ScatterND', [call.input(0), wideIndices(call, 1), call.input(2)], attrs);
};

/** Updates along an axis: that axis first, its indices are coordinates then. */
const scatterAdd: Rule = (call) => {
  const axis = call.attr<number>('axis');
  const [rank, depth] = [call.rank(0), call.rank(1)];
  const front = [axis, ...identity(rank).filter((each) => each !== axis)];
  const places = identity(depth).map((i) => axis + i);
  const others = identity(call.rank(2)).filter((each) => !places.includes(each));
  const x = call.scope.inOrder(call.operand(0), front);
  const updates = call.scope.inOrder(call.operand(2), [...places, ...others]);
  const coordinates = call.emit('Unsqueeze', [wideIndices(call, 1), call.int64([depth])]);
  return ordered(call.emit('ScatterND', [x, coordinates, updates], { reduction: 'add' }), front);
};

export const indexing: Readonly<Record<string, Rule>> = {
  gather,
  gather_nd: gatherNd,
  scatter_nd: scatterNd,
  scatter_add: scatterAdd,
};

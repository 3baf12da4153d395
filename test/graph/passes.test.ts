// The graph's passes, by the text of what they make.
import { trace, type TracedTensor } from '../../lib/graph/trace.js';
import { gradients } from '../../lib/graph/gradients.js';
import { scheduleUpdatesLast, separateRoots } from '../../lib/graph/order.js';
import { optimize } from '../../lib/graph/passes/index.js';
import { planMemory } from '../../lib/graph/plan.js';
import { print } from '../../lib/graph/print.js';
import { ops, tensor, Variable, type Tensor } from 'hornet';
import type { Aval } from '../../lib/graph/ir.js';

const f32 = (...shape: number[]): Aval => ({ shape, dtype: 'float32' });
const optimized = (fn: (...inputs: TracedTensor[]) => Tensor[], ...avals: Aval[]): string =>
  print(optimize(trace(fn, avals).graph));

test('a chain of element-wise ops is one instruction, scalars included', () => {
  expect(optimized((x) => [ops.multiply(ops.add(ops.sin(x), 1), 2)], f32(2, 3))).toMatchInlineSnapshot(`
    "%0:f32[2,3] = parameter index=0
    %1:f32[2,3] = elementwise %0 args=[0,3,1,4,2] constDtypes=[10,10] consts=[1,2] dtypes=[10,10,10] ops=sin;add;mul outs=[5]
    return %1"
  `);
});

test('bias and activation become part of the matrix product', () => {
  const dense = (x: Tensor, w: Tensor, b: Tensor): Tensor[] => [ops.relu(ops.add(ops.matmul(x, w), b))];
  expect(optimized(dense, f32(4, 8), f32(8, 2), f32(2))).toMatchInlineSnapshot(`
    "%0:f32[4,8] = parameter index=0
    %1:f32[8,2] = parameter index=1
    %2:f32[2] = parameter index=2
    %3:f32[4,2] = matmul %0 %1 %2 activation=relu transposeA=false transposeB=false
    return %3"
  `);
});

describe('a batch normalization', () => {
  const channels = f32(3);
  const norm = (x: Tensor, scale: Tensor, offset: Tensor): Tensor[] => [
    ...ops.batchNormalizationTrain(x, -1, { scale, offset }),
  ];

  test('takes over a sum and a ReLU, whose addend may come later', () => {
    const block = (x: Tensor, scale: Tensor, offset: Tensor): Tensor[] => {
      const [y, mean] = norm(x, scale, offset);
      const average = ops.multiply(mean, 0.1);
      return [ops.relu(ops.add(y, ops.matmul(x, ops.ones([3, 3])))), average];
    };
    const text = optimized(block, f32(8, 3), channels, channels);
    expect(text).toContain('activation=relu');
    expect(text).not.toMatch(/ops=.*(relu|add)/);
    expect(text.indexOf('matmul')).toBeLessThan(text.indexOf('batch_norm'));
  });

  test('keeps its own value where that is used otherwise, or the sum needs its statistics', () => {
    const twice = (x: Tensor, scale: Tensor, offset: Tensor): Tensor[] => {
      const [y] = norm(x, scale, offset);
      return [ops.relu(y), y];
    };
    expect(optimized(twice, f32(8, 3), channels, channels)).not.toContain('activation=relu');
    const own = (x: Tensor, scale: Tensor, offset: Tensor): Tensor[] => {
      const [y, mean] = norm(x, scale, offset);
      return [ops.relu(ops.add(y, ops.multiply(x, mean)))];
    };
    expect(optimized(own, f32(8, 3), channels, channels)).not.toContain('activation=relu');
  });
});

describe('the gradient of a dense layer', () => {
  const dense = (x: Tensor, kernel: Tensor, bias: Tensor): Tensor =>
    ops.sum(ops.square(ops.add(ops.matmul(x, kernel), bias)));
  const backward = (...inputs: TracedTensor[]): Tensor[] => {
    const [x, kernel, bias] = inputs;
    return gradients(x.trace, [dense(x, kernel, bias)], [kernel.node, bias.node]) as Tensor[];
  };

  test('gives that of the bias along with that of the kernel, over any leading axes', () => {
    for (const leading of [[4], [2, 3]]) {
      const text = optimized(backward, f32(...leading, 8), f32(8, 2), f32(2));
      expect(text).toMatch(/f32\[8,2\], %\d+:f32\[2\] = matmul .*biasGrad=true/);
      expect(text).not.toContain('reduce_sum');
    }
  });

  test('keeps them apart where the factor depends on the sum', () => {
    const own = (x: TracedTensor, dy: TracedTensor): Tensor[] => {
      const sum = ops.sum(dy, { axis: 0 });
      return [ops.matmul(ops.transpose(ops.multiply(x, sum)), dy), sum];
    };
    expect(optimized(own, f32(4, 2), f32(4, 2))).toContain('reduce_sum');
  });
});

test('a product that is used twice keeps its own value', () => {
  const twice = (x: Tensor, w: Tensor, b: Tensor): Tensor[] => {
    const y = ops.matmul(x, w);
    return [ops.add(y, b), y];
  };
  expect(optimized(twice, f32(4, 8), f32(8, 2), f32(2))).toMatchInlineSnapshot(`
    "%0:f32[4,8] = parameter index=0
    %1:f32[8,2] = parameter index=1
    %2:f32[2] = parameter index=2
    %3:f32[4,2] = matmul %0 %1 activation=linear transposeA=false transposeB=false
    %4:f32[4,2] = elementwise %3 %2 args=[0,1] constDtypes=[] consts=[] dtypes=[10] ops=add outs=[2]
    return %4 %3"
  `);
});

test('equal expressions are computed once, unused ones not at all', () => {
  const wasteful = (x: Tensor): Tensor[] => {
    ops.exp(x);
    return [ops.add(ops.sum(ops.square(x)), ops.sum(ops.square(x)))];
  };
  expect(optimized(wasteful, f32(8))).toMatchInlineSnapshot(`
    "%0:f32[8] = parameter index=0
    %1:f32[8] = elementwise %0 args=[0] constDtypes=[] consts=[] dtypes=[10] ops=square outs=[1]
    %2:f32[] = reduce_sum %1 axes=[0]
    %3:f32[] = elementwise %2 args=[0,0] constDtypes=[] consts=[] dtypes=[10] ops=add outs=[1]
    return %3"
  `);
});

test('transposes that cancel and reshapes that follow each other vanish', () => {
  const moved = (x: Tensor): Tensor[] => [ops.reshape(ops.reshape(ops.transpose(ops.transpose(x)), [6]), [3, 2])];
  expect(optimized(moved, f32(2, 3))).toMatchInlineSnapshot(`
    "%0:f32[2,3] = parameter index=0
    %1:f32[3,2] = reshape %0 shape=[3,2]
    return %1"
  `);
});

test('slices that follow each other are one, or none', () => {
  const twice = (x: Tensor): Tensor[] => [
    ops.flip(ops.flip(x, { axis: 1 }), { axis: 1 }),
    ops.getItem(ops.getItem(x, [[3, null, -1]]), [
      [1, 3],
      [null, null, 2],
    ]),
  ];
  expect(optimized(twice, f32(6, 5))).toMatchInlineSnapshot(`
    "%0:f32[6,5] = parameter index=0
    %1:f32[2,3] = slice %0 sizes=[2,3] starts=[2,0] strides=[-1,2]
    return %0 %1"
  `);
});

test('fusion makes no cycle through an op between two element-wise ones', () => {
  const around = (x: Tensor): Tensor[] => {
    const a = ops.exp(x);
    return [ops.add(a, ops.cumsum(a, { axis: 0 }))];
  };
  expect(optimized(around, f32(8))).toMatchInlineSnapshot(`
    "%0:f32[8] = parameter index=0
    %1:f32[8] = elementwise %0 args=[0] constDtypes=[] consts=[] dtypes=[10] ops=exp outs=[1]
    %2:f32[8] = cumsum %1 axis=0 reverse=false
    %3:f32[8] = elementwise %1 %2 args=[0,1] constDtypes=[] consts=[] dtypes=[10] ops=add outs=[2]
    return %3"
  `);
});

test('gradients cost nothing below the cut: no op of a frozen layer is differentiated', () => {
  const { graph } = trace(
    (x, w1, w2) => {
      const hidden = ops.tanh(ops.matmul(x, w1));
      const loss = ops.sum(ops.matmul(hidden, w2));
      return gradients(x.trace, [loss], [w2.node]) as Tensor[];
    },
    [f32(4, 8), f32(8, 8), f32(8, 1)],
  );
  expect(print(optimize(graph))).toMatchInlineSnapshot(`
    "%0:f32[4,8] = parameter index=0
    %1:f32[8,8] = parameter index=1
    %2:f32[8,1] = parameter index=2
    %3:f32[4,8] = matmul %0 %1 activation=tanh transposeA=false transposeB=false
    %4:f32[] = constant data=0x0000803f
    %5:f32[1,1] = reshape %4 shape=[1,1]
    %6:f32[4,1] = broadcast %5 shape=[4,1]
    %7:f32[8,1] = matmul %3 %6 activation=linear transposeA=true transposeB=false
    return %7"
  `);
});

describe('the memory plan', () => {
  const plan = (fn: (...inputs: TracedTensor[]) => Tensor[], ...avals: Aval[]) => {
    const graph = scheduleUpdatesLast(separateRoots(optimize(trace(fn, avals).graph)));
    return { graph, plan: planMemory(graph) };
  };

  test('updates state in place, by the last instructions', () => {
    const weight = new Variable(tensor([1, 2, 3]));
    const { graph, plan: made } = plan((x) => {
      const loss = ops.sum(ops.multiply(weight, x));
      weight.assign(ops.subtract(weight, ops.multiply(0.1, x)));
      return [loss];
    }, f32(3));
    expect(made.copies).toHaveLength(0);
    expect(print(graph).split('\n').at(-3)).toContain('elementwise');
  });

  test('copies where the old value is still needed', () => {
    const a = new Variable(tensor([1, 2, 3]));
    const b = new Variable(tensor([4, 5, 6]));
    const { plan: made } = plan(() => {
      const old = a.value;
      a.assign(b);
      b.assign(old);
      return [];
    });
    expect(made.instructions.map((node) => node.op.name)).toEqual(['copy', 'copy']);
    expect(made.copies.length).toBeGreaterThan(0);
  });

  test('a long chain of large values lives in two places', () => {
    const { plan: made } = plan((x) => {
      let y: Tensor = x;
      for (let i = 0; i < 10; i++) y = ops.cumsum(y, { axis: 0 });
      return [ops.sum(y)];
    }, f32(1024));
    expect(made.arenaBytes).toBe(2 * 4096);
  });

  test('what becomes a result element by element lies in its memory', () => {
    const { plan: made } = plan((x) => [ops.exp(ops.cumsum(x, { axis: 0 }))], f32(1024));
    expect(made.instructions.map((node) => node.op.name)).toEqual(['cumsum', 'elementwise']);
    expect(made.arenaBytes).toBe(0);
  });
});

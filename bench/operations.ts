// Hornet on one operation with large operands: a chain of matrix products, or a fused chain over a long vector.
import { jit, ops, tensor, type DeviceTensor, type Tensor } from 'hornet';
import type { Commands } from './hornet.js';
import { uniform, type OperationWorkload } from './workloads.js';

/** Products in one program. */
const CHAIN = 8;
const RUNS = { matmul: 5, chain: 40 } as const;
/** The operands repeat so many numbers. */
const PERIOD = 2 ** 20;

/** What a contender answers on an operation. */
export function operationCommands({ operation, size, precision }: OperationWorkload): Commands {
  const dtype = precision === 'tf32' ? 'float32' : precision;
  const isMatmul = operation === 'matmul';
  const shape = isMatmul ? [size, size] : [size];
  // Of this variance products keep their scale.
  const limit = isMatmul ? Math.sqrt(3 / size) : 1;

  const operand = (stream: number, factor: number): Tensor => {
    const period = Float32Array.from({ length: PERIOD }, (_, i) => (2 * uniform(stream, i) - 1) * factor);
    const count = shape.reduce((a, b) => a * b, 1);
    return ops.cast(ops.reshape(ops.tile(tensor(period), [count / PERIOD]), shape), dtype);
  };
  const multiply = jit((x: Tensor, w: Tensor) => {
    let value = x;
    for (let i = 0; i < CHAIN; i++) value = ops.matmul(value, w);
    return value;
  });
  const chain = jit((x: Tensor) => ops.relu(ops.add(ops.multiply(x, 1.5), 0.5)));

  let operands: Tensor[] = [];
  const run = (): DeviceTensor => (isMatmul ? multiply(operands[0], operands[1]) : chain(operands[0])) as DeviceTensor;
  const done = async (result: DeviceTensor): Promise<void> => {
    await ops.sum(ops.getItem(result, isMatmul ? [0] : [[0, 8]])).numbers();
    result.dispose();
  };

  return {
    async compile() {
      operands = isMatmul ? [operand(1, 1), operand(2, limit)] : [operand(1, 1)];
      const start = performance.now();
      await done(run());
      return { compileMs: performance.now() - start };
    },
    async losses() {
      const result = run();
      const some = await ops.cast(ops.getItem(ops.reshape(result, [-1]), [[0, 20]]), 'float32').numbers();
      result.dispose();
      return { losses: some };
    },
    async fit() {
      const start = performance.now();
      for (let i = 1; i < RUNS[operation]; i++) run().dispose();
      await done(run());
      const each = (performance.now() - start) / RUNS[operation];
      return { stepMs: isMatmul ? each / CHAIN : each };
    },
  };
}

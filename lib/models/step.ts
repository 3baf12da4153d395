// Compiled steps: a function of one batch as a native program, fed batch by batch or running by itself over arrays.
import { onDevice, type Device } from '../device.js';
import { CompiledFunction, type BoundFunction } from '../graph/compile.js';
import { trace, type TracedTensor } from '../graph/trace.js';
import { add } from '../ops/elementwise.js';
import { scalar } from '../ops/fill.js';
import { gatherAlong } from '../ops/gather.js';
import { reshapeTo } from '../ops/reshape-core.js';
import { dynamicSlice } from '../ops/slice.js';
import { type DeviceTensor, type Tensor } from '../tensor.js';
import { flatten, mapTree, unflatten, type Tree } from '../tree.js';
import { Variable } from '../variable.js';
import type { StepData } from './data.js';

/** What a step gives: its logs, predictions or whatever, as a tree of tensors. */
type Results<T extends Tensor> = Tree<T>;

interface Recorded {
  readonly compiled: CompiledFunction;
  /** The recorded results; their leaves are in the order of the program's. */
  readonly form: Tree<Tensor>;
}

/** A step of training, testing or prediction. Compiled once per combination of shapes and dtypes. */
export class StepFunction {
  private readonly programs = new Map<string, Recorded>();
  /** Where the next batch begins in `order`: device state, so that steps in a row need nothing from outside. */
  private readonly cursor: Variable;

  constructor(
    /** What errors call it. */
    private readonly where: string,
    /** Where the model lives. */
    readonly device: Device,
    private readonly step: (data: StepData) => Tree<Tensor>,
    /** Run op by op instead of compiling. */
    readonly eager = false,
  ) {
    this.cursor = onDevice(device, () => new Variable(0, { name: 'cursor', dtype: 'int32', trainable: false }));
  }

  /** Queues the step on one batch. */
  runBatch(data: StepData<DeviceTensor>): Results<DeviceTensor> {
    if (this.eager) return onDevice(this.device, () => this.step(data) as Results<DeviceTensor>);
    const leaves = leavesOf(data);
    const { compiled, form } = this.recorded(`batch|${signature(data)}`, leaves, (inputs) => withLeaves(data, inputs));
    return unflatten(form, compiled.run(leaves));
  }

  /** Prepares steps over arrays, whose batch i holds the rows `order[i · size …]`. */
  overArrays(data: StepData<DeviceTensor>, order: DeviceTensor, size: number): ArrayPass {
    const leaves = [...leavesOf(data), order];
    const { compiled, form } = this.recorded(`arrays|${size}|${order.size}|${signature(data)}`, leaves, (inputs) => {
      const start = this.cursor.value;
      const rows = dynamicSlice(inputs[inputs.length - 1], reshapeTo(start, [1]), [size]);
      this.cursor.assign(add(start, scalar(size, 'int32')));
      return withLeaves(
        data,
        inputs.slice(0, -1).map((leaf) => gatherAlong(leaf, rows, 0)),
      );
    });
    return new ArrayPass(compiled, leaves, form);
  }

  /** Sets the row of `order` at which the next batch begins. */
  rewind(row = 0): void {
    this.cursor.assign(row);
  }

  private recorded(
    key: string,
    leaves: readonly DeviceTensor[],
    makeBatch: (inputs: TracedTensor[]) => StepData,
  ): Recorded {
    let recorded = this.programs.get(key);
    if (!recorded) {
      let form: Tree<Tensor> = [];
      const graph = onDevice(this.device, () =>
        trace((...inputs) => flatten((form = this.step(makeBatch(inputs)))), leaves),
      );
      const compiled = new CompiledFunction(this.where, graph, this.device);
      this.programs.set(key, (recorded = { compiled, form }));
    }
    return recorded;
  }
}

/** Steps over arrays with fixed memory: one short native call queues any number of them. */
export class ArrayPass {
  /** The results of the last step that ran; their memory is written anew by each. */
  readonly results: Results<DeviceTensor>;
  private readonly bound: BoundFunction;

  constructor(
    private readonly compiled: CompiledFunction,
    private readonly leaves: readonly DeviceTensor[],
    private readonly form: Tree<Tensor>,
  ) {
    this.bound = compiled.bind(leaves);
    this.results = unflatten(form, this.bound.results);
  }

  /** Queues `times` steps. */
  run(times: number): void {
    this.bound.run(times);
  }

  /** Queues one step whose results have memory of their own. */
  runFresh(): Results<DeviceTensor> {
    return unflatten(this.form, this.compiled.run(this.leaves));
  }

  dispose(): void {
    this.bound.dispose();
    for (const result of this.bound.results) result.dispose();
  }
}

/** The rows of a batch, for steps that are not compiled. */
export const rowsOf = (data: StepData<DeviceTensor>, rows: DeviceTensor): StepData<DeviceTensor> =>
  withLeaves(
    data,
    leavesOf(data).map((leaf) => gatherAlong(leaf, rows, 0)),
  ) as StepData<DeviceTensor>;

const parts = ['x', 'y', 'sampleWeight'] as const;

const leavesOf = <T extends Tensor>(data: StepData<T>): T[] =>
  parts.flatMap((part) => (data[part] === null ? [] : flatten(data[part])));

/** The same structure with other tensors. */
function withLeaves(data: StepData, leaves: readonly Tensor[]): StepData {
  let next = 0;
  const replace = (tree: Tree<Tensor> | null): Tree<Tensor> | null => tree && mapTree(tree, () => leaves[next++]);
  const x = mapTree(data.x, () => leaves[next++]);
  return { x, y: replace(data.y), sampleWeight: replace(data.sampleWeight) };
}

const signature = (data: StepData): string =>
  JSON.stringify(
    parts.map((part) => data[part] && mapTree(data[part], ({ shape, dtype }) => `${dtype}[${shape.join()}]`)),
  );

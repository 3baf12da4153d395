// From a recorded function to something that runs: passes, plan, encoding, and the cache of native programs.
import { currentDevice, deviceOf, onDevice, perDevice, type Device } from '../device.js';
import { HornetError } from '../errors.js';
import type { NativeBinding, NativeBuffer, NativeProgram } from '../native.js';
import { allocate, DeviceTensor } from '../tensor.js';
import { variableEpoch, type Variable } from '../variable.js';
import { encode } from './encode.js';
import type { Graph } from './ir.js';
import { lower } from './lower.js';
import { optimize } from './passes/index.js';
import { planMemory } from './plan.js';
import { print } from './print.js';
import type { TracedGraph } from './trace.js';

const programsOf = perDevice(() => new Map<string, NativeProgram>());

/** The native program of a graph on a device; equal graphs share one. */
export function compileGraph(graph: Graph, device: Device = currentDevice()): NativeProgram {
  const programs = programsOf(device);
  const key = print(graph);
  let program = programs.get(key);
  if (!program) {
    const ordered = lower(optimize(graph));
    try {
      program = device.native.compile(encode(ordered, planMemory(ordered)));
    } catch (error) {
      throw HornetError.fromNative(error);
    }
    programs.set(key, program);
  }
  return program;
}

/** A recorded function with its native program and the state that it works on. */
export class CompiledFunction {
  private readonly program: NativeProgram;
  private readonly updated: ReadonlySet<unknown>;
  private readonly device: Device;

  /** @param where - What errors call it. @param device - Default: that of the variables and outer tensors. */
  constructor(
    private readonly where: string,
    private readonly traced: TracedGraph,
    device: Device = deviceOf(traced.sources) ?? currentDevice(),
  ) {
    this.device = device;
    this.program = compileGraph(traced.graph, device);
    this.updated = new Set(traced.updated);
  }

  /** Bytes of device memory that a run needs beside its parameters and results. */
  get arenaBytes(): number {
    return this.program.arenaBytes;
  }

  /** One line per instruction, with the implementation that runs it. */
  explain(): string[] {
    return this.program.explain();
  }

  /** Queues a run and returns its results at once. */
  run(inputs: readonly DeviceTensor[]): DeviceTensor[] {
    const results = this.allocateResults();
    this.program.run(
      this.parameters(inputs),
      results.map(({ buffer }) => buffer),
    );
    return results;
  }

  /** Fixes inputs and results, so that further runs cost one call and no memory. */
  bind(inputs: readonly DeviceTensor[], results: readonly DeviceTensor[] = this.allocateResults()): BoundFunction {
    const buffers = results.map(({ buffer }) => buffer);
    return new BoundFunction(results, () => this.program.bind(this.parameters(inputs), buffers));
  }

  private allocateResults(): DeviceTensor[] {
    return onDevice(this.device, () =>
      this.traced.graph.results.map(({ shape, dtype }) => allocate(shape, dtype, false)),
    );
  }

  private parameters(inputs: readonly DeviceTensor[]): NativeBuffer[] {
    const state = this.traced.sources.map((source) => {
      this.checkDevice(source);
      if (source instanceof DeviceTensor) return source.buffer;
      return (this.updated.has(source) ? source.writable() : source.tensor).buffer;
    });
    for (const input of inputs) this.checkDevice(input);
    return [...inputs.map(({ buffer }) => buffer), ...state];
  }

  private checkDevice(source: DeviceTensor | Variable): void {
    if (source.device === this.device) return;
    const what = source instanceof DeviceTensor ? 'one' : `variable '${source.path}'`;
    const message = `expected all tensors on ${this.device.name}, received ${what} on ${source.device.name}`;
    throw new HornetError(this.where, message);
  }
}

/** A compiled function with fixed memory. Binds again by itself when a variable has moved. */
export class BoundFunction {
  private binding: NativeBinding;
  private epoch: number;

  constructor(
    readonly results: readonly DeviceTensor[],
    private readonly makeBinding: () => NativeBinding,
  ) {
    this.binding = makeBinding();
    this.epoch = variableEpoch();
  }

  /** Queues `times` runs in a row and returns at once. */
  run(times = 1): void {
    if (this.epoch !== variableEpoch()) {
      this.binding.dispose();
      this.binding = this.makeBinding();
      this.epoch = variableEpoch();
    }
    this.binding.run(times);
  }

  dispose(): void {
    this.binding.dispose();
  }
}

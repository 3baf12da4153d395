// Ops outside a trace: each runs at once as a program of one op, from a cache.
import { currentDevice, deviceOf, perDevice } from '../device.js';
import { concrete, type DeviceTensor, type Tensor } from '../tensor.js';
import { CompiledFunction } from './compile.js';
import type { Attrs } from './ir.js';
import type { Primitive } from './op.js';
import { attrText } from './print.js';
import { currentTrace, trace } from './trace.js';

const compiledOn = perDevice(() => new Map<string, CompiledFunction>());

/** Runs one primitive on concrete tensors, where they are. */
export function runEager(op: Primitive, inputs: readonly Tensor[], attrs: Attrs): DeviceTensor[] {
  const device = deviceOf(inputs[0] ?? null) ?? currentDevice();
  const compiled = compiledOn(device);
  const types = inputs.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`);
  const key = `${op.name}|${types.join(';')}|${attrText(attrs)}`;
  let program = compiled.get(key);
  if (!program) {
    program = new CompiledFunction(
      op.name,
      trace((...traced) => currentTrace()!.emit(op, traced, attrs), inputs),
      device,
    );
    compiled.set(key, program);
  }
  return program.run(inputs.map((input) => concrete(op.name, input)));
}

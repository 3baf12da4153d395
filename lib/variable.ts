// Variables: named state in device memory that programs update in place.
import { onDevice, type Device } from './device.js';
import { isFloat, type DType, type TypedArray } from './dtype.js';
import { HornetError } from './errors.js';
import { sameShape } from './graph/ir.js';
import { currentTrace, withTrace } from './graph/trace.js';
import { allocate, concrete, DeviceTensor, type Tensor } from './tensor.js';
import { castTo, convertToTensor, type TensorLike } from './ops/convert.js';
import { add, sub } from './ops/elementwise.js';

/** What a variable carries besides its numbers. */
export interface VariableArgs {
  readonly name?: string;
  /** Whether optimizers change it. Default true. */
  readonly trainable?: boolean;
  /** Default: the initial value's own. */
  readonly dtype?: DType;
  /** Penalty added to the loss. */
  readonly regularizer?: ((value: Tensor) => Tensor) | null;
  /** Projection applied after each optimizer step. */
  readonly constraint?: ((value: Tensor) => Tensor) | null;
  /** Whether a mixed-precision layer reads it in its type of computation. Default true. */
  readonly autocast?: boolean;
  /** The initial tensor is nobody else's: its memory becomes the variable's. Default false. Internal. */
  readonly adopt?: boolean;
}

let epoch = 0;

/** Counts the moments at which some variable's memory was lent or left: bound programs compare it and bind again. */
export const variableEpoch = (): number => epoch;

let autocastType: DType | null = null;

/** The type in which float variables are read at present; null for their own. */
export const autocastDtype = (): DType | null => autocastType;

/** Runs `fn` while float variables are read in another type (null: in their own). */
export function withAutocast<T>(dtype: DType | null, fn: () => T): T {
  const outer = autocastType;
  autocastType = dtype;
  try {
    return fn();
  } finally {
    autocastType = outer;
  }
}

/**
 * A tensor that can be changed. In a trace, reading gives the value at that point of the program and assigning becomes
 * an update in place; outside, both act at once.
 */
export class Variable {
  name: string;
  /** Name below the owning layers, e.g. `sequential/dense/kernel`. */
  path: string;
  trainable: boolean;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly autocast: boolean;
  regularizer: ((value: Tensor) => Tensor) | null;
  constraint: ((value: Tensor) => Tensor) | null;
  /** Set by layers that must not be decayed or averaged. */
  overwriteWithGradient = false;
  private memory: DeviceTensor;
  private lent = false;

  constructor(initial: TensorLike, args: VariableArgs = {}) {
    // A layer may be built while a step is recorded: its variables exist at once, outside of the program.
    const value = withTrace(null, () => convertToTensor(initial, args.dtype));
    if (!(value instanceof DeviceTensor)) {
      throw new HornetError('variable', 'expected an initial value with numbers, received a traced or symbolic tensor');
    }
    this.name = args.name ?? 'variable';
    this.path = this.name;
    this.trainable = args.trainable ?? true;
    this.shape = value.shape;
    this.dtype = value.dtype;
    this.autocast = (args.autocast ?? true) && isFloat(value.dtype);
    this.regularizer = args.regularizer ?? null;
    this.constraint = args.constraint ?? null;
    this.memory = value;
    // The caller may still hold the tensor: it must not change under its hands, nor take the memory along.
    if (value === initial && !args.adopt) {
      this.lend();
      this.unshare(true);
    }
  }

  /** Where the numbers are. */
  get device(): Device {
    return this.memory.device;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.memory.size;
  }

  /** The value: traced inside a trace; otherwise a tensor that keeps its numbers when the variable changes. */
  get value(): Tensor {
    return castTo(this.ownValue(), this.readDtype);
  }

  /** The type of `value`: the variable's own, or that of the mixed-precision layer that is reading. */
  get readDtype(): DType {
    return autocastType && this.autocast ? autocastType : this.dtype;
  }

  private ownValue(): Tensor {
    const trace = currentTrace();
    if (trace) return trace.read(this);
    this.lend();
    return new DeviceTensor(this.device, this.memory.buffer, this.shape, this.dtype, true);
  }

  /** Replaces the value; converted to the variable's dtype. Throws a `HornetError` when the shape differs. */
  assign(value: TensorLike): void {
    const trace = currentTrace();
    const converted = trace
      ? convertToTensor(value, this.dtype)
      : onDevice(this.device, () => convertToTensor(value, this.dtype));
    if (!sameShape(converted.shape, this.shape)) {
      throw new HornetError(
        this.path,
        `expected a value of shape [${this.shape.join(', ')}], received [${converted.shape.join(', ')}]`,
      );
    }
    if (trace) return trace.write(this, converted);
    const { buffer, device } = concrete(this.path, converted);
    if (device !== this.device) {
      throw new HornetError(this.path, `expected a value on ${this.device.name}, received one on ${device.name}`);
    }
    if (this.memory.isPending) this.memory = this.newMemory();
    this.unshare(false);
    device.native.copy(buffer, this.memory.buffer);
  }

  /** `assign`, of a tensor that is nobody else's: where there are no numbers yet, its memory becomes the variable's. Internal. */
  adopt(value: DeviceTensor): void {
    const { device, dtype, shape } = value;
    if (this.memory.isPending && device === this.device && dtype === this.dtype && sameShape(shape, this.shape)) {
      this.memory = value;
    } else {
      this.assign(value);
      value.dispose();
    }
  }

  /** Adds to the value. */
  assignAdd(value: TensorLike): void {
    this.assign(add(this.ownValue(), convertToTensor(value, this.dtype)));
  }

  /** Takes from the value. */
  assignSub(value: TensorLike): void {
    this.assign(sub(this.ownValue(), convertToTensor(value, this.dtype)));
  }

  /** Copies the current numbers out. */
  data(): Promise<TypedArray> {
    return this.memory.data();
  }

  /** Memory for a program that only reads. Internal. */
  get tensor(): DeviceTensor {
    return this.memory;
  }

  /** Memory for a program that updates in place: moved away first when a tensor handed out still shows it. Internal. */
  writable(): DeviceTensor {
    this.unshare(true);
    return this.memory;
  }

  private lend(): void {
    if (!this.lent) epoch++;
    this.lent = true;
  }

  private unshare(keep: boolean): void {
    if (!this.lent) return;
    const old = this.memory;
    this.memory = this.newMemory();
    if (keep) old.device.native.copy(old.buffer, this.memory.buffer);
    this.lent = false;
    epoch++;
  }

  private newMemory(): DeviceTensor {
    return onDevice(this.device, () => allocate(this.shape, this.dtype, false));
  }

  /** Frees the memory. */
  dispose(): void {
    this.memory.dispose();
  }

  toString(): string {
    return `<Variable path=${this.path}, shape=[${this.shape.join(', ')}], dtype=${this.dtype}>`;
  }
}

// The wrapper of every public op: on symbolic tensors the op is recorded in the functional graph instead of being run.
import { onDeviceOf } from '../device.js';
import { Tensor } from '../tensor.js';

type SymbolicDispatch = (name: string, fn: (...args: never[]) => unknown, args: readonly unknown[]) => unknown;

let dispatch: SymbolicDispatch | null = null;

/** Installs what records ops on symbolic tensors. */
export function setSymbolicDispatch(handler: SymbolicDispatch): void {
  dispatch = handler;
}

const table = new Map<string, (...args: never[]) => unknown>();

/** Every public op by name, for configs that name one. */
export const publicOps: ReadonlyMap<string, (...args: never[]) => unknown> = table;

const isSymbolic = (arg: unknown): boolean => {
  if (arg instanceof Tensor) return arg.isSymbolic;
  if (Array.isArray(arg)) return arg.length > 0 && typeof arg[0] === 'object' && arg.some(isSymbolic);
  if (arg !== null && typeof arg === 'object' && Object.getPrototypeOf(arg) === Object.prototype) {
    return Object.values(arg).some(isSymbolic);
  }
  return false;
};

/** Makes `fn` an op that also works on symbolic tensors, anywhere in its arguments, and on devices that are not the current. */
export function publicOp<A extends never[] | unknown[], R>(name: string, fn: (...args: A) => R): (...args: A) => R {
  const op = (...args: A): R =>
    dispatch && args.some(isSymbolic) ? (dispatch(name, fn, args) as R) : onDeviceOf(args, () => fn(...args));
  Object.defineProperty(op, 'name', { value: name });
  table.set(name, op);
  return op;
}

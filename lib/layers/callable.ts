// Objects that can be called like functions: what makes `dense(64)(x)` possible. Knows nothing of layers.

/**
 * Base of classes whose instances are functions. The constructor gives a function object with the prototype of the class,
 * so fields and methods work as on any object, and calling it runs `invoke`.
 */
export abstract class Callable {
  constructor() {
    const self = ((...args: unknown[]): unknown => (self as unknown as Callable).invoke(args)) as unknown as this;
    Object.setPrototypeOf(self, new.target.prototype);
    // A function's own `name` is read-only and would hide the class's.
    delete (self as { name?: unknown }).name;
    delete (self as { length?: unknown }).length;
    return self;
  }

  /** What calling the object does. */
  protected abstract invoke(args: readonly unknown[]): unknown;
}

// Names: automatic ones for layers, and the path below which a variable is created.

const counts = new Map<string, number>();
const scope: NamedScope[] = [];

/** Whatever gives its name to the variables made while it builds or runs. */
export interface NamedScope {
  readonly name: string;
}

/** Keras's snake case of a class name: `MaxPooling2D` → `max_pooling2d`. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** The next free name with a prefix: `dense`, `dense_1`, `dense_2` … */
export function uniqueName(prefix: string): string {
  const used = counts.get(prefix) ?? 0;
  counts.set(prefix, used + 1);
  return used === 0 ? prefix : `${prefix}_${used}`;
}

/** Starts automatic names over: the next `Dense` is called `dense` again. */
export function clearSession(): void {
  counts.clear();
}

/** Runs `fn` with an owner's name in front of the paths of new variables; an owner already on top is not repeated. */
export function withScope<T>(owner: NamedScope, fn: () => T): T {
  const repeated = scope.at(-1) === owner;
  if (!repeated) scope.push(owner);
  try {
    return fn();
  } finally {
    if (!repeated) scope.pop();
  }
}

/** The names of the owners whose code runs now, the outermost first. */
export const scopeNames = (): string[] => scope.map(({ name }) => name);

/** The path of a variable of this name that `owner` creates now. */
export function pathOf(owner: NamedScope, name: string): string {
  const owners = scope.at(-1) === owner ? scope : [...scope, owner];
  return [...owners.map((each) => each.name), name].join('/');
}

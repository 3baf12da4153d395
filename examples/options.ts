// Numbers that examples take from the command line: `npx tsx examples/vae.ts --epochs 5`.
import { parseArgs } from 'node:util';

/** The defaults, with what the command line says instead. */
export function options<Name extends string>(defaults: Record<Name, number>): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const numbers = names.map((name): [Name, number] => {
    const value = values[name] === undefined ? defaults[name] : Number(values[name]);
    if (!(Number.isInteger(value) && value > 0)) {
      throw new Error(`expected --${name} to be a positive integer, received ${String(values[name])}`);
    }
    return [name, value];
  });
  return Object.fromEntries(numbers) as Record<Name, number>;
}

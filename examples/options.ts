// What examples take from the command line: numbers, `npx tsx examples/vae.ts --epochs 5`, and the path of a folder.
import { parseArgs } from 'node:util';

/** The defaults, with what the command line says instead. */
export const options = <Name extends string>(defaults: Record<Name, number>): Record<Name, number> =>
  read(defaults, false).numbers;

/** The same, and the path that may stand beside them. */
export function pathAndOptions<Name extends string>(
  defaults: Record<Name, number>,
): Record<Name, number> & { readonly path: string | undefined } {
  const { numbers, path } = read(defaults, true);
  return { ...numbers, path };
}

function read<Name extends string>(
  defaults: Record<Name, number>,
  allowPositionals: boolean,
): { numbers: Record<Name, number>; path: string | undefined } {
  const names = Object.keys(defaults) as Name[];
  const { values, positionals } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    allowPositionals,
  });
  const numbers = names.map((name): [Name, number] => {
    const value = values[name] === undefined ? defaults[name] : Number(values[name]);
    if (!(Number.isInteger(value) && value > 0)) {
      throw new Error(`expected --${name} to be a positive integer, received ${String(values[name])}`);
    }
    return [name, value];
  });
  return { numbers: Object.fromEntries(numbers) as Record<Name, number>, path: positionals[0] };
}

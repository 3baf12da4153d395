// Keras's public names against Hornet's exports: for each name what it is called here, or why it is not there.
// scripts/keras-compatibility.ts writes it as a page, test/docs/keras-compatibility.test.ts holds the page to it.
import { readFileSync } from 'node:fs';
import * as hornet from '../../lib/index.js';
import { toCamel } from '../../lib/saving/config-case.js';
import { atTop, elsewhere, reasons } from './reasons.js';

/** Keras's names by module with their kinds, as scripts/make-keras-names.py found them. */
const keras = JSON.parse(readFileSync(new URL('./keras-names.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly modules: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** One name of Keras. */
export interface Row {
  readonly module: string;
  readonly name: string;
  /** What it is called in Hornet, below the package; null where it is not there. */
  readonly here: string | null;
  /** Why it is not there, or what is said of it; null where nobody says anything. */
  readonly reason: string | null;
}

type Namespace = Readonly<Record<string, unknown>>;

/** What a path below the package is; undefined where there is nothing. */
function at(path: string): unknown {
  let value: unknown = hornet;
  for (const key of path.split('.')) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
    value = (value as Namespace)[key];
  }
  return value;
}

/** Where names of a module may be: in the namespaces along its path, the innermost first; some are at the top. */
function namespaces(module: string): string[] {
  const parts = module.split('.').slice(1).map(toCamel);
  const along = parts
    .map((_, i) => parts.slice(0, parts.length - i).join('.'))
    .filter((path) => at(path) !== undefined);
  return atTop.has(module) ? [...along, ''] : along;
}

/** A function's name in camelCase; names of constants and acronyms stay. */
const spell = (name: string): string => (/^[a-z]/.test(name) ? toCamel(name) : name);

/** How a name may be spelled: as it is for classes, in camelCase for functions; also as what it is an alias of. */
function spellings(name: string, kind: string): string[] {
  const [, alias] = kind.split(':');
  return [...new Set([spell(name), ...(alias ? [spell(alias)] : [])])];
}

/** Networks are functions: with capitals in Keras, without some of them here. */
function findNetwork(name: string): string | null {
  const found = Object.keys(hornet.applications).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? null : `applications.${found}`;
}

function find(module: string, name: string, kind: string): string | null {
  if (module.startsWith('keras.applications') && /^[A-Z]/.test(name)) return findNetwork(name);
  for (const namespace of namespaces(module)) {
    for (const spelling of spellings(name, kind)) {
      const path = namespace === '' ? spelling : `${namespace}.${spelling}`;
      const found = at(path);
      if (typeof found === 'function') return path;
    }
  }
  return null;
}

/** The reason for a name: its own, else that of its module or of a module around it. */
function reasonFor(module: string, name: string): string | null {
  for (let path = `${module}.${name}`; path.includes('.'); path = path.slice(0, path.lastIndexOf('.'))) {
    const reason = reasons[path];
    if (reason) return reason;
  }
  return null;
}

/** All names in the order of the modules. */
export function rows(): Row[] {
  return Object.entries(keras.modules).flatMap(([module, names]) =>
    Object.entries(names).map(([name, kind]) => {
      const other = elsewhere[`${module}.${name}`];
      const here = other !== undefined && at(other) !== undefined ? other : find(module, name, kind);
      return { module, name, here, reason: here === null ? reasonFor(module, name) : null };
    }),
  );
}

/** Entries of the reasons that say nothing: for names that are there by themselves, or that Keras does not have. */
export function idle(): string[] {
  const known = new Map(rows().map((row) => [`${row.module}.${row.name}`, row]));
  const modules = [...new Set([...known.values()].map(({ module }) => module))];
  const isUsed = (key: string): boolean =>
    known.has(key)
      ? known.get(key)!.here === null
      : modules.some((module) => module === key || module.startsWith(`${key}.`));
  const moved = Object.entries(elsewhere).filter(([key, path]) => known.has(key) && at(path) === undefined);
  return [...Object.keys(reasons).filter((key) => !isUsed(key)), ...moved.map(([key]) => key)];
}

/** The page. */
export function page(): string {
  const all = rows();
  const there = all.filter(({ here }) => here !== null).length;
  const modules = [...new Set(all.map(({ module }) => module))];
  const sections = modules.map((module) => {
    const own = all.filter((row) => row.module === module);
    const lines = own.map(
      ({ name, here, reason }) => `| \`${name}\` | ${here === null ? (reason ?? 'missing') : `\`${here}\``} |`,
    );
    return `## ${module}\n\n| Keras | Hornet |\n| --- | --- |\n${lines.join('\n')}\n`;
  });
  return `<!-- Made by \`npm run compatibility\`; do not edit. Reasons are in scripts/compatibility/reasons.ts. -->

# Keras ${keras.version} and Hornet, name by name

Of ${all.length} public names of Keras (many of which stand in several modules) ${there} are in Hornet. Names are below the package:
\`layers.Dense\` is \`import { layers } from 'hornet'\`. Classes of layers, optimizers and the like have a function of the
same name that makes one: \`dense(10)\` is \`new Dense(10)\`. Options are in camelCase, after what is required.

${sections.join('\n')}`;
}

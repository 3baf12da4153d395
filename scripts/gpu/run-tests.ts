// Runs files of tests without jest, where only Node is: run-tests [--every N] [--only TEXT] [--log FILE] FILE…
// It knows what the tests use of jest: describe, test, their tables, hooks, and expect from jest's own package.
// Inline snapshots are not compared here. Each outcome is a line of JSON in the log, written when it is known: what a
// process that dies leaves is the name of the test that was running.
import { appendFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { format, parseArgs } from 'node:util';
import { expect } from 'expect';

/** One line of the log. */
export interface TestOutcome {
  readonly name: string;
  readonly status: 'running' | 'passed' | 'failed';
  readonly ms?: number;
  readonly message?: string;
}

type Body = (...args: unknown[]) => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | null;
  readonly tests: { readonly name: string; readonly body: () => unknown; readonly timeout: number }[];
  readonly suites: Suite[];
  readonly before: Body[];
  readonly after: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
}

const TIMEOUT_MS = 60_000;

const makeSuite = (name: string, parent: Suite | null): Suite => {
  return { name, parent, tests: [], suites: [], before: [], after: [], beforeEach: [], afterEach: [] };
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'string', default: '1' },
    only: { type: 'string' },
    log: { type: 'string' },
  },
});
if (values.log) writeFileSync(values.log, '');

let suite = makeSuite('', null);

/** `%s` and the like take the cells of a row one after the other, as in jest. */
const titled = (title: string, row: readonly unknown[], index: number): string => {
  const wanted = (title.replaceAll('%%', '').match(/%[sdifjoOp]/g) ?? []).length;
  return format(title.replaceAll('%#', String(index)).replaceAll('%p', '%j'), ...row.slice(0, wanted));
};

const rowsOf = (table: readonly unknown[]): unknown[][] =>
  table.map((row) => (Array.isArray(row) && table.every(Array.isArray) ? (row as unknown[]) : [row]));

function describe(name: string, body: () => void): void {
  const outer = suite;
  suite = makeSuite(name, outer);
  outer.suites.push(suite);
  body();
  suite = outer;
}
describe.each =
  (table: readonly unknown[]) =>
  (title: string, body: Body): void =>
    rowsOf(table).forEach((row, i) => describe(titled(title, row, i), () => void body(...row)));
describe.skip = (): void => undefined;

function test(name: string, body: () => unknown, timeout = TIMEOUT_MS): void {
  suite.tests.push({ name, body, timeout });
}
test.each =
  (table: readonly unknown[]) =>
  (title: string, body: Body, timeout?: number): void =>
    rowsOf(table).forEach((row, i) => test(titled(title, row, i), () => body(...row), timeout));
test.skip = (): void => undefined;

expect.extend({ toMatchInlineSnapshot: () => ({ pass: true, message: () => '' }) });
Object.assign(globalThis, {
  describe,
  test,
  it: test,
  expect,
  beforeAll: (body: Body) => suite.before.push(body),
  afterAll: (body: Body) => suite.after.push(body),
  beforeEach: (body: Body) => suite.beforeEach.push(body),
  afterEach: (body: Body) => suite.afterEach.push(body),
});

let failed = 0;
let passed = 0;
let position = 0;

function note(outcome: TestOutcome): void {
  if (values.log) appendFileSync(values.log, `${JSON.stringify(outcome)}\n`);
  else if (outcome.status !== 'running') console.log(`${outcome.status} ${outcome.name} ${outcome.message ?? ''}`);
}

async function within(timeout: number, promise: unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${timeout / 1000} s`)), timeout);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Jest's matchers write colours, and repeat what they compared. */
const plain = (error: unknown): string =>
  // eslint-disable-next-line no-control-regex
  String(error instanceof Error ? (error.stack ?? error.message) : error).replaceAll(/\x1b\[\d+m/g, '');

const path = (from: Suite | null): Suite[] => (from ? [...path(from.parent), from] : []);

async function runSuite(own: Suite, chosen: (name: string) => boolean): Promise<void> {
  const chain = path(own);
  for (const hook of own.before) await hook();
  for (const each of own.tests) {
    const name = [...chain.map((outer) => outer.name), each.name].filter(Boolean).join(' › ');
    if (!chosen(name)) continue;
    note({ name, status: 'running' });
    const start = performance.now();
    const took = (): number => Math.round(performance.now() - start);
    try {
      for (const outer of chain) for (const hook of outer.beforeEach) await hook();
      try {
        await within(each.timeout, each.body());
      } finally {
        for (const outer of chain.toReversed()) for (const hook of outer.afterEach) await hook();
      }
      passed++;
      note({ name, status: 'passed', ms: took() });
    } catch (error) {
      failed++;
      note({ name, status: 'failed', ms: took(), message: plain(error).slice(0, 3000) });
    }
  }
  for (const inner of own.suites) await runSuite(inner, chosen);
  for (const hook of own.after) await hook();
}

const every = Number(values.every);
for (const file of positionals) {
  suite = makeSuite('', null);
  try {
    await import(pathToFileURL(resolve(file)).href);
    await runSuite(suite, (name) => (!values.only || name.includes(values.only)) && position++ % every === 0);
  } catch (error) {
    failed++;
    note({ name: file, status: 'failed', message: plain(error).slice(0, 3000) });
  }
}
console.log(JSON.stringify({ passed, failed }));
process.exitCode = failed > 0 ? 1 : 0;

// The parts of the check that run tests: which files, in which processes, and what their logs say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownScript, root, withExtension, type JobResult } from './job.js';
import { resultOf, type Failure, type PartResult } from './report.js';
import type { CheckContext } from './check.js';
import type { TestOutcome } from './run-tests.js';

/** One process: files of tests, and which of their tests. */
export interface TestJob {
  readonly files: readonly string[];
  readonly only?: string;
  readonly every?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A tool that the process runs under. */
  readonly under?: readonly string[];
}

/** All tests of a folder of test/, one process per file. */
export function filesIn(folder: string, except: readonly string[] = []): TestJob[] {
  const ending = withExtension('.test');
  const path = join(root, 'test', folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending) && !except.includes(name.slice(0, -ending.length)))
    .map((name) => ({ files: [`test/${folder}/${name}`] }));
}

export const testFile = (path: string, rest: Omit<TestJob, 'files'> = {}): TestJob => {
  return { ...rest, files: [withExtension(`test/${path}.test`)] };
};

/** Float32 products at full precision: with TF32 the tolerances of the tests mean nothing. */
export const exact = { HORNET_TF32: '0' };

/** How one process went, with its end. */
export async function runTests(
  context: CheckContext,
  job: TestJob,
): Promise<{ passed: number; failures: Failure[]; end: JobResult }> {
  const log = context.scratch('jsonl');
  const options = [...(job.only ? ['--only', job.only] : []), ...(job.every ? ['--every', String(job.every)] : [])];
  const command = [...(job.under ?? []), ...ownScript('scripts/gpu/run-tests', '--log', log, ...options, ...job.files)];
  const env = { HORNET_DEVICE: context.device, ...exact, ...job.env };
  const end = await context.job(command, env);
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
  const outcomes = lines.map((line) => JSON.parse(line) as TestOutcome);
  const [file] = job.files;
  const failures = outcomes.flatMap(({ status, name, message = '' }) =>
    status === 'failed' ? [{ name: `${file}: ${name}`, message }] : [],
  );
  const running = outcomes.at(-1)?.status === 'running' ? outcomes.at(-1)!.name : null;
  const ended = end.status !== 0 && end.status !== 1;
  if (ended || running !== null || outcomes.length === 0) {
    const how = end.timedOut ? 'ran out of time' : `ended with ${end.signal ?? `status ${end.status}`}`;
    failures.push({ name: `${file}: ${running ?? 'the process'}`, message: `${how}\n${end.stderr.slice(-2000)}` });
  }
  return { passed: outcomes.filter(({ status }) => status === 'passed').length, failures, end };
}

/** Runs all jobs, as many at once as the context lets. */
export async function testPart(context: CheckContext, jobs: readonly TestJob[]): Promise<PartResult> {
  const results = await Promise.all(jobs.map((job) => runTests(context, job)));
  const slowest = results
    .map(({ end }, i) => ({ file: jobs[i].files[0], only: jobs[i].only, seconds: Math.round(end.seconds) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 5);
  return resultOf(
    results.reduce((sum, { passed }) => sum + passed, 0),
    results.flatMap(({ failures }) => failures),
    { slowest },
  );
}

interface VectorOutcome {
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly group: string;
  readonly id: string;
  readonly reason?: string;
}

/** Recorded cases of Keras; what the library does not have is counted apart. */
export async function vectorPart(context: CheckContext, folders: readonly string[], jobs: number): Promise<PartResult> {
  const file = context.scratch('json');
  const options = ['--device', context.device, '--jobs', String(jobs), '--fail', '0', '--json', file];
  const end = await context.job(ownScript('scripts/vectors', ...folders, ...options), exact);
  if (!existsSync(file)) {
    const how = end.timedOut ? 'ran out of time' : `ended with ${end.signal ?? `status ${end.status}`}`;
    return resultOf(0, [{ name: 'vectors', message: `${how}\n${end.stderr.slice(-2000)}` }]);
  }
  const outcomes = JSON.parse(readFileSync(file, 'utf8')) as VectorOutcome[];
  const missing = outcomes.filter(({ reason }) => reason?.startsWith('not implemented'));
  const failures = outcomes
    .filter((outcome) => outcome.status === 'failed' && !missing.includes(outcome))
    .map(({ group, id, reason = '' }) => ({ name: `${group} ${id}`, message: reason }));
  const count = (status: VectorOutcome['status']): number => outcomes.filter((each) => each.status === status).length;
  return resultOf(count('passed'), failures, { skipped: count('skipped'), notImplemented: missing.length });
}

/** Tests under NVIDIA's checker of memory accesses or of races; its own findings are the failures. */
export async function sanitizerPart(
  context: CheckContext,
  tool: string,
  jobs: readonly (TestJob & { tool: string })[],
): Promise<PartResult> {
  const outcomes = await Promise.all(
    jobs.map(async (job) => {
      const log = context.scratch('log');
      const under = [tool, '--tool', job.tool, '--error-exitcode', '86', '--print-limit', '20', '--log-file', log];
      const { passed, failures, end } = await runTests(context, { ...job, under });
      const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
      const summary = /ERROR SUMMARY: (\d+) error|RACECHECK SUMMARY: (\d+) hazard/.exec(text);
      const found = Number(summary?.[1] ?? summary?.[2] ?? NaN);
      const name = `${job.tool} of ${job.files[0]}`;
      const own: Failure[] = found > 0 ? [{ name, message: text.slice(0, 4000) }] : [];
      // Slow as it is, it may run out of time: what it had found until then is in its log.
      if (!summary && /=========\s+(Invalid|Error|Race|Program hit)/.test(text))
        own.push({ name, message: text.slice(0, 4000) });
      const others = failures.filter(
        ({ message }) => !(end.timedOut && message.startsWith('ran out of time')) && end.status !== 86,
      );
      return {
        passed,
        failures: [...own, ...others],
        details: { name, found: summary ? found : null, passed, timedOut: end.timedOut },
      };
    }),
  );
  return resultOf(
    outcomes.reduce((sum, { passed }) => sum + passed, 0),
    outcomes.flatMap(({ failures }) => failures),
    outcomes.map(({ details }) => details),
  );
}

// What the check writes: one JSON with the outcome of every part, kept up to date while they run.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** How a part ended. */
export interface PartResult {
  readonly status: 'passed' | 'failed' | 'skipped' | 'not run';
  /** Why it was skipped or not run. */
  readonly reason?: string;
  readonly seconds?: number;
  readonly passed?: number;
  readonly failed?: number;
  readonly failures?: readonly Failure[];
  /** Whatever else there is to know. */
  readonly details?: unknown;
}

/** The whole file. */
export interface Report {
  readonly date: string;
  readonly commit: string;
  device: string;
  machine: Record<string, unknown>;
  versions: Record<string, string>;
  seconds: number;
  parts: Record<string, PartResult>;
}

/** At most so many failures of a part are written with their text; all are counted. */
const FAILURES = 60;

/** The report at a path: what an earlier run of the same commit left there, or a new one. */
export function openReport(path: string, commit: string, device: string): Report {
  const fresh = { date: new Date().toISOString(), commit, device, machine: {}, versions: {}, seconds: 0, parts: {} };
  if (!existsSync(path)) return fresh;
  const earlier = JSON.parse(readFileSync(path, 'utf8')) as Report;
  return earlier.commit === commit && earlier.device === device ? earlier : fresh;
}

/** Writes it as a whole: a reader, or an end by force, never finds half of it. */
export function writeReport(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(report, null, 1)}\n`);
  renameSync(`${path}.new`, path);
}

/** A result from counts and failures. */
export function resultOf(passed: number, failures: readonly Failure[], details?: unknown): PartResult {
  const failed = failures.length;
  // A part of which nothing ran has shown nothing.
  const status = failed === 0 && passed > 0 ? 'passed' : 'failed';
  return {
    status,
    passed,
    failed,
    failures: failures.slice(0, FAILURES),
    ...(details === undefined ? {} : { details }),
  };
}

// What a run of vectors prints: a table per group and class, reasons of failures and skips, the sum.
import type { Outcome } from './outcome.js';

/** The outcome of one case. */
export interface Result extends Outcome {
  readonly group: string;
  readonly label: string;
  readonly id: string;
}

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** How many of the results ended how. */
export function count(results: readonly Result[]): Count {
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of results) total[status]++;
  return total;
}

const groupBy = (results: readonly Result[], key: (result: Result) => string): Map<string, Result[]> => {
  const groups = new Map<string, Result[]>();
  for (const result of results) groups.set(key(result), [...(groups.get(key(result)) ?? []), result]);
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const row = (name: string, { passed, failed, skipped }: Count): string =>
  `${name.padEnd(44)} ${String(passed).padStart(6)} ${String(failed).padStart(6)} ${String(skipped).padStart(7)}`;

/** A line per class with its counts, and the first reason where all of its cases fail for want of it. */
export function table(results: readonly Result[]): string {
  const lines: string[] = [];
  for (const [group, ofGroup] of groupBy(results, (result) => result.group)) {
    lines.push('', `${group.padEnd(44)} passed failed skipped`);
    for (const [label, ofLabel] of groupBy(ofGroup, (result) => result.label)) {
      const missing = ofLabel.filter((result) => result.reason?.startsWith('not implemented'));
      const note = missing.length > 0 ? `  ${missing.length} ${missing[0].reason}` : '';
      lines.push(row(`  ${label}`, count(ofLabel)) + note);
    }
    lines.push(row('  all', count(ofGroup)));
  }
  return lines.slice(1).join('\n');
}

/** Every reason to skip with the number of its cases. */
export function skipReasons(results: readonly Result[]): string {
  const skipped = results.filter((result) => result.status === 'skipped');
  const lines = [...groupBy(skipped, (result) => result.reason ?? '')].map(
    ([reason, list]) => `  ${list.length} skipped: ${reason}`,
  );
  return lines.join('\n');
}

/** The first failures with their reasons. */
export function failures(results: readonly Result[], limit: number): string {
  const failed = results.filter((result) => result.status === 'failed');
  const lines = failed
    .slice(0, limit)
    .map(({ group, label, id, reason }) => `  ${group}/${label} ${id}\n    ${reason}`);
  return lines.join('\n');
}

/** `N passed, N failed, N skipped`. */
export function summary(results: readonly Result[]): string {
  const { passed, failed, skipped } = count(results);
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

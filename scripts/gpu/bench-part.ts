// The benchmark as a part of the check: bench/run.mjs on the rows for GPUs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './job.js';
import { resultOf, type PartResult } from './report.js';
import type { CheckContext } from './check.js';

export async function benchPart(
  context: CheckContext,
  { rows, repetitions }: { rows?: string; repetitions: string },
): Promise<PartResult> {
  const folder = context.scratch('bench');
  const command = [
    process.execPath,
    join(root, 'bench/run.mjs'),
    '--device',
    context.device,
    '--python',
    context.python,
  ];
  const choice = rows ? ['--workloads', rows] : [];
  const end = await context.job([...command, ...choice, '--repetitions', repetitions, '--out', folder], {});
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.json')) : undefined;
  const result = file ? (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { rows: { error?: string }[] }) : null;
  const how = end.timedOut ? 'ran out of time' : `ended with ${end.signal ?? `status ${end.status}`}`;
  const failures = end.status === 0 ? [] : [{ name: 'bench', message: `${how}\n${end.stderr.slice(-3000)}` }];
  return resultOf(result?.rows.length ?? 0, failures, result);
}

// The parts of the check that train the same networks twice and compare every bit: with CUDA graphs and without, twice in
// deterministic mode. How far the GPU is from the CPU is told, too.
import { existsSync, readFileSync } from 'node:fs';
import { exact } from './test-parts.js';
import { ownScript } from './job.js';
import { resultOf, type Failure, type PartResult } from './report.js';
import type { CheckContext } from './check.js';

type Digest = Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>>;

async function digestOf(context: CheckContext, env: Readonly<Record<string, string>>): Promise<Digest> {
  const file = context.scratch('json');
  const end = await context.job(ownScript('scripts/gpu/digest', file), {
    HORNET_DEVICE: context.device,
    ...exact,
    ...env,
  });
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Digest;
  const how = end.timedOut ? 'ran out of time' : `ended with ${end.signal ?? `status ${end.status}`}`;
  throw new Error(`training with ${JSON.stringify(env)} ${how}\n${end.stderr.slice(-2000)}`);
}

/** Per network: the largest distance of any tensor, in relation to its largest number; 0 where all bits are equal. */
function distances(a: Digest, b: Digest): Record<string, number> {
  const distance = (x: readonly (number | null)[], y: readonly (number | null)[]): number => {
    const largest = x.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 1e-3);
    // JSON has no NaN: null stands for it.
    return x.reduce<number>(
      (most, value, i) => {
        const other = y[i];
        if (value === other) return most;
        return Math.max(most, value === null || other === null ? Infinity : Math.abs(value - other) / largest);
      },
      x.length === y.length ? 0 : Infinity,
    );
  };
  return Object.fromEntries(
    Object.entries(a).map(([network, tensors]) => [
      network,
      Math.max(...Object.entries(tensors).map(([name, values]) => distance(values, b[network]?.[name] ?? []))),
    ]),
  );
}

function equality(found: Record<string, number>, what: string): [number, Failure[]] {
  const failures = Object.entries(found)
    .filter(([, distance]) => distance > 0)
    .map(([name, distance]) => ({ name, message: `${what} differ by up to ${distance.toPrecision(3)}` }));
  return [Object.keys(found).length - failures.length, failures];
}

/** Programs replayed as CUDA graphs against programs enqueued step by step. */
export async function graphPart(context: CheckContext): Promise<PartResult> {
  const [without, replayed, cpu] = await Promise.all([
    digestOf(context, { HORNET_DETERMINISTIC: '1', HORNET_CUDA_GRAPHS: '0' }),
    digestOf(context, { HORNET_DETERMINISTIC: '1', HORNET_CUDA_GRAPHS: '1' }),
    digestOf(context, { HORNET_DEVICE: 'cpu' }),
  ]);
  const [passed, failures] = equality(distances(without, replayed), 'the results with and without graphs');
  return resultOf(passed, failures, { distanceFromCpu: distances(cpu, replayed) });
}

/** Two runs in deterministic mode; whether two in the default mode are equal as well is only told. */
export async function determinismPart(context: CheckContext): Promise<PartResult> {
  const fixed = { HORNET_DETERMINISTIC: '1' };
  const free = { HORNET_DETERMINISTIC: '0' };
  const [a, b, c, d] = await Promise.all([fixed, fixed, free, free].map((env) => digestOf(context, env)));
  const [passed, failures] = equality(distances(a, b), 'two runs in deterministic mode');
  return resultOf(passed, failures, { distanceByDefault: distances(c, d), distanceOfModes: distances(a, c) });
}

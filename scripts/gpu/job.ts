// Child processes of the check: with a time limit, their ends remembered, so many at once. What they mean is said elsewhere.
import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** How a process ended. */
export interface JobResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly seconds: number;
  /** The last characters of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface JobOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly timeout: number;
}

const KEPT = 200_000;
const extension = extname(import.meta.url);
/** The folder above `scripts`: of the checkout, or of what the pack holds. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A module of ours beside this one or elsewhere below the root, as this process would load it. */
export const ownScript = (path: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  ...process.execArgv,
  `${root}${path}${extension}`,
  ...args,
];
/** The same file in a checkout and in the pack. */
export const withExtension = (path: string): string => `${path}${extension}`;

/** Lets so many run at once. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async use<T>(fn: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await fn();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}

/** Runs a command; one that takes too long is ended with everything it started. */
export function runJob([command, ...args]: readonly string[], { env, timeout }: JobOptions): Promise<JobResult> {
  const start = performance.now();
  let stdout = '';
  let stderr = '';
  let timedOut = false;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const end = (status: number | null, signal: string | null): void => {
      clearTimeout(timer);
      resolve({ status, signal, timedOut, seconds: (performance.now() - start) / 1000, stdout, stderr });
    };
    const timer = setTimeout(() => {
      timedOut = true;
      // Its group, as a tool around it may have started the process that hangs.
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, timeout * 1000);
    child.stdout.on('data', (text: Buffer) => (stdout = (stdout + text.toString()).slice(-KEPT)));
    child.stderr.on('data', (text: Buffer) => (stderr = (stderr + text.toString()).slice(-KEPT)));
    child.on('error', (error) => {
      stderr += error.message;
      end(127, null);
    });
    child.on('close', end);
  });
}

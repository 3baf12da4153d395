// Runs cases in processes of their own, so that one that hangs or crashes is one failed case.
import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.js';

/** Some cases of a group. */
export interface Order {
  readonly folder: string;
  readonly group: string;
  readonly indices: readonly number[];
}

/** The outcome of a case; index −1: ready for an order. */
export interface Report {
  readonly index: number;
  readonly outcome?: Outcome;
}

export interface PoolOptions {
  readonly jobs: number;
  /** Seconds that one case may take. */
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs all orders; `done` is called once per case. */
export async function runOrders(
  orders: readonly Order[],
  options: PoolOptions,
  done: (order: Order, index: number, outcome: Outcome) => void,
): Promise<void> {
  const queue = [...orders];
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let started = false;
      let current: Order | undefined;
      let remaining: readonly number[] = [];
      let watch: NodeJS.Timeout;
      let late = false;
      const child: ChildProcess = fork(fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url)), {
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const guard = (): void => {
        clearTimeout(watch);
        watch = setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, options.timeout * 1000);
      };
      child.on('message', ({ index, outcome }: Report) => {
        guard();
        started = true;
        if (outcome) {
          remaining = remaining.filter((each) => each !== index);
          done(current!, index, outcome);
          return;
        }
        current = queue.shift();
        remaining = current?.indices ?? [];
        if (current) child.send(current);
        else child.disconnect();
      });
      child.on('exit', (_code, signal) => {
        clearTimeout(watch);
        if (!started) return reject(new Error('a process for cases could not start; the library does not load'));
        const [stopped, ...rest] = remaining;
        if (stopped !== undefined) {
          const reason = late ? `took longer than ${options.timeout} s` : `the process ended (${signal ?? 'exit'})`;
          done(current!, stopped, { status: 'failed', reason });
          if (rest.length > 0) queue.unshift({ ...current!, indices: rest });
        }
        resolve(queue.length > 0 ? serve() : undefined);
      });
    });
  await Promise.all(Array.from({ length: Math.min(options.jobs, orders.length) }, serve));
}

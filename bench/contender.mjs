// The processes that the benchmark lets work, one command at a time.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const packed = join(folder, 'hornet.js');
/** TypeScript in a checkout, JavaScript where scripts/gpu-pack.mjs has been. */
const hornet = existsSync(packed) ? [packed] : ['--import', 'tsx', join(folder, 'hornet.ts')];

/** A process that answers commands, one line of JSON each. Where there are more cores, it may use `threads` of them. */
export class Contender {
  constructor(name, workload, { python, device, threads, env = {} }) {
    this.name = name;
    const command = name.startsWith('hornet') ? [process.execPath, ...hornet] : [python, join(folder, 'rivals.py')];
    const pin = availableParallelism() > threads ? ['taskset', '-c', `0-${threads - 1}`] : [];
    const [file, ...args] = [...pin, ...command, name, workload];
    const environment = {
      ...process.env,
      OMP_NUM_THREADS: String(threads),
      HORNET_NUM_THREADS: String(threads),
      OMP_WAIT_POLICY: 'passive',
      TF_NUM_INTRAOP_THREADS: String(threads),
      TF_CPP_MIN_LOG_LEVEL: '3',
      HORNET_DEVICE: device,
      RIVAL_DEVICE: device,
      // Several have to fit on the device beside each other.
      XLA_PYTHON_CLIENT_PREALLOCATE: 'false',
      ...env,
    };
    this.process = spawn(file, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    this.errors = '';
    this.process.stderr.on('data', (text) => (this.errors = (this.errors + text).slice(-4000)));
    this.process.stdin.on('error', () => undefined); // it has ended; `ask` tells
    this.process.on('error', (error) => (this.errors += error.message));
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(command) {
    this.process.stdin.write(`${command}\n`);
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`${this.name} ended at '${command}':\n${this.errors}`);
      // Libraries print, too.
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }

  close() {
    this.process.stdin.end();
  }
}

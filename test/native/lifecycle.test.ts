// Processes and worker threads end at once and in order while a device is at work.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { accumulation } from './program.js';

const script = join(import.meta.dirname, 'process.mjs');

async function end(way: string): Promise<{ code: number; output: string }> {
  const env = { ...process.env, PROGRAM: Buffer.from(accumulation(1 << 16)).toString('base64') };
  const child = spawn(process.execPath, [script, way], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test.each(['exit', 'exitAtOnce', 'terminateWorkers', 'exitWithWorkers'])('%s', async (way) => {
  expect(await end(way)).toEqual({ code: 7, output: '' });
});

test('an uncaught error ends the process as always', async () => {
  const { code, output } = await end('uncaught');
  expect(code).toBe(1);
  expect(output).toMatch(/Error: uncaught/);
});

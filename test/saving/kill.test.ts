// A process is killed while it saves: the file is the old one or the new one, whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dense, input, loadModel, Sequential, type Model } from 'hornet';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const root = process.cwd();

async function load(path: string): Promise<Model> {
  if (path.endsWith('.keras')) return loadModel(path);
  const model = new Sequential([input({ shape: [512] }), dense(512), dense(512)]);
  await model.loadWeights(path);
  return model;
}

test.each(['model.keras', 'model.weights.h5', 'model.weights.json', 'model.safetensors'])(
  '%s is whole whenever its writer dies',
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'hornet-kill-'));
    const path = join(folder, name);
    const env = { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
    for (const delay of [3, 17, 41]) {
      const child = spawn(process.execPath, ['--import', tsx, join(root, 'test/saving/saver.ts'), path], { env });
      let said = '';
      const begun = new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.split('\n').length > 2) resolve();
        });
        child.once('exit', () => reject(new Error('the writer ended by itself')));
      });
      await begun;
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await once(child, 'close');
      const told = Math.max(...said.trim().split('\n').map(Number));
      const values = await Promise.all((await load(path)).weights.map((variable) => variable.data()));
      const numbers = new Set(values.flatMap((data) => [...new Set(data as Float32Array)]));
      expect(numbers.size).toBe(1);
      const [number] = numbers;
      expect([told, told + 1]).toContain(number);
    }
    await rm(folder, { recursive: true });
  },
  300_000,
);

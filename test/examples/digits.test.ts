// `npm start` as a new user sees it, in a process of its own and in an empty folder.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

test('the digits example learns, predicts and draws', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'hornet-digits-'));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, join(root, 'examples/digits.ts')], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
  });
  const last = (name: string): number =>
    Number([...stdout.matchAll(new RegExp(`\\b${name}:? ([\\d.]+)`, 'g'))].at(-1)?.[1]);
  expect(stdout).toContain('Total params: 151,306');
  expect(last('val_accuracy')).toBeGreaterThanOrEqual(0.97);
  expect(last('test accuracy')).toBeGreaterThanOrEqual(0.96);
  expect(stdout.match(/[✓✗] \d/g)).toHaveLength(8);
  expect(await readFile(join(cwd, 'curves.svg'), 'utf8')).toContain('>Loss</text>');
  await rm(cwd, { recursive: true });
}, 120_000);

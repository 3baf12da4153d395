// The examples as a new user runs them: each in a process of its own and in an empty folder, most of them shortened.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

let cwd = '';
beforeEach(async () => void (cwd = await mkdtemp(join(tmpdir(), 'hornet-example-'))));
afterEach(() => rm(cwd, { recursive: true }));

/** What an example prints. */
async function run(name: string, args: readonly string[] = []): Promise<string> {
  const script = join(root, 'examples', `${name}.ts`);
  const env = { ...process.env, NODE_OPTIONS: '', TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, script, ...args], { cwd, env });
  return stdout;
}

/** The last number that is printed behind a name. */
const last = (stdout: string, name: string): number =>
  Number([...stdout.matchAll(new RegExp(`\\b${name}:? (-?[\\d.]+)`, 'g'))].at(-1)?.[1]);

test('digits: learns, predicts and draws', async () => {
  const stdout = await run('digits');
  expect(stdout).toContain('Total params: 151,306');
  expect(last(stdout, 'val_accuracy')).toBeGreaterThanOrEqual(0.97);
  expect(last(stdout, 'test accuracy')).toBeGreaterThanOrEqual(0.96);
  expect(stdout.match(/[✓✗] \d/g)).toHaveLength(8);
  expect(await readFile(join(cwd, 'curves.svg'), 'utf8')).toContain('>Loss</text>');
}, 120_000);

test('vae: reconstructs digits from a plane', async () => {
  // Without having learned anything it would be 44.4.
  expect(last(await run('vae', ['--epochs', '15']), 'test total loss')).toBeLessThan(28);
}, 120_000);

test('siamese: tells whether two digits are the same', async () => {
  const stdout = await run('siamese', ['--epochs', '5', '--pairs', '6000']);
  expect(last(stdout, 'test accuracy')).toBeGreaterThanOrEqual(0.95);
}, 120_000);

test('anomaly-detection: finds the days on which the sensor jumps', async () => {
  const stdout = await run('anomaly-detection', ['--epochs', '12', '--days', '14']);
  expect(last(stdout, 'days judged rightly')).toBeGreaterThanOrEqual(11);
}, 120_000);

test('transformer: translates numbers', async () => {
  const stdout = await run('transformer', ['--epochs', '4', '--samples', '8000']);
  expect(last(stdout, 'translation accuracy')).toBeGreaterThanOrEqual(0.9);
}, 120_000);

test('miniature-gpt: writes sentences that the grammar makes', async () => {
  const stdout = await run('miniature-gpt', ['--epochs', '5', '--sentences', '8000']);
  expect(last(stdout, 'grammatical')).toBeGreaterThanOrEqual(0.65);
}, 120_000);

test('timeseries-forecasting: beats the weather of yesterday', async () => {
  const stdout = await run('timeseries-forecasting', ['--epochs', '4', '--days', '365']);
  expect(last(stdout, "share of yesterday's")).toBeLessThan(0.5);
}, 120_000);

test('bidirectional-lstm: tells praise from blame', async () => {
  const stdout = await run('bidirectional-lstm', ['--epochs', '4', '--samples', '4000']);
  expect(last(stdout, 'test accuracy')).toBeGreaterThanOrEqual(0.9);
}, 120_000);

test('text-classification: reads raw text', async () => {
  const stdout = await run('text-classification', ['--epochs', '2', '--samples', '2000']);
  expect(last(stdout, 'test accuracy')).toBeGreaterThanOrEqual(0.9);
}, 120_000);

test('structured-data: foretells from columns of all kinds', async () => {
  const stdout = await run('structured-data', ['--epochs', '12', '--samples', '1000']);
  expect(last(stdout, 'area under the curve')).toBeGreaterThanOrEqual(0.87);
}, 120_000);

test('transfer-learning: beats a network that begins with nothing', async () => {
  const stdout = await run('transfer-learning');
  const [scratch, transferred, tuned] = ['from scratch', 'transferred', 'fine-tuned'].map((name) => last(stdout, name));
  expect(transferred).toBeGreaterThan(scratch);
  expect(tuned).toBeGreaterThan(scratch + 0.04);
}, 120_000);

test('grad-cam: draws where the network looks, and finds what is alike', async () => {
  const stdout = await run('grad-cam', ['--epochs', '5']);
  expect(last(stdout, 'told by the nearest known one')).toBeGreaterThanOrEqual(0.95);
  const png = await readFile(join(cwd, 'grad-cam.png'));
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([8 * 128, 128]);
}, 120_000);

// A process that ends, in the way its argument says, while its device has hours of work queued. Run by lifecycle.test.ts.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const root = fileURLToPath(new URL('../..', import.meta.url));
const device = createRequire(import.meta.url)('node-gyp-build')(root).openDevice('cpu', {});
const size = 1 << 16;
const x = device.allocate(4 * size);
const y = device.upload(new Float32Array(size).fill(1));
const binding = device.compile(Buffer.from(process.env.PROGRAM, 'base64')).bind([x, y], []);

async function startWorker() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  await once(worker, 'message');
  return worker;
}

const endings = {
  exit() {
    setTimeout(() => process.exit(7), 20);
  },
  exitAtOnce() {
    process.exit(7);
  },
  uncaught() {
    setTimeout(() => {
      throw new Error('uncaught');
    }, 20);
  },
  async terminateWorkers() {
    const workers = await Promise.all([startWorker(), startWorker()]);
    await Promise.all(workers.map((worker) => worker.terminate()));
    process.exit(7);
  },
  async exitWithWorkers() {
    await Promise.all([startWorker(), startWorker()]);
    process.exit(7);
  },
};

binding.run(1e12);
device.read(x).then(() => console.log('never'));
device.sync().then(() => console.log('never'));
if (isMainThread) await endings[process.argv[2]]();
else parentPort.postMessage('running');

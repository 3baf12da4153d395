// Python Keras opens what Hornet wrote: it predicts the same, and its next step is the same. Needs a Python that has keras,
// named by HORNET_KERAS_PYTHON or found as python3.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dataJson, expectContinuation, goOn, names, toleranceOf, trained, type Continuation } from './cases.js';
import { findPython, pythonEnv } from './python.js';

const python = findPython('keras, h5py');
if (!python) console.log('skipped: no Python with keras (set HORNET_KERAS_PYTHON); the files of Keras are still read');

/** Keras does not read bfloat16 from older .h5 files, not even from its own. */
const unreadable = 'half';

(python ? describe : describe.skip)('with Keras in Python', () => {
  let folder: string;
  const wanted = new Map<string, Continuation>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hornet-python-'));
    for (const name of names) {
      const made = await trained(name);
      await made.model.save(join(folder, `${name}.keras`));
      if (name !== unreadable) await made.model.save(join(folder, `${name}.h5`));
      await made.model.saveWeights(join(folder, `${name}.weights.h5`));
      await writeFile(join(folder, `${name}.json`), JSON.stringify(await dataJson(made)));
      wanted.set(name, await goOn(made.model, made.x, made.y));
    }
    await promisify(execFile)(python!, [join(process.cwd(), 'scripts/keras-files.py'), 'resume', folder], {
      env: pythonEnv,
    });
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true }));

  const endings = ['keras', 'h5', 'weights.h5'];
  const files = names.flatMap((name) => endings.map((ending) => `${name}.${ending}`));

  test.each(files.filter((file) => file !== `${unreadable}.h5`))('%s goes on with the same numbers', async (file) => {
    const [name] = file.split('.');
    const found = JSON.parse(await readFile(join(folder, `${file}.out.json`), 'utf8')) as Continuation;
    const { predict, ...step } = wanted.get(name)!;
    // Keras opens older .h5 files, but does not train on.
    const expected = file === `${name}.h5` ? { predict } : { predict, ...step };
    expectContinuation(found, expected, toleranceOf(name));
  });
});

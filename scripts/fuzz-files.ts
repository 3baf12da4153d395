// Tries damaged model files for a while: `npx tsx scripts/fuzz-files.ts [seconds] [seed]`. Default: a minute, a seed by chance.
import { fileURLToPath } from 'node:url';
import { fuzz } from '../test/saving/mutate.js';

const [seconds = '60', seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2);
// Weights that are left out are told by the thousand.
process.removeAllListeners('warning');
const folder = fileURLToPath(new URL('../test/golden/files/jax', import.meta.url));
const counts = await fuzz(folder, Number(seconds) * 1000, Number(seed));
console.log(`from seed ${seed}: ${counts.loaded} files loaded, ${counts.refused} refused`);
console.log(`${counts.loaded + counts.refused} passed, 0 failed`);

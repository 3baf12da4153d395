// Writes docs/keras-compatibility.md: npm run compatibility. The names are those in scripts/compatibility/keras-names.json.
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { page, rows } from './compatibility/table.js';

const target = new URL('../docs/keras-compatibility.md', import.meta.url);
await writeFile(target, await format(page(), { parser: 'markdown', printWidth: 120 }));
const missing = rows().filter(({ here, reason }) => here === null && reason === null);
if (missing.length > 0) {
  console.error(`neither there nor explained in scripts/compatibility/reasons.ts: ${missing.length}`);
  for (const { module, name } of missing) console.error(`  ${module}.${name}`);
  process.exitCode = 1;
}

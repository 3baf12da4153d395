// The project's own goldens from Keras (scripts/make-goldens.py), a test per class and op.
import { fileURLToPath } from 'node:url';
import { labelOf, openFolder, type Case } from './folder.js';
import { runCase } from './run/index.js';

const folder = fileURLToPath(new URL('../golden', import.meta.url));

describe.each(['vectors', 'mixed'])('%s', (name) => {
  for (const group of openFolder(`${folder}/${name}`)) {
    const labels = new Map<string, Case[]>();
    for (const item of group.cases) labels.set(labelOf(item), [...(labels.get(labelOf(item)) ?? []), item]);
    describe(group.name, () => {
      test.each([...labels.keys()])('%s', async (label) => {
        for (const item of labels.get(label)!) {
          expect({ id: item.id, ...(await runCase(group, item)) }).toEqual({ id: item.id, status: 'passed' });
        }
      });
    });
  }
});

// Generated: patients of a heart clinic, with the columns of the Cleveland data set and a risk made up of them.
import { drawIndex, drawNormal, pick, randomSource } from './random.js';

const chestPain = ['typical', 'atypical', 'non-anginal', 'none'] as const;
const thalassemia = ['normal', 'fixed', 'reversible'] as const;

/** Columns by name, and 1 for those who fell ill. */
export function patients(count: number, seed: number) {
  const random = randomSource(seed);
  const rows = Array.from({ length: count }, () => {
    const age = Math.round(54 + 9 * drawNormal(random));
    const sex = drawIndex(random, 2);
    const cp = pick(random, chestPain);
    const trestbps = Math.round(110 + 0.4 * age + 15 * drawNormal(random));
    const chol = Math.round(200 + 0.9 * age + 45 * drawNormal(random));
    const thalach = Math.round(208 - age + 20 * drawNormal(random));
    const exang = random() < 0.3 ? 1 : 0;
    const oldpeak = Math.max(0, Math.round(10 * (1 + 1.1 * drawNormal(random))) / 10);
    const ca = drawIndex(random, 4);
    const thal = pick(random, thalassemia);
    // Being old counts for more where the pain is typical: a cross of two columns.
    const risk =
      0.06 * (age - 54) * (cp === 'typical' ? 2 : 1) +
      1.1 * sex +
      { typical: 1.2, atypical: 0.2, 'non-anginal': -0.4, none: -0.9 }[cp] +
      0.012 * (trestbps - 131) +
      0.006 * (chol - 248) -
      0.02 * (thalach - 154) +
      1.0 * exang +
      0.6 * (oldpeak - 1) +
      0.7 * (ca - 1.5) +
      { normal: -0.8, fixed: 0.6, reversible: 0.9 }[thal] -
      0.9;
    const target = random() < 1 / (1 + Math.exp(-1.6 * risk)) ? 1 : 0;
    return { age, sex, cp, trestbps, chol, thalach, exang, oldpeak, ca, thal, target };
  });
  const { target, ...columns } = Object.fromEntries(
    Object.keys(rows[0]).map((name) => [name, rows.map((row) => row[name as keyof typeof row])]),
  );
  return { columns: columns as Record<string, number[] | string[]>, target: target as number[] };
}

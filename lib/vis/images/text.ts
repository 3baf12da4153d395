// Text in the pixels of an image. Letters are lines, so that no fonts are needed; those of OpenCV look otherwise.
import { stroke, type Canvas, type Point } from './strokes.js';

/**
 * Lines of each letter, every point a column from 0 to 4 and a row: capitals reach from 0 to the ground at 6, small letters
 * begin at 2, tails end at 8.
 */
const letters: Readonly<Record<string, string>> = {
  A: '062046 1434',
  B: '06003041423303 3344453606',
  C: '4130100105163645',
  D: '06002042442606',
  E: '40000646 0333',
  F: '400006 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '1030 2026 1636',
  J: '4045361605',
  K: '0006 400346',
  L: '000646',
  M: '0600224046',
  N: '06004640',
  O: '103041453616050110',
  P: '06003041423303',
  Q: '103041453616050110 2446',
  R: '06003041423303 2346',
  S: '413010010213334445361605',
  T: '0040 2026',
  U: '000516364540',
  V: '002640',
  W: '0016233640',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  a: '4332120305163645 4246',
  b: '0006 0312324345361605',
  c: '4332120305163645',
  d: '4046 4332120305163645',
  e: '04444332120305163645',
  f: '40302126 1232',
  g: '4247381807 4332120305163645',
  h: '0006 0312324346',
  i: '2226 2020',
  j: '32372818 3030',
  k: '0006 320436',
  l: '102026 1636',
  m: '0206 03122326 23324346',
  n: '0206 0312324346',
  o: '123243453616050312',
  p: '0208 0312324345361605',
  q: '4248 4332120305163645',
  r: '0206 03123243',
  s: '43321203143445361605',
  t: '20253645 1232',
  u: '0205163645 4246',
  v: '022642',
  w: '0216243642',
  x: '0246 4206',
  y: '0226 4218',
  z: '02420646',
  0: '103041453616050110 0541',
  1: '112026 1636',
  2: '01103041420646',
  3: '0110304142334445361605 1333',
  4: '36300444',
  5: '400003334445361605',
  6: '4130100105163645443303',
  7: '004016',
  8: '133342413010010213 1304051636454433',
  9: '4313020110304145361605',
  ' ': '',
  '.': '2626',
  ',': '2617',
  ':': '2323 2626',
  ';': '2323 2617',
  '!': '2024 2626',
  '?': '01103041422324 2626',
  "'": '2021',
  '"': '1011 3031',
  '-': '1333',
  _: '0646',
  '+': '0343 2125',
  '*': '1135 3115 0343',
  '=': '0242 0444',
  '/': '0640',
  '\\': '0046',
  '|': '2027',
  '(': '30212536',
  ')': '10212516',
  '[': '30202636',
  ']': '10202616',
  '<': '310335',
  '>': '113315',
  '%': '0640 0101 4545',
  '#': '1016 3036 0242 0444',
};

/** What stands for letters that are not known. */
const box = '0040460600';
/** Pixels of a row and a column at scale 1. */
const UNIT = 22 / 6;
/** Columns from one letter to the next. */
const ADVANCE = 5.3;

/** Writes a text whose ground begins at a point. */
export function drawText(
  canvas: Canvas,
  text: string,
  [left, ground]: Point,
  scale: number,
  thickness: number,
  ink: readonly number[],
): void {
  const unit = UNIT * scale;
  [...text].forEach((letter, i) => {
    for (const line of (letters[letter] ?? box).split(' ')) {
      const points = (line.match(/../g) ?? []).map(([column, row]): Point => {
        return [left + (i * ADVANCE + Number(column)) * unit, ground + (Number(row) - 6) * unit];
      });
      points.slice(1).forEach((point, k) => stroke(canvas, points[k], point, thickness, ink));
    }
  });
}

// What drawings share: texts, the whole of an SVG, and its file.
import { writeFile } from 'node:fs/promises';
import { HornetError } from '../errors.js';
import { replaceFile } from '../saving/atomic.js';

/** Text as it may stand in an SVG. */
const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A text at a place. */
export const textElement = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeXml(content)}</text>`;

/** The text of an SVG of a size in pixels. */
export const svgText = (width: number, height: number, parts: readonly string[], background = '#ffffff'): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="${background}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');

/** Replaces a file by a drawing: pixels where its name ends in `.png`, else the text. */
export async function writeDrawing(where: string, path: string, text: string): Promise<void> {
  await replaceFile(path, where, async (beside) => {
    if (!path.toLowerCase().endsWith('.png')) return writeFile(beside, text);
    const { default: sharp } = await import('sharp');
    return writeFile(beside, await sharp(Buffer.from(text)).png().toBuffer());
  });
}

/** Checks that a drawing's file has one of the endings. */
export function checkEnding(where: string, name: string, path: string, endings: readonly string[]): void {
  if (endings.some((ending) => path.toLowerCase().endsWith(`.${ending}`))) return;
  const known = endings.map((ending) => `.${ending}`).join(', ');
  throw new HornetError(where, `expected ${name} to end in one of ${known}, received '${path}'`);
}

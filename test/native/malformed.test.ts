// Programs that are cut off or altered: compile() answers with a program or an error, never with a crash.
import 'hornet';
import { loadAddon } from '../../lib/native.js';
import { addition, picking } from './program.js';

const device = loadAddon().openDevice('cpu', { threads: 1 });

test('every truncation is an error', () => {
  for (const program of [addition(4), picking(4)]) {
    for (let length = 0; length < program.length; length++) {
      expect(() => device.compile(program.slice(0, length))).toThrow(/^\[program\]/);
    }
    expect(() => device.compile(Buffer.concat([program, Buffer.of(0)]))).toThrow('bytes follow the last instruction');
  }
});

test('altered bytes give an error of Hornet’s or a program that can be described', () => {
  let state = 1;
  const random = (below: number): number => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % below;
  const originals = [addition(4), picking(4)];
  let errors = 0;
  for (let i = 0; i < 5000; i++) {
    const bytes = Uint8Array.from(originals[i % 2]);
    for (let changes = 1 + random(3); changes > 0; changes--) {
      bytes[random(bytes.length)] = [0, 1, 0x7f, 0xff, random(256)][random(5)];
    }
    try {
      device.compile(bytes).explain();
    } catch (error) {
      errors++;
      expect(error).toMatchObject({ code: 'HORNET' });
    }
  }
  expect(errors).toBeGreaterThan(1000);
});

// Generated: the weather of some years, hour by hour: seasons, days and nights, fronts that come and go.
import { drawNormal, randomSource } from './random.js';

/** Columns: temperature (°C), air pressure (hPa), wind speed (m/s). */
export function weather(args: { hours: number; seed: number }): number[][] {
  const random = randomSource(args.seed);
  let [front, change, gust] = [0, 0, 0];
  return Array.from({ length: args.hours }, (_, hour) => {
    // A slow swing that noise keeps going, about four days long: high pressure is followed by warm air.
    change += -0.004 * front - 0.03 * change + 0.05 * drawNormal(random);
    front += change;
    gust = 0.8 * gust + drawNormal(random);
    const year = Math.sin((2 * Math.PI * (hour - 24 * 110)) / (24 * 365.25));
    const day = Math.sin((2 * Math.PI * (hour - 9)) / 24);
    const clear = 1 / (1 + Math.exp(-front)); // nights are colder and days warmer under a clear sky
    const temperature = 10 + 10 * year + (2 + 5 * clear) * day + 3 * front + 0.4 * drawNormal(random);
    const pressure = 1013 + 60 * change + 4 * front + 0.5 * drawNormal(random);
    return [temperature, pressure, Math.abs(3 + 40 * Math.abs(change) + gust)];
  });
}

// Generated: the daily curve of a sensor, high by day and low by night, as in the Numenta Anomaly Benchmark's artificial
// series.
import { drawIndex, drawNormal, randomSource } from './random.js';

interface SensorDays {
  readonly values: number[];
  /** The days, counted from 0, that hold an anomaly. */
  readonly anomalous: Set<number>;
}

/** `perDay` values for each of some days; with `anomalies`, every third day jumps up, or fails to, for an hour. */
export function sensorDays(args: { days: number; perDay: number; seed: number; anomalies: boolean }): SensorDays {
  const { days, perDay, anomalies } = args;
  const random = randomSource(args.seed);
  const anomalous = new Set<number>();
  const values: number[] = [];
  for (let day = 0; day < days; day++) {
    const wrong = anomalies && day % 3 === 1;
    if (wrong) anomalous.add(day);
    const start = drawIndex(random, perDay - perDay / 24);
    for (let i = 0; i < perDay; i++) {
      const hour = (24 * i) / perDay;
      const level = 20 + 60 / (1 + Math.exp(-3 * (Math.min(hour - 8, 18 - hour))));
      const jump = wrong && i >= start && i < start + perDay / 24 ? (level > 50 ? -60 : 60) : 0;
      values.push(level + jump + 3 * drawNormal(random));
    }
  }
  return { values, anomalous };
}

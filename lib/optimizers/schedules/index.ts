// All learning rate schedules.
export * from './cosine.js';
export { LearningRateSchedule } from './schedule.js';
export {
  ExponentialDecay,
  InverseTimeDecay,
  PiecewiseConstantDecay,
  PolynomialDecay,
  type DecayArgs,
  type PolynomialDecayArgs,
} from './decays.js';

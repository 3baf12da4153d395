// All callbacks.
export { Callback, type CallbackParams, type Logs } from './callback.js';
export * from './backup-and-restore.js';
export * from './csv-logger.js';
export * from './early-stopping.js';
export * from './history.js';
export * from './learning-rate.js';
export * from './model-checkpoint.js';
export type { MonitorMode } from './monitor.js';
export * from './progbar.js';
export * from './remote-monitor.js';
export * from './small.js';
export * from './swap-ema-weights.js';
export * from './tensorboard.js';

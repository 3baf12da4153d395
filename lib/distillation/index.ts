// The `distillation` namespace: small models that learn from large ones.
export { Distiller, type DistillerArgs } from './distiller.js';
export {
  DistillationLoss,
  FeatureDistillation,
  LogitsDistillation,
  type DistillationLosses,
  type FeatureDistillationArgs,
  type LogitsDistillationArgs,
} from './losses.js';

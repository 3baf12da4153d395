// keras.quantizers: quantizers, configs, and the functions behind them.
export * from './config.js';
export * from './fake-quant.js';
export { computeFloat8AmaxHistory, computeFloat8Scale, quantizeAndDequantize, type Float8DType } from './float8.js';
export * from './int4.js';
export * from './quantizer.js';

// All initializers, their factories, and the strings that stand for them.
export * from './constant.js';
export * from './random.js';
export {
  getInitializer,
  Initializer,
  type InitializerFunction,
  type InitializerLike,
  type InitializerName,
} from './initializer.js';

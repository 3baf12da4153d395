// The table: how each op of the graph is written to ONNX, by its name.
import type { Rule } from '../call.js';
import { controlFlow } from './control-flow.js';
import { elementwise } from './elementwise.js';
import { fourier } from './fourier.js';
import { indexing } from './indexing.js';
import { movement } from './movement.js';
import { products } from './products.js';
import { recurrent } from './recurrent.js';
import { reductions } from './reduce.js';
import { windows } from './windows.js';

export const rules: Readonly<Record<string, Rule>> = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...indexing,
  ...windows,
  ...products,
  ...recurrent,
  ...fourier,
  ...controlFlow,
};

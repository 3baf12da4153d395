// JSON as Python writes and reads it: floats that are whole stay floats, and NaN and infinities are numbers.
import { HornetError } from '../errors.js';
import type { Json } from './serialize.js';

/**
 * Keys whose numbers are floats in Keras, which its constructors may insist on: the parameters with float defaults of its
 * layers, optimizers, schedules, losses, metrics, initializers, regularizers and constraints.
 */
const floatKeys = new Set(
  `adam_beta_1 adam_beta_2 adam_weight_decay addition_factor alpha beta beta_1 beta_2 beta_2_decay clip_limit
  clip_threshold clipnorm clipvalue decay_rate delta dropout ema_momentum end_learning_rate epsilon epsilon_1 epsilon_2
  factor gain gamma global_clipnorm initial_accumulator_value initial_learning_rate initial_scale l1
  l1_regularization_strength l2 l2_regularization_strength l2_shrinkage_regularization_strength learning_rate
  learning_rate_power loss_scale_factor m_mul mag_exp margin mask_value max_value maxval mean min_freq min_power min_value
  minval momentum muon_a muon_b muon_c negative_slope offset power q rate recurrent_dropout ref_power renorm_momentum rho
  rms_rate sigma stddev t_mul threshold threshold_factor top_db value warmup_target weight_decay x_factor
  y_factor`.split(/\s+/),
);

/** Deeper nesting than this is refused: it is not a model, and would exhaust the stack. */
const DEEPEST = 1000;

/** JSON for Python to read. */
export function toPythonJson(value: Json, indent = 0): string {
  return write(value, false, indent > 0 ? '\n' : '', indent);
}

function write(value: Json, isFloat: boolean, newline: string, indent: number): string {
  if (typeof value === 'number') return writeNumber(value, isFloat);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = newline && newline + ' '.repeat(indent);
  const separator = newline ? `,${inner}` : ', ';
  const items = Array.isArray(value)
    ? value.map((item: Json) => write(item, isFloat, inner, indent))
    : Object.entries(value as { readonly [key: string]: Json }).map(
        ([key, item]) => `${JSON.stringify(key)}: ${write(item, floatKeys.has(key), inner, indent)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return items.length === 0 ? open + close : `${open}${inner}${items.join(separator)}${newline}${close}`;
}

function writeNumber(value: number, isFloat: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return isFloat && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/**
 * Reads what Python's `json` has written.
 *
 * @param where - Who reads, for errors.
 * @param what - What is read, for errors.
 */
export function parsePythonJson(text: string, where: string, what: string): Json {
  checkDepth(text, where, what);
  const special = { NaN, Infinity, '-Infinity': -Infinity };
  const names = Object.keys(special) as (keyof typeof special)[];
  let marked = false;
  // Strings are skipped; a key that no JSON of Keras has marks the numbers that JSON does not know.
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) => {
    if (token.startsWith('"')) return token;
    marked = true;
    return `{"\\u0000float":${names.indexOf(token as keyof typeof special)}}`;
  });
  try {
    return JSON.parse(plain, (_key, value: unknown) => {
      if (!marked || value === null || typeof value !== 'object' || !('\0float' in value)) return value;
      return special[names[value['\0float'] as number]];
    }) as Json;
  } catch (error) {
    throw new HornetError(where, `${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function checkDepth(text: string, where: string, what: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/g)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > DEEPEST) throw new HornetError(where, `${what} is nested more than ${DEEPEST} levels deep`);
  }
}

// From a Python call to ours: the one place that knows how Keras's arguments map. Parameters without a default in Keras are
// positional, all others go into one trailing options object with camelCase keys. The names are in signatures.json, which
// scripts/make-signatures.py writes.
import { readFileSync } from 'node:fs';
import { decodeNumber, encodeNumbers, isFloat, type DType } from '../../lib/dtype.js';
import { HostTensor, Slice, WholeFloat, type Value } from './values.js';

/** A call of ours: positional arguments, then the options unless there are none. */
export interface Call {
  readonly positional: readonly Value[];
  readonly options: Readonly<Record<string, Value>>;
}

type Family = 'ops' | 'activations' | 'losses' | 'metrics' | 'calls';
const path = new URL('./signatures.json', import.meta.url);
const signatures = JSON.parse(readFileSync(path, 'utf8')) as Record<Family, Record<string, string>>;

/** `dilation_rate` → `dilationRate`. */
export const camelCase = (name: string): string =>
  name.replace(/(?!^)_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/_$/, '');

/** Parameters that hold tensors: Python lists and numbers there are data, elsewhere they are sizes, axes and the like. */
const tensorParameters = new Set(
  (
    'x x1 x2 y a b v inputs kernel bias targets predictions target output indices updates condition mask query key value ' +
    'data segment_ids images coordinates transforms x_min x_max fill_value values start stop weights bins tensor ' +
    'depthwise_kernel pointwise_kernel mean variance beta gamma offset scale sequence_lengths target_length output_length ' +
    'abs_ angle array q sorted_sequence elements test_elements y_true y_pred real imag operands translation start_points ' +
    'end_points max_val'
  ).split(' '),
);
/** Parameters of such a name that are none after all. */
const plainParameters = new Set(
  (
    'get_item.key arange.start arange.stop tile.repeats repeat.repeats bartlett.x blackman.x hamming.x hanning.x kaiser.x ' +
    'kaiser.beta image.resize.fill_value image.affine_transform.fill_value image.perspective_transform.fill_value ' +
    'image.map_coordinates.fill_value image.elastic_transform.fill_value'
  ).split(' '),
);
/** Where our functions depart from the rule: parameters that are positional although Keras gives them a default. */
const departures: Partial<Record<Family, Record<string, string>>> = { ops: { where: 'condition x1 x2' } };

/** Arranges the arguments of a Python call for our function; `asGiven` leaves tensors where Keras refuses them. */
export function bind(
  family: Family,
  name: string,
  args: readonly Value[],
  kwargs: Readonly<Record<string, Value>>,
  asGiven = false,
): Call {
  const { [family]: table } = signatures;
  const text = departures[family]?.[name] ?? table[name] ?? table[name.split('.').at(-1)!];
  const names = (text ?? 'inputs training? mask?').split(' ').filter(Boolean);
  const given = new Map<string, Value>();
  const rest: Value[] = [];
  const restAt = names.findIndex((each) => each.endsWith('*'));
  args.forEach((value, i) => {
    if (restAt >= 0 && i >= restAt) rest.push(value);
    else if (i < names.length) given.set(names[i], value);
    else throw new Error(`${name} takes ${names.length} arguments, received ${args.length}`);
  });
  for (const [key, value] of Object.entries(kwargs)) {
    given.set(names.find((each) => each.replace(/[?*]$/, '') === key) ?? `${key}?`, value);
  }
  const isFloatless = ![...args, ...Object.values(kwargs)].some(
    (value) => value instanceof HostTensor && isFloat(value.dtype),
  );
  const convert = (each: string): Value => {
    const parameter = each.replace(/[?*]$/, '');
    const value = given.get(each);
    return family === 'calls' || (asGiven && value instanceof HostTensor)
      ? value
      : adapt(`${name}.${parameter}`, parameter, value, isFloatless);
  };
  const positional = names.filter((each) => !/[?*]$/.test(each) && given.has(each)).map(convert);
  const options = [...given.keys()].filter((each) => each.endsWith('?'));
  const entries = options.map((each): [string, Value] => [camelCase(each.slice(0, -1)), convert(each)]);
  // What Python tells by `4.` instead of `4`, our caller says with a dtype.
  const float = name === 'arange' && [...given.values()].some((value) => value instanceof WholeFloat);
  if (float && !given.get('dtype?')) entries.push(['dtype', 'float32']);
  return { positional: [...positional, ...rest], options: Object.fromEntries(entries) };
}

/** Python data as ours: lists of numbers become tensors where a tensor is wanted, tensors become numbers where none is. */
function adapt(path: string, parameter: string, value: Value, isFloatless: boolean): Value {
  if (parameter === 'dtype') return pythonTypes[value as string] ?? value;
  if (path === 'get_item.key') return value instanceof Slice ? [value] : plain(value);
  if (!tensorParameters.has(parameter) || plainParameters.has(path)) return plain(value);
  if (value instanceof WholeFloat) return isFloatless ? listTensor(value) : value;
  return Array.isArray(value) && isNumeric(value) ? listTensor(value) : value;
}

/** Python's own types as dtypes. */
const pythonTypes: Partial<Record<string, DType>> = { int: 'int32', float: 'float32' };

/** Numbers and arrays of them instead of tensors. Lists of tensors stay. */
function plain(value: Value): Value {
  if (value instanceof WholeFloat) return value.value;
  if (value instanceof HostTensor && value.shape.length <= 1) {
    const numbers = Array.from({ length: value.data.length }, (_, i) => decodeNumber(value.data, i, value.dtype));
    return value.shape.length === 0 ? numbers[0] : numbers;
  }
  return Array.isArray(value) && !value.some((item) => item instanceof HostTensor) ? value.map(plain) : value;
}

const leavesOf = (value: Value): Value[] => (Array.isArray(value) ? value.flatMap(leavesOf) : [value]);
const isNumeric = (list: readonly Value[]): boolean =>
  leavesOf(list).every((leaf) => typeof leaf === 'number' || typeof leaf === 'boolean' || leaf instanceof WholeFloat);

/** A Python list as Keras converts it: floats if there is one, else integers, else booleans. */
function listTensor(list: Value): HostTensor {
  const shape: number[] = [];
  for (let level: Value = list; Array.isArray(level); level = level[0]) shape.push(level.length);
  const leaves = leavesOf(list);
  const numbers = leaves.map((leaf) => (leaf instanceof WholeFloat ? leaf.value : Number(leaf)));
  const isReal =
    leaves.length === 0 || leaves.some((leaf) => leaf instanceof WholeFloat || !Number.isInteger(Number(leaf)));
  const dtype: DType = isReal ? 'float32' : leaves.every((leaf) => typeof leaf === 'boolean') ? 'bool' : 'int32';
  return new HostTensor(dtype, shape, encodeNumbers(numbers, dtype));
}

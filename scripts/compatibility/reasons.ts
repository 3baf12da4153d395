// What the table of names cannot see by itself: names that are called otherwise here, and why others are missing.

import { toCamel } from '../../lib/saving/config-case.js';

const families: Readonly<Record<string, string>> = {
  activations: 'getActivation',
  constraints: 'getConstraint',
  initializers: 'getInitializer',
  losses: 'getLoss',
  metrics: 'getMetric',
  optimizers: 'getOptimizer',
  regularizers: 'getRegularizer',
};

/** The same two functions write and read objects of all kinds. */
const configs = [...Object.keys(families), 'layers', 'optimizers.schedules', 'quantizers', 'dtype_policies'].flatMap(
  (module) => ['serialize', 'deserialize'].map((name) => [`keras.${module}.${name}`, name] as const),
);

const kerasObjects = ['saving', 'utils', 'utils.legacy', 'legacy.saving'].flatMap((module) => [
  [`keras.${module}.serialize_keras_object`, 'serialize'] as const,
  [`keras.${module}.deserialize_keras_object`, 'deserialize'] as const,
]);

const customObjects = ['saving', 'utils'].flatMap((module) =>
  ['custom_object_scope', 'CustomObjectScope'].map((name) => [`keras.${module}.${name}`, 'withCustomObjects'] as const),
);

/** What `keras.preprocessing` has kept; all of it is in `utils`. */
const preprocessing = [
  'image_dataset_from_directory',
  'text_dataset_from_directory',
  'timeseries_dataset_from_array',
  'image.array_to_img',
  'image.img_to_array',
  'image.load_img',
  'image.save_img',
  'image.smart_resize',
  'sequence.pad_sequences',
];

/** Modules whose names are at the top of the package, where there is no namespace for them. */
export const atTop: ReadonlySet<string> = new Set([
  'keras',
  ...['backend', 'callbacks', 'config', 'dtype_policies', 'mixed_precision', 'models', 'saving'].map(
    (module) => `keras.${module}`,
  ),
]);

/** Where a name of Keras is in Hornet, if not under its own name in camelCase. */
export const elsewhere: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    preprocessing.map((name) => [`keras.preprocessing.${name}`, `utils.${toCamel(name.split('.').at(-1)!)}`]),
  ),
  ...Object.fromEntries(Object.entries(families).map(([module, name]) => [`keras.${module}.get`, `${module}.${name}`])),
  ...Object.fromEntries([...configs, ...kerasObjects, ...customObjects]),
  'keras.Input': 'layers.input',
  'keras.layers.Input': 'layers.input',
  'keras.device': 'withDevice',
  'keras.distribution.list_devices': 'devices',
  'keras.mixed_precision.LossScaleOptimizer': 'optimizers.LossScaleOptimizer',
  'keras.utils.clear_session': 'clearSession',
  ...Object.fromEntries(
    ['disable_interactive_logging', 'enable_interactive_logging', 'is_interactive_logging_enabled'].map((name) => [
      `keras.utils.${name}`,
      toCamel(name),
    ]),
  ),
  'keras.utils.set_random_seed': 'setRandomSeed',
  'keras.utils.get_registered_name': 'getRegisteredName',
  'keras.utils.get_registered_object': 'getRegisteredObject',
  'keras.utils.register_keras_serializable': 'registerKerasSerializable',
  'keras.Initializer': 'initializers.Initializer',
  'keras.Regularizer': 'regularizers.Regularizer',
};

const pythonOnly = 'Part of Python, not of networks';
const noBackends = 'Hornet is its own backend: there is nothing to choose';
const oneFunction = 'State is traced by itself: `jit`, `grad` and `valueAndGrad` take functions that change variables';
const inputSpec = 'A type, no class: `layer.inputSpec = { rank: 4, axes: { [-1]: 3 } }` is checked before calls';
const foreign = 'Wraps what another Python framework made';
const calibrated =
  'GPTQ and AWQ calibrate weights on data, which Hornet does not do; `int8`, `int4` and `float8` are there';

/** Why a name, or all of a module that are not there, are missing. */
export const reasons: Readonly<Record<string, string>> = {
  'keras.FloatDTypePolicy': 'An older name of `DTypePolicy`',
  'keras.Function': '`new Model({ inputs, outputs })` runs the calls between any symbolic tensors',
  'keras.InputSpec': inputSpec,
  'keras.Operation': 'Internal: ops are functions, which work on symbolic tensors, too',
  'keras.StatelessScope': oneFunction,
  'keras.SymbolicScope': oneFunction,
  'keras.name_scope': 'Variables are named below the layers that own them',
  'keras.version': 'See `version` in package.json',
  'keras.Quantizer': 'See `quantizers.Quantizer`',
  'keras.backend': 'The seams between Keras and the frameworks below it; there are none here',
  'keras.callbacks.OrbaxCheckpoint':
    'Orbax is a Python library for JAX; `ModelCheckpoint` and `BackupAndRestore` write `.keras` and `.weights.h5`',
  'keras.callbacks.CallbackList': 'Internal: a loop of your own calls the hooks of its callbacks',
  'keras.config.backend': noBackends,
  'keras.config.set_backend': noBackends,
  'keras.config.is_nnx_enabled': 'NNX belongs to JAX',
  'keras.config.disable_flash_attention': 'Attention never writes scores out; layers take `flashAttention`',
  'keras.config.enable_flash_attention': 'Attention never writes scores out; layers take `flashAttention`',
  'keras.config.is_flash_attention_enabled': 'Attention never writes scores out; layers take `flashAttention`',
  'keras.config.disable_traceback_filtering': pythonOnly,
  'keras.config.enable_traceback_filtering': pythonOnly,
  'keras.config.is_traceback_filtering_enabled': pythonOnly,
  'keras.config.enable_unsafe_deserialization': 'Functions in files are Python code, which is never run',
  'keras.dtype_policies.DTypePolicyMap': 'Layers take their own `dtype`',
  'keras.distribution':
    'A model and its data are on one device, which `withDevice` and `setDevice` choose; none are spread over several',
  'keras.distribution.get_device_count': 'See `devices`: the length of its list',
  'keras.distribution.initialize': 'Processes on several machines do not work together',
  'keras.dtype_policies.AWQDTypePolicy': calibrated,
  'keras.dtype_policies.GPTQDTypePolicy': calibrated,
  'keras.dtype_policies.FloatDTypePolicy': 'An older name of `DTypePolicy`',
  'keras.dtype_policies.get': 'Layers take the name of a policy',
  'keras.export':
    'SavedModel, LiteRT and OpenVINO are formats of other frameworks; `model.export` writes ONNX, `saveModel` writes `.keras`',
  'keras.layers.FlaxLayer': foreign,
  'keras.layers.JaxLayer': foreign,
  'keras.layers.TFSMLayer': foreign,
  'keras.layers.TorchModuleWrapper': foreign,
  'keras.layers.InputSpec': inputSpec,
  'keras.ops.convert_to_numpy': 'There is no NumPy: `await tensor.data()` gives a typed array',
  'keras.quantizers.AWQConfig': calibrated,
  'keras.quantizers.GPTQConfig': calibrated,
  'keras.quantizers.get': 'Options take quantizers themselves',
  'keras.saving.get_custom_objects': 'Pass `customObjects` or register classes; there is no global table to change',
  'keras.utils.get_custom_objects': 'Pass `customObjects` or register classes; there is no global table to change',
  'keras.utils.Config': 'Options are plain objects',
  'keras.tree.lists_to_tuples': 'There are no tuples: arrays are both',
  'keras.wrappers': 'scikit-learn is a Python library',
};

"""Cases of layers: built, given random weights, called for inference and for training."""

import keras
import numpy as np
from keras import layers
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import gradients, has_float, is_float32, leaves, numbers, replace, to_numpy
from .writer import Masked

RANDOM = (layers.Dropout, layers.GaussianDropout, layers.GaussianNoise, layers.AlphaDropout, layers.SpatialDropout1D)


def table():
    s = Source("layers")
    yield from dense(s)
    yield from convolutions(s)
    yield from pools(s)
    yield from shapes(s)
    yield from activations(s)
    yield from normalizations(s)
    yield from merging(s)
    yield from recurrences(s)
    yield layers.Embedding(6, 3), [s.integers(2, 4, high=6)]
    yield layers.Embedding(6, 3, mask_zero=True, embeddings_regularizer="l2"), [s.integers(2, 4, high=6)]
    for layer in (layers.Dropout(0.5), layers.GaussianDropout(0.3), layers.GaussianNoise(0.2), layers.AlphaDropout(0.3)):
        yield layer, [s.signed(3, 4)]
    yield layers.SpatialDropout1D(0.5), [s.signed(2, 4, 3)]
    yield layers.SpatialDropout2D(0.5), [s.signed(2, 4, 4, 3)]
    yield layers.SpatialDropout3D(0.5), [s.signed(2, 3, 4, 4, 3)]
    yield from models(s)


def dense(s):
    yield layers.Dense(5), [s.signed(3, 4)]
    yield layers.Dense(5, activation="relu", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)), [s.signed(2, 3, 4)]
    yield layers.Dense(3, use_bias=False, activation="softmax", activity_regularizer="l2"), [s.signed(3, 4)]
    yield layers.Dense(5, dtype="mixed_bfloat16"), [s.signed(3, 4)]


def convolutions(s):
    one, two, three = s.signed(2, 9, 4), s.signed(2, 6, 7, 4), s.signed(2, 4, 5, 4, 4)
    yield layers.Conv1D(6, 3, padding="causal", dilation_rate=2), [one]
    yield layers.Conv1D(6, 3, strides=2, padding="same", groups=2), [one]
    yield layers.Conv2D(6, (3, 2), activation="relu"), [two]
    yield layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False), [two]
    yield layers.Conv2D(6, 3, padding="same", dilation_rate=2, groups=2), [two]
    yield layers.Conv3D(3, 2, strides=2), [three]
    yield layers.Conv1DTranspose(3, 3, strides=2), [one]
    yield layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="tanh"), [two]
    yield layers.Conv3DTranspose(3, 2, strides=2), [three]
    yield layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same"), [one]
    yield layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2), [two]
    yield layers.SeparableConv1D(5, 3, padding="same"), [one]
    yield layers.SeparableConv2D(5, 3, depth_multiplier=2), [two]


def pools(s):
    for rank, spatial in ((1, (7,)), (2, (5, 6)), (3, (4, 5, 4))):
        x = s.signed(2, *spatial, 3)
        for kind in ("Max", "Average"):
            pool = getattr(layers, f"{kind}Pooling{rank}D")
            yield pool(2), [x]
            yield pool(3, strides=2, padding="same"), [x]
            yield getattr(layers, f"Global{kind}Pooling{rank}D")(keepdims=rank == 2), [x]


def shapes(s):
    one, two, three = s.signed(2, 5, 3), s.signed(2, 4, 5, 3), s.signed(2, 4, 5, 6, 3)
    yield layers.Flatten(), [two]
    yield layers.Reshape((5, -1)), [two]
    yield layers.Permute((2, 1)), [one]
    yield layers.RepeatVector(3), [s.signed(2, 4)]
    yield layers.Cropping1D((1, 2)), [one]
    yield layers.Cropping2D(((1, 0), (2, 1))), [two]
    yield layers.Cropping3D(1), [three]
    yield layers.ZeroPadding1D((1, 2)), [one]
    yield layers.ZeroPadding2D(((1, 0), (2, 1))), [two]
    yield layers.ZeroPadding3D(1), [three]
    yield layers.UpSampling1D(2), [one]
    yield layers.UpSampling2D((2, 3)), [two]
    yield layers.UpSampling2D(2, interpolation="bilinear"), [two]
    yield layers.UpSampling3D(2), [three]
    yield layers.Identity(), [one]
    yield layers.Rescaling(0.5, offset=1.0), [two]
    yield layers.Masking(0.0), [s.integers(2, 3, 2, high=2).astype("float32")]


def activations(s):
    x = s.signed(3, 4)
    yield layers.Activation("gelu"), [x]
    yield layers.Activation(keras.activations.softplus), [x]
    yield layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), [x]
    yield layers.LeakyReLU(0.2), [x]
    yield layers.ELU(0.7), [x]
    yield layers.PReLU(shared_axes=[1]), [s.signed(2, 3, 4)]
    yield layers.Softmax(axis=1), [s.signed(2, 3, 4)]
    yield layers.ActivityRegularization(l1=0.1, l2=0.2), [x]


def normalizations(s):
    x = s.signed(4, 3, 5)
    yield layers.BatchNormalization(), [x]
    yield layers.BatchNormalization(axis=1, momentum=0.7, epsilon=0.01, scale=False), [x]
    yield layers.BatchNormalization(center=False), [s.signed(4, 3, 2, 5)]
    yield layers.LayerNormalization(), [x]
    yield layers.LayerNormalization(axis=[1, 2], epsilon=0.01), [x]
    yield layers.GroupNormalization(groups=2), [s.signed(2, 3, 3, 4)]
    yield layers.RMSNormalization(), [x]
    yield layers.UnitNormalization(axis=1), [x]


def merging(s):
    pair = [s.signed(2, 3, 4), s.signed(2, 3, 4)]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        yield getattr(layers, name)(), [pair]
    yield layers.Concatenate(axis=1), [[*pair, s.signed(2, 2, 4)]]
    yield layers.Dot(axes=(2, 2)), [pair]
    yield layers.Dot(axes=1, normalize=True), [[s.signed(2, 4), s.signed(2, 4)]]


def recurrences(s):
    x = s.signed(3, 5, 4)
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0]], bool)
    several = {"return_sequences": True, "return_state": True}
    for name in ("SimpleRNN", "GRU", "LSTM"):
        layer, states = getattr(layers, name), 2 if name == "LSTM" else 1
        yield layer(3), [x]
        yield layer(3, go_backwards=True, **several), [x], {"initial_state": [s.signed(3, 3) for _ in range(states)]}
        yield layer(3, return_sequences=True), [x], {"mask": mask}
        yield layer(3, return_sequences=True, go_backwards=True, zero_output_for_mask=True), [x], {"mask": mask}
        yield layer(3, activation="softsign", use_bias=False, bias_regularizer="l2", kernel_regularizer="l1"), [x]
    yield layers.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"), [x], {"mask": mask}
    yield layers.LSTM(3, dtype="mixed_bfloat16"), [x]
    yield layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], **several), [x], {"mask": mask}
    yield layers.Bidirectional(layers.GRU(3, return_sequences=True)), [x], {"mask": mask}
    yield layers.Bidirectional(layers.LSTM(3, return_state=True), merge_mode="sum"), [x]
    yield layers.LSTMCell(3), [s.signed(3, 4), [s.signed(3, 3), s.signed(3, 3)]]


def models(s):
    sequential = [keras.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(4)]
    yield keras.Sequential(sequential), [s.signed(3, 6, 6, 2)]
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(5, activation="tanh")
    merged = layers.Concatenate()([shared(a), shared(b)])
    outputs = {"sum": layers.Dense(1)(merged), "joined": merged * 2.0 + layers.Dense(10)(merged)}
    yield keras.Model([a, b], outputs), [[s.signed(3, 4), s.signed(3, 4)]]


def relative(variable, layer):
    """The path below the layer."""
    return variable.path.removeprefix(f"{layer.name}/")


def set_weights(layer, s, largest=1.0):
    for variable in layer.weights:
        if variable.path.endswith(("variance", "gamma")):
            variable.assign(s.positive(*variable.shape))
        else:
            variable.assign(s.signed(*variable.shape, low=-largest, high=largest))


def is_seed(variable):
    return "seed_generator" in variable.path


def is_random(layer, training):
    kinds = (*RANDOM, layers.SpatialDropout2D, layers.SpatialDropout3D)
    return training and isinstance(layer, kinds)


def takes_training(layer):
    trained = (layers.BatchNormalization, keras.Sequential, keras.Model, *RANDOM)
    return isinstance(layer, (*trained, layers.SpatialDropout2D, layers.SpatialDropout3D))


def case_of(layer, args, kwargs, number):
    call = lambda positional, named: layer(*positional, **named)
    variables = layer.variables
    before = [to_numpy(variable.value) for variable in variables]
    described = [
        {"path": relative(v, layer), "value": value, "trainable": v.trainable, **({"seed": True, "weight": False} if is_seed(v) else {})}
        for v, value in zip(variables, before)
    ]
    name = type(layer).__name__
    case = {"id": f"layers/{name}#{number}", "class": name, "kind": "call", "config": serialize_keras_object(layer)}
    case |= {"args": tuple(args), "kwargs": kwargs, "variables": described}
    outputs = call(args, kwargs)
    case["outputs"] = with_masks(outputs)
    after = [to_numpy(variable.value) for variable in variables]
    changed = [[i, b] for i, (a, b) in enumerate(zip(before, after)) if not is_seed(variables[i]) and not np.array_equal(a, b)]
    if changed:
        case["variables_after"] = changed
    if layer.losses:
        case["losses"] = numbers(list(layer.losses))
    for variable, value in zip(variables, before):
        variable.assign(value)
    if is_random(layer, kwargs.get("training")):
        case["random"] = True
    elif has_float(outputs):
        case["grads"] = layer_gradients(layer, args, kwargs, variables, before, call)
    return case


def with_masks(outputs):
    mask = getattr(outputs, "_keras_mask", None)
    return numbers(outputs) if mask is None else Masked(numbers(outputs), numbers(mask))


def layer_gradients(layer, args, kwargs, variables, before, call):
    places = [i for i, v in enumerate(variables) if v.trainable and layer.trainable]
    flat = leaves([args, kwargs])
    inputs = [i for i, leaf in enumerate(flat) if is_float32(leaf)]

    def function(tensors):
        mapping = list(zip([variables[i] for i in places], tensors))
        filled = list(flat)
        for place, tensor in zip(inputs, tensors[len(places) :]):
            filled[place] = tensor
        with keras.StatelessScope(state_mapping=mapping):
            return call(*replace([args, kwargs], filled))

    found = gradients(function, [before[i] for i in places] + [flat[i] for i in inputs])
    of_inputs = dict(zip(inputs, found[len(places) :]))
    return {
        "variables": [[i, gradient] for i, gradient in zip(places, found)],
        "inputs": [of_inputs.get(i) for i in range(len(flat))],
    }


def cases():
    keras.utils.set_random_seed(1)
    recorded = []
    for layer, args, *options in table():
        name = type(layer).__name__
        layer(*args)
        set_weights(layer, Source(f"weights/{name}"))
        for kwargs in [{}, {"training": True}] if takes_training(layer) else options or [{}]:
            recorded.append(case_of(layer, args, kwargs, len(recorded)))
    return recorded

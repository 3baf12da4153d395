"""Cases of plain functions and of small objects: activations, regularizers, constraints, schedules, initializers."""

import keras
import numpy as np
from keras import activations, constraints, initializers, regularizers
from keras.optimizers import schedules
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import input_gradients, to_numpy

ACTIVATIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid log_softmax mish "
    "relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh "
    "tanh_shrink threshold"
)


def activation_cases(s):
    for name in ACTIVATIONS.split():
        call = lambda args, kwargs, name=name: getattr(activations, name)(*args, **kwargs)
        args, kwargs = [s.signed(4, 6, low=-4.0, high=4.0)], {}
        if name == "threshold":
            args += [0.5, 0.1]
        if name == "relu":
            kwargs = {"negative_slope": 0.1, "max_value": 3.0, "threshold": 0.5}
        case = {"id": f"functions/{name}", "kind": "activation", "fn": f"activations.{name}", "args": args, "kwargs": kwargs}
        yield {**case, "outputs": to_numpy(call(args, kwargs)), "grads": input_gradients(call, args, kwargs)}


def object_cases(s):
    penalties = [regularizers.L1(0.1), regularizers.L2(0.2), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer(0.1)]
    limits = [constraints.MaxNorm(1.0), constraints.MinMaxNorm(0.5, 1.0, 0.8), constraints.NonNeg(), constraints.UnitNorm(axis=1)]
    for kind, objects in (("regularizer", penalties), ("constraint", limits)):
        for each in objects:
            args = [s.signed(4, 3)]
            case = {"id": f"functions/{type(each).__name__}", "kind": kind, "config": serialize_keras_object(each), "args": args}
            case["outputs"] = to_numpy(each(keras.ops.convert_to_tensor(args[0])))
            if kind == "regularizer":
                call = lambda args, _, each=each: each(keras.ops.convert_to_tensor(args[0]))
                case["grads"] = input_gradients(call, args, {})
            yield case


def schedule_cases():
    table = [
        schedules.ExponentialDecay(0.1, 5, 0.9),
        schedules.ExponentialDecay(0.1, 5, 0.9, staircase=True),
        schedules.InverseTimeDecay(0.1, 4, 0.5),
        schedules.PolynomialDecay(0.1, 10, 0.01, power=2.0),
        schedules.PolynomialDecay(0.1, 7, 0.01, cycle=True),
        schedules.CosineDecay(0.1, 15, alpha=0.1),
        schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=6),
        schedules.CosineDecayRestarts(0.1, 5, t_mul=1.5, m_mul=0.8),
        schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01]),
    ]
    steps = list(range(25))
    for schedule in table:
        rates = np.array([to_numpy(schedule(step)) for step in steps], "float32")
        case = {"id": f"functions/{type(schedule).__name__}", "kind": "schedule", "config": serialize_keras_object(schedule)}
        yield {**case, "steps": steps, "outputs": rates}


def initializer_cases():
    for each in (initializers.Zeros(), initializers.Ones(), initializers.Constant(1.5), initializers.Identity()):
        case = {"id": f"functions/{type(each).__name__}", "kind": "initializer", "config": serialize_keras_object(each)}
        yield {**case, "shape": [3, 4], "dtype": "float32", "outputs": to_numpy(each((3, 4), dtype="float32"))}
    fans = {"fan_in": 40, "fan_out": 60, "fan_avg": 50}
    truncation = 0.87962566103423978
    for name, scale, mode in (("Glorot", 1.0, "fan_avg"), ("He", 2.0, "fan_in"), ("Lecun", 1.0, "fan_in")):
        variance = scale / fans[mode]
        yield property_case(f"{name}Uniform", {}, {"mean": 0.0, "variance": variance, "limit": (3 * variance) ** 0.5})
        yield property_case(f"{name}Normal", {}, {"mean": 0.0, "variance": variance, "limit": 2 * variance**0.5 / truncation})
    yield property_case("RandomNormal", {"mean": 0.5, "stddev": 0.2}, {"mean": 0.5, "variance": 0.04})
    yield property_case("RandomUniform", {"minval": -0.3, "maxval": 0.9}, {"mean": 0.3, "variance": 0.12, "low": -0.3, "high": 0.9})
    bounds = {"mean": 0.1, "variance": (0.2 * truncation) ** 2, "low": -0.3, "high": 0.5}
    yield property_case("TruncatedNormal", {"mean": 0.1, "stddev": 0.2}, bounds)
    yield property_case("Orthogonal", {"gain": 1.5}, {"orthogonal": True, "gain": 1.5})
    options = {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}
    yield property_case("VarianceScaling", options, {"mean": 0.0, "variance": 2 / 60, "limit": (6 / 60) ** 0.5})


def property_case(name, options, expected):
    config = serialize_keras_object(getattr(initializers, name)(**options))
    return {"id": f"functions/{name}", "kind": "initializer_property", "config": config, "shape": [40, 60], "property": expected}


def cases():
    s = Source("functions")
    return [*activation_cases(s), *object_cases(s), *schedule_cases(), *initializer_cases()]

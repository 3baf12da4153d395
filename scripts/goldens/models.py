"""Cases of whole models: predictions, an epoch of training batch by batch, what is there afterwards."""

import keras
import numpy as np
from keras import layers
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import numbers, to_numpy
from .layers import set_weights


def small_convnet():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", padding="same"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    s = Source("small_convnet")
    return {
        "model": model,
        "x": s.signed(20, 8, 8, 1),
        "y": s.integers(20, high=3),
        "optimizer": keras.optimizers.Adam(0.01),
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    joined = layers.Concatenate()([layers.Dense(5, activation="tanh")(a), layers.Dense(5, kernel_regularizer="l2")(b)])
    outputs = [layers.Dense(1, name="left")(joined), layers.Dense(2, activation="sigmoid", name="right")(joined)]
    s = Source("two_inputs")
    x, y = [s.signed(16, 4), s.signed(16, 3)], [s.signed(16, 1), s.booleans(16, 2).astype("float32")]
    return {
        "model": keras.Model([a, b], outputs),
        "x": x,
        "y": y,
        "optimizer": keras.optimizers.SGD(0.1, momentum=0.9),
        "loss": ["mse", "binary_crossentropy"],
        "metrics": [["mae"], ["accuracy"]],
    }


def branches(*units):
    """Two inputs, and a dense layer `out0`, `out1` … of each size on both."""
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    joined = layers.Concatenate()([a, b])
    return {"a": a, "b": b}, [layers.Dense(size, name=f"out{i}", activation="softmax" if size > 1 else None) for i, size in enumerate(units)], joined


def dict_outputs():
    inputs, (left, right), joined = branches(1, 2)
    s = Source("dict_outputs")
    return {
        "model": keras.Model(inputs, {"right": right(joined), "left": left(joined)}),
        "x": {"a": s.signed(16, 4), "b": s.signed(16, 3)},
        "y": {"left": s.signed(16, 1), "right": s.distribution(16, 2)},
        "sample_weight": {"left": s.positive(16), "right": s.positive(16)},
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": {"left": "mse", "right": "categorical_crossentropy"},
        "loss_weights": {"left": 0.5, "right": 2.0},
        "metrics": {"right": ["accuracy", "mae"], "left": "mae"},
        "weighted_metrics": {"left": ["mae", "mse"]},
    }


def nested_outputs():
    inputs, (first, second, third), joined = branches(1, 1, 3)
    s = Source("nested_outputs")
    return {
        "model": keras.Model(inputs, {"first": first(joined), "rest": [second(joined), third(joined)]}),
        "x": {"a": s.signed(16, 4), "b": s.signed(16, 3)},
        "y": {"first": s.signed(16, 1), "rest": [s.signed(16, 1), s.integers(16, high=3)]},
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": {"first": "mse", "rest": ["mae", "sparse_categorical_crossentropy"]},
        "loss_weights": {"first": 1.0, "rest": [0.5, 0.25]},
        "metrics": {"first": ["mae"], "rest": [["mse"], ["accuracy"]]},
        "weighted_metrics": [],
    }


def named_losses():
    inputs, (first, second), joined = branches(1, 3)
    s = Source("named_losses")
    return {
        "model": keras.Model(inputs, [first(joined), second(joined)]),
        "x": {"a": s.signed(16, 4), "b": s.signed(16, 3)},
        "y": {"out0": s.signed(16, 1), "out1": s.integers(16, 1, high=3)},
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": {"out1": "crossentropy", "out0": "mse"},
        "loss_weights": {"out0": 0.5, "out1": 2.0},
        "metrics": {"out1": ["acc"]},
        "weighted_metrics": None,
    }


def some_losses():
    inputs, outs, joined = branches(1, 2, 1)
    s = Source("some_losses")
    return {
        "model": keras.Model(inputs, [out(joined) for out in outs]),
        "x": {"a": s.signed(16, 4), "b": s.signed(16, 3)},
        "y": [s.signed(16, 1), s.signed(16, 1)],
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": ["mse", None, "mae"],
        "loss_weights": None,
        "metrics": None,
        "weighted_metrics": None,
    }


def penalties():
    x = keras.Input((4,))
    hidden = layers.Dense(5, activation="tanh", activity_regularizer=keras.regularizers.L2(0.1))(x)
    s = Source("penalties")
    return {
        "model": keras.Model(x, layers.Dense(1, bias_regularizer="l1")(hidden)),
        "x": s.signed(16, 4),
        "y": s.signed(16, 1),
        "sample_weight": s.positive(16),
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": "mse",
        "loss_weights": 0.5,
        "metrics": ["mae", "mean_absolute_error", "mae"],
        "weighted_metrics": ["mae", "mse"],
    }


def class_weights():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    s = Source("class_weights")
    return {
        "model": model,
        "x": s.signed(16, 4),
        "y": s.integers(16, 1, high=3),
        "class_weight": {0: 1.0, 1: 3.0, 2: 0.25},
        "optimizer": keras.optimizers.SGD(0.1),
        "loss": "sparse_categorical_crossentropy",
        "loss_weights": None,
        "metrics": ["accuracy"],
        "weighted_metrics": ["accuracy", "sparse_categorical_crossentropy"],
    }


class BatchLogs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append({name: float(value) for name, value in logs.items()})


def state(variables):
    return [{"path": v.path, "trainable": v.trainable, "value": to_numpy(v.value)} for v in variables]


def case_of(name, model, x, y, optimizer, batch_size=4, sample_weight=None, class_weight=None, **compiled):
    # Small weights: TensorFlow's crossentropy of nearly certain outputs is not the others'.
    set_weights(model, Source(f"weights/{name}"), 0.3)
    serialized = serialize_keras_object(optimizer) | {"module": "keras.optimizers", "registered_name": None}
    described = [[layer.name, type(layer).__name__] for layer in model.layers]
    case = {"id": f"models/{name}", "class": type(model).__name__, "kind": "model", "name": name, "files": {}}
    case |= {"config": serialize_keras_object(model), "layers": described, "count_params": model.count_params()}
    case |= {"variables": state(model.weights), "x": x, "y": y, "sample_weight": sample_weight, "class_weight": class_weight}
    case |= {"batch_size": batch_size, "compile": {"optimizer": serialized, **compiled}}
    predict = lambda: numbers(model.predict(x, batch_size=batch_size, verbose=0))
    case["predict"] = predict()
    model.compile(optimizer, **compiled)
    logs = BatchLogs()
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0, callbacks=[logs], **weights)
    slots = state(optimizer.variables)
    train = {"steps": len(logs.seen), "logs": logs.seen, "variables_after": state(model.weights)}
    case["train"] = {**train, "optimizer_variables_after": slots}
    evaluated = model.evaluate(x, y, batch_size=batch_size, sample_weight=sample_weight, verbose=0, return_dict=True)
    case["evaluate_after"] = {name: float(value) for name, value in evaluated.items()}
    case["predict_after"] = predict()
    return case


def cases():
    keras.utils.clear_session()
    makers = [small_convnet, two_inputs, dict_outputs, nested_outputs, named_losses, some_losses, penalties, class_weights]
    return [case_of(make.__name__, **make()) for make in makers]

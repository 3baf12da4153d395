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
    return model, s.signed(20, 8, 8, 1), s.integers(20, high=3), keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"]


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    joined = layers.Concatenate()([layers.Dense(5, activation="tanh")(a), layers.Dense(5, kernel_regularizer="l2")(b)])
    outputs = [layers.Dense(1, name="left")(joined), layers.Dense(2, activation="sigmoid", name="right")(joined)]
    s = Source("two_inputs")
    x, y = [s.signed(16, 4), s.signed(16, 3)], [s.signed(16, 1), s.booleans(16, 2).astype("float32")]
    return keras.Model([a, b], outputs), x, y, keras.optimizers.SGD(0.1, momentum=0.9), ["mse", "binary_crossentropy"], [["mae"], ["accuracy"]]


class BatchLogs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append({name: float(value) for name, value in logs.items()})


def state(variables):
    return [{"path": v.path, "trainable": v.trainable, "value": to_numpy(v.value)} for v in variables]


def case_of(name, made, batch_size=4):
    model, x, y, optimizer, loss, metrics = made
    # Small weights: TensorFlow's crossentropy of nearly certain outputs is not the others'.
    set_weights(model, Source(f"weights/{name}"), 0.3)
    compiled = {"optimizer": serialize_keras_object(optimizer), "loss": loss, "metrics": metrics}
    compiled["optimizer"] |= {"module": "keras.optimizers", "registered_name": None}
    described = [[layer.name, type(layer).__name__] for layer in model.layers]
    case = {"id": f"models/{name}", "class": type(model).__name__, "kind": "model", "name": name, "files": {}}
    case |= {"config": serialize_keras_object(model), "layers": described, "count_params": model.count_params()}
    case |= {"variables": state(model.weights), "x": x, "y": y, "batch_size": batch_size, "compile": compiled}
    predict = lambda: numbers(model.predict(x, batch_size=batch_size, verbose=0))
    case["predict"] = predict()
    model.compile(optimizer, loss, metrics=metrics)
    logs = BatchLogs()
    model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0, callbacks=[logs])
    slots = state(optimizer.variables)
    train = {"steps": len(logs.seen), "logs": logs.seen, "variables_after": state(model.weights)}
    case["train"] = {**train, "optimizer_variables_after": slots}
    evaluated = model.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
    case["evaluate_after"] = {name: float(value) for name, value in evaluated.items()}
    case["predict_after"] = predict()
    return case


def cases():
    keras.utils.clear_session()
    return [case_of("small_convnet", small_convnet()), case_of("two_inputs", two_inputs())]

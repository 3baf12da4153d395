"""Keras's side of the tests of model files.

    python scripts/keras-files.py write FOLDER [NAME…]    trains small models and saves them in every format, with numbers
    python scripts/keras-files.py resume FOLDER           reads models that somebody saved there and goes on with them

`write` makes NAME.keras, NAME.weights.h5, NAME.h5 and NAME.json: data, predictions, and the loss and the predictions after
one more step. `resume` reads NAME.json for the data and writes what it finds to FILE.out.json for every FILE of a model.
The goldens in test/golden/files are made by `write` on the backend that their folder names (KERAS_BACKEND); those in
`keras2` with KERAS_PACKAGE=tf_keras, which is Keras 2 going on, those in `keras2-legacy` with its optimizers from before
2.11 (KERAS_LEGACY_OPTIMIZERS=1), too.
"""

import importlib
import json
import os
import pathlib
import sys

import numpy as np

keras = importlib.import_module(os.environ.get("KERAS_PACKAGE", "keras"))
layers = keras.layers
is_keras2 = keras.__version__.startswith("2.")
optimizers = keras.optimizers.legacy if os.environ.get("KERAS_LEGACY_OPTIMIZERS") else keras.optimizers


def mlp():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, real(12, 5), whole(12, high=3)


def branches():
    inputs = keras.Input((6, 6, 2))
    shared = layers.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    x = shared(layers.Conv2D(2, 1, name="first")(inputs))
    x = layers.Add()([x, shared(layers.Conv2D(2, 1, name="second")(inputs))])
    pooled = layers.GlobalAveragePooling2D()(x)
    # Nobody else reads the ops of Keras 2.
    doubled = layers.Rescaling(2.0)(pooled) if is_keras2 else pooled * 2.0
    model = keras.Model(inputs, {"a": layers.Dense(2, name="a")(pooled), "b": layers.Dense(1, name="b")(doubled)})
    optimizer = optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    model.compile(optimizer, loss={"a": keras.losses.Huber(), "b": "mse"}, loss_weights={"a": 1.0, "b": 0.5})
    return model, real(8, 6, 6, 2), {"a": real(8, 2), "b": real(8, 1)}


def sequence():
    model = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(11, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)]),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(), keras.losses.BinaryCrossentropy(), metrics=[keras.metrics.AUC(num_thresholds=20)])
    return model, whole(8, 7, high=11), whole(8, 1, high=2).astype("float32")


def nested():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.LayerNormalization()])
    inputs = keras.Input((4,))
    x = layers.Concatenate()([inner(inputs), inner(layers.Dense(4)(inputs))])
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.layers[1].trainable = False
    model.compile(keras.optimizers.AdamW(0.01, clipnorm=1.0, amsgrad=True), "mse")
    return model, real(8, 4), real(8, 1)


def half():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="relu", dtype="mixed_float16"),
            layers.Dense(3, dtype="bfloat16"),
            layers.Dense(1, dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01, momentum=0.5)), "mse")
    return model, real(8, 4), real(8, 1)


MODELS = {each.__name__: each for each in (mlp, branches, sequence, nested, half)}

rng = np.random.default_rng(7)


def real(*shape):
    return rng.normal(size=shape).astype("float32")


def whole(*shape, high):
    return rng.integers(0, high, shape).astype("int32")


def to_json(tree):
    if isinstance(tree, dict):
        return {name: to_json(each) for name, each in tree.items()}
    array = np.asarray(tree)
    return {"dtype": str(array.dtype), "shape": array.shape, "data": array.ravel().tolist()}


def from_json(tree):
    if "data" in tree and "shape" in tree:
        return np.array(tree["data"], tree["dtype"]).reshape(tree["shape"])
    return {name: from_json(each) for name, each in tree.items()}


def go_on(model, x, y, train=True):
    """What a model says, and what it says after one more step."""
    found = {"predict": to_json(model.predict(x, verbose=0))}
    if train:
        history = model.fit(x, y, batch_size=len(x), epochs=1, shuffle=False, verbose=0)
        found["loss"] = history.history["loss"][0]
        found["after"] = to_json(model.predict(x, verbose=0))
    return found


def write(folder, *names):
    for name in names or MODELS:
        make = MODELS[name]
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model, x, y = make()
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        for ending in ("keras", "weights.h5", "h5"):
            path = folder / f"{name}.{ending}"
            model.save_weights(path) if ending == "weights.h5" else model.save(path)
        case = {"x": to_json(x), "y": to_json(y), **go_on(model, x, y)}
        (folder / f"{name}.json").write_text(json.dumps(case))


def resume(folder):
    for path in sorted(folder.glob("*.keras")) + sorted(folder.glob("*.h5")):
        name, _, ending = path.name.partition(".")
        case = json.loads((folder / f"{name}.json").read_text())
        x, y = from_json(case["x"]), from_json(case["y"])
        if ending == "weights.h5":
            model = keras.models.load_model(folder / f"{name}.keras")
            for variable in model.weights + model.optimizer.variables:
                variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
            model.load_weights(path)
        else:
            model = keras.models.load_model(path)
        # Keras 3.15 builds the optimizer of an older .h5 without variables: it refuses to train on, its own files, too.
        found = go_on(model, x, y, train=ending != "h5")
        pathlib.Path(f"{path}.out.json").write_text(json.dumps(found))


if __name__ == "__main__":
    {"write": write, "resume": resume}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])

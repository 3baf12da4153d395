"""Keras's side of the tests of the less common model files: shards, weights by name, folders, safetensors, FeatureSpace.

    python scripts/keras-exchange.py write FOLDER    makes test/golden/exchange: what Keras saves, with what it says
    python scripts/keras-exchange.py read FOLDER     reads what Hornet saved there and writes what it finds to found.json

Both need tensorflow, which FeatureSpace calls, and `write` the package safetensors.
"""

import json
import pathlib
import sys

import keras
import numpy as np
from keras import layers

x = np.linspace(-1, 1, 12).reshape(3, 4).astype("float32")
columns = {"age": [31.0, 44.0, 58.0, 20.0], "job": ["cook", "poet", "cook", "smith"], "rank": [3, 1, 3, 2]}


def network(head=2):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, name="body"), layers.Dense(head, name="head")])


def trained():
    model = network()
    model.compile("adam", "mse")
    model.fit(x, np.ones((3, 2)), verbose=0)
    return model


def space():
    import tensorflow as tf
    from keras.utils import FeatureSpace

    features = {
        "age": FeatureSpace.float_normalized(),
        "job": FeatureSpace.string_categorical(num_oov_indices=1),
        "rank": FeatureSpace.integer_categorical(),
    }
    made = FeatureSpace(features, crosses=[FeatureSpace.cross(("job", "rank"), 8)], output_mode="concat")
    made.adapt(tf.data.Dataset.from_tensor_slices(columns).batch(4))
    return made


def says(model, data=x):
    outputs = np.asarray(model(data))
    return {"dtype": str(outputs.dtype), "shape": outputs.shape, "data": outputs.ravel().tolist()}


def write(folder):
    import safetensors.numpy

    keras.utils.set_random_seed(5)
    model = trained()
    model.save(folder / "folder", zipped=False)
    model.save_weights(folder / "shards.weights.json", max_shard_size=70 / 2**30)
    arrays = {variable.path: np.asarray(variable) for variable in model.weights}
    safetensors.numpy.save_file(arrays, folder / "model.safetensors", metadata={"format": "np"})
    # The config of a model that has been saved so names its optimizer no more.
    model.save(folder / "model.h5")
    features = space()
    features.save(folder / "space.keras")
    (folder / "says.json").write_text(json.dumps({"model": says(model), "space": says(features, columns)}))


def read(folder):
    found = {}

    def weights(name, model=None, **options):
        model = model or network()
        for variable in model.weights:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        model.load_weights(folder / name, **options)
        return model

    found["shards"] = says(weights("shards.weights.json"))
    found["folder"] = says(keras.models.load_model(folder / "folder"))
    found["by_name"] = says(weights("named.h5", by_name=True))
    # Another head keeps its zeros.
    mismatched = weights("model.weights.h5", network(head=5), skip_mismatch=True)
    found["skip_mismatch"] = says(keras.Sequential(mismatched.layers[:1]))
    found["mismatched"] = says(mismatched)
    found["space"] = says(keras.models.load_model(folder / "space.keras"), columns)
    try:
        import safetensors.numpy

        arrays = list(safetensors.numpy.load_file(folder / "model.safetensors").items())
        model = network()
        model.set_weights([array for _, array in sorted(arrays, key=lambda item: int(item[0].split("|")[0]))])
        found["safetensors"] = says(model)
    except ImportError:
        pass
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))

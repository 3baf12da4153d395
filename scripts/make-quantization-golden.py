"""Makes test/golden/quantization.json and quantization.keras from real Keras: what `quantize` makes of weights and outputs, the functions of
keras.quantizers, training in 8-bit floats, and a saved model.

    KERAS_BACKEND=jax python scripts/make-quantization-golden.py
"""

import json
import pathlib

import keras
import numpy as np
from keras import layers
from keras import quantizers

target = pathlib.Path(__file__).parent.parent / "test/golden/quantization.json"


def ramp(shape, start=1):
    """Numbers between -2 and 2, spread by the golden ratio."""
    count = int(np.prod(shape))
    return (((np.arange(count) + start) * 0.6180339887) % 1 * 4 - 2).astype("float32").reshape(shape)


def plain(value):
    """A tensor as its flat numbers, to seven digits."""
    return [float(f"{x:.7g}") for x in np.asarray(value).astype("float64").ravel()]


def fill(layer):
    for i, weight in enumerate(layer.weights):
        weight.assign(ramp(weight.shape, 7 * i + 1))


def described(weight):
    return {
        "name": weight.name,
        "dtype": str(weight.dtype),
        "shape": list(weight.shape),
        "trainable": weight.trainable,
        "values": plain(weight.value),
    }


def quantized(make, args, shape, mode, block_size=128, lora=False, reverse=None):
    """A layer before and after `quantize`: its config, what it is called on, weights and outputs."""
    layer = make(**args)
    integers = isinstance(layer, layers.Embedding) and not reverse
    x = (np.arange(int(np.prod(shape))) % 6).astype("int32").reshape(shape) if integers else ramp(shape, 3)
    layer.build(shape)
    fill(layer)
    config = quantizers.Int4QuantizationConfig(block_size=block_size) if mode == "int4" else None
    layer.quantize(None if config else mode, config=config)
    if lora:
        layer.enable_lora(2, lora_alpha=3)
        for name in ("a", "b"):
            variable = next(w for w in layer.weights if w.name.startswith("lora") and w.name.endswith(name))
            variable.assign(ramp(variable.shape, 5))
    y = layer(x, reverse=True) if reverse else layer(x)
    return {
        "class": make.__name__,
        "args": args,
        "shape": shape,
        "integers": integers,
        "mode": mode,
        "block_size": block_size if mode == "int4" else None,
        "lora": lora,
        "reverse": bool(reverse),
        "policy": layer.dtype_policy.name,
        "weights": [described(weight) for weight in layer.weights],
        "output": plain(y),
    }


def every_layer():
    dense = (layers.Dense, {"units": 3}, [4, 5])
    einsum = (layers.EinsumDense, {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"}, [2, 3, 5])
    attention = (layers.EinsumDense, {"equation": "abcd,cde->abe", "output_shape": [None, 3]}, [2, 3, 2, 4])
    turned = (layers.EinsumDense, {"equation": "ab,cdb->adc", "output_shape": [4, 3]}, [2, 5])
    words = (layers.Embedding, {"input_dim": 6, "output_dim": 5}, [2, 3])
    tied = (layers.ReversibleEmbedding, {"input_dim": 6, "output_dim": 5}, [2, 5])
    free = (layers.ReversibleEmbedding, {"input_dim": 6, "output_dim": 5, "tie_weights": False}, [2, 5])
    for case in (dense, einsum, attention, turned, words):
        yield quantized(*case, "int8")
        yield quantized(*case, "int4")
        yield quantized(*case, "int4", block_size=None)
        yield quantized(*case, "int4", block_size=2)
    for case in (dense, einsum, words):
        yield quantized(*case, "int8", lora=True)
        yield quantized(*case, "int4", block_size=2, lora=True)
    for case in (tied, free):
        yield quantized(*case, "int8", reverse=True)
        yield quantized(*case, "int4", block_size=None, reverse=True)
        yield quantized(*case, "int4", block_size=2, reverse=True)


def float8_training():
    """Outputs, losses and weights of a dense layer in 8-bit floats over five steps."""
    policy = keras.dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32", amax_history_length=3)
    layer = layers.Dense(3, dtype=policy)
    model = keras.Sequential([keras.Input((5,)), layer])
    for name, shape, start in (("kernel", (5, 3), 1), ("bias", (3,), 8)):
        next(w for w in layer.weights if w.name == name).assign(ramp(shape, start))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    before = [w.name for w in layer.weights]
    losses = [float(model.train_on_batch(ramp((4, 5), 3 * i), ramp((4, 3), 5 * i))) for i in range(5)]
    after = [described(weight) for weight in layer.weights]
    return {"weights": before, "losses": losses, "after": after, "output": plain(model(ramp((4, 5), 2)))}


def functions():
    edges = np.array([0.3, -1.7, 447.9, 500, 1e-3, 0.0019, -6e-5, 17, 19, 0, 2**-9, 2**-10 * 1.01], "float32")
    x = ramp((6, 2), 5)
    ends = np.array([-1, -0.45], "float32"), np.array([1, 0.7], "float32")
    int4 = (np.arange(15) - 7).reshape(5, 3).astype("int8")
    grouped = [
        [plain(part) for part in quantizers.abs_max_quantize_grouped_with_zero_point(ramp((5, 2), 3), size, to_numpy=host)]
        for size in (2, 8)
        for host in (False, True)
    ]
    return {
        "e4m3": plain(quantizers.quantize_and_dequantize(edges, 1.0, "float8_e4m3fn", "float32")),
        "e5m2": plain(quantizers.quantize_and_dequantize(edges, 0.5, "float8_e5m2", "float32")),
        "amax": plain(quantizers.compute_float8_amax_history(edges, np.array([1, 2, 3], "float32"))),
        "scale": [plain(quantizers.compute_float8_scale(np.float32(a), np.float32(2), np.float32(448)))[0] for a in (0, 4, np.inf)],
        "fake": plain(quantizers.fake_quant_with_min_max_vars(x, -1.3, 1.1, num_bits=4)),
        "fake_channels": plain(quantizers.fake_quant_with_min_max_vars(x, *ends, num_bits=3, narrow_range=True, axis=-1)),
        "packed": [plain(quantizers.pack_int4(int4, axis=axis)[0]) for axis in (0, 1)],
        "grouped": grouped,
    }


def saved_model():
    """A model of quantized layers, one of them adapted, in a file; what it gives when it comes back from there."""
    words = keras.Input(batch_shape=(2, 4), dtype="int32")
    x = layers.Embedding(6, 5, name="words")(words)
    x = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", name="heads")(x)
    x = layers.Dense(3, name="adapted")(layers.Reshape((24,))(x))
    model = keras.Model(words, layers.Dense(2, name="last")(x))
    fill(model)
    model.quantize("int8", filters="words|adapted")
    model.quantize(config=quantizers.Int4QuantizationConfig(block_size=2), filters="heads|last")
    adapted = model.get_layer("adapted")
    adapted.enable_lora(2)
    for variable in adapted.weights:
        if "lora" in variable.name:
            variable.assign(ramp(variable.shape, 5) * 0.1)
    path = target.with_suffix(".keras")
    model.save(path)
    data = np.array([[0, 1, 2, 3], [5, 4, 3, 0]], "int32")
    return {"inputs": data.tolist(), "output": plain(keras.saving.load_model(path)(data))}


if __name__ == "__main__":
    golden = {"layers": list(every_layer()), "float8": float8_training(), "functions": functions(), "saved": saved_model()}
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(target, target.stat().st_size)

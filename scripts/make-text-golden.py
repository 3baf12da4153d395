"""What Keras makes of text and categories, for test/layers/text.test.ts and test/ops/hash.test.ts: hashes, words of text that
is not ASCII, learned vocabularies and boundaries. Needs tensorflow beside keras and jax:

    KERAS_BACKEND=jax python scripts/make-text-golden.py
"""

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

LARGE = 2**62
SALT = (133, 137)


def hashes():
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    texts = ["".join(alphabet[(i * 7 + n) % 26] for i in range(n)) for n in (*range(67), 100, 127, 128, 129, 192, 300)]
    texts += ["héllo wörld", "日本語", "🎉🎈"]
    integers = [0, 1, -1, 42, -17, 12345, 123456789, -987654321, 2**31, 2**40 + 7, -(2**62), 2**63 - 1, -(2**63)]
    decimals = tf.as_string(tf.constant(integers, "int64"))
    words, numbers = tf.constant([["A"], ["B"], ["é"], [""]]), tf.constant([[101], [-5], [7], [0]], "int64")

    def both(strings):
        plain = tf.strings.to_hash_bucket_fast(strings, LARGE)
        salted = tf.strings.to_hash_bucket_strong(strings, LARGE, key=SALT)
        return {"plain": text(plain), "salted": text(salted)}

    def text(tensor):
        return [str(value) for value in tensor.numpy()]

    cross = tf.sparse.to_dense(tf.sparse.cross_hashed([words, numbers, words], 1000003))
    return {
        "strings": {"values": texts, **both(texts)},
        "integers": {"values": [str(value) for value in integers], **both(decimals)},
        "cross": {"words": ["A", "B", "é", ""], "numbers": [101, -5, 7, 0], "bins": cross.numpy()[:, 0].tolist()},
    }


def hashing():
    for options, values in [
        ({"num_bins": 5, "mask_value": ""}, ["", "a", "b", "c"]),
        ({"num_bins": 5, "salt": 7, "output_mode": "multi_hot"}, [["x", "y"], ["y", "z"]]),
        ({"num_bins": 7, "mask_value": 3}, [1, 2, 3, -4]),
        ({"num_bins": 7}, [1.9, -2.9, 1e9]),
        ({"num_bins": 7}, [True, False]),
        ({"num_bins": 3, "output_mode": "one_hot"}, [[1], [2]]),
    ]:
        yield {"options": options, "values": values, "outputs": np.array(layers.Hashing(**options)(np.array(values))).tolist()}


TEXTS = [
    "The quick, brown FOX!",
    "Ein Straßenfuchs — schnell & ÄRGERLICH.",
    "le renard\u00a0d'été\tsaute\u2003loin",
    "狐は、はやい。 the the",
    "",
]


def vectorization():
    for options in [
        {},
        {"standardize": "lower"},
        {"standardize": None, "split": "character", "output_sequence_length": 6},
        {"ngrams": 2, "max_tokens": 12},
        {"ngrams": (2, 3), "output_mode": "count"},
        {"output_mode": "multi_hot", "max_tokens": 40, "pad_to_max_tokens": True},
        {"output_mode": "tf_idf"},
        {"split": None, "output_mode": "int"},
    ]:
        layer = layers.TextVectorization(**options)
        layer.adapt(TEXTS)
        outputs = np.array(layer(np.array(TEXTS)[:, None]))
        yield {"options": options, "vocabulary": layer.get_vocabulary(), "outputs": outputs.tolist()}


def lookups():
    batches = [["b", "a", "b", "𝒳", "ﬃ"], ["c", "a", "b", "[UNK]", "m"]]
    for options in [{}, {"max_tokens": 4}, {"mask_token": "m", "num_oov_indices": 2}, {"output_mode": "tf_idf"}]:
        layer = layers.StringLookup(**options)
        layer.adapt(np.array(batch)[:, None] for batch in batches)
        tokens = [["a", "q", "m"], ["c", "zz", "ﬃ"]]
        yield {
            "options": options,
            "batches": batches,
            "vocabulary": layer.get_vocabulary(),
            "tokens": tokens,
            "outputs": np.array(layer(np.array(tokens))).tolist(),
        }


def discretization():
    random = np.random.default_rng(3)
    for bins, epsilon, sizes in [(4, 0.01, [7]), (5, 0.1, [300, 40]), (3, 0.01, [1000, 1000])]:
        batches = [random.standard_normal(size).round(3).astype("float32") for size in sizes]
        layer = layers.Discretization(num_bins=bins, epsilon=epsilon)
        layer.adapt(iter(batches))
        yield {
            "bins": bins,
            "epsilon": epsilon,
            "batches": [batch.tolist() for batch in batches],
            "boundaries": layer.bin_boundaries,
        }


def main():
    keras.utils.set_random_seed(1)
    golden = {"hashes": hashes(), "texts": TEXTS}
    for make in (hashing, vectorization, lookups, discretization):
        golden[make.__name__] = list(make())
    path = pathlib.Path(__file__).parent.parent / "test" / "golden" / "text.json"
    path.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")


main()

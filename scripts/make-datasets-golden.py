"""Makes test/golden/datasets: small files in the forms of those that Keras's data sets come in, and what Keras's own
load_data makes of them, for test/datasets/hosted.test.ts.

    python scripts/make-datasets-golden.py

In a virtual environment with `pip install keras numpy`.
"""

import gzip
import hashlib
import importlib
import io
import json
import os
import pickle
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")

import keras
import numpy as np

folder = Path(__file__).resolve().parent.parent / "test" / "golden" / "datasets"
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
EPOCH = (1980, 1, 1, 0, 0, 0)


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2's cPickle wrote with protocol 2, as it made the files of CIFAR: texts are strings of bytes."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_text(self, value):
        data = value.encode("ascii") if isinstance(value, str) else value
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + struct.pack("<B", len(data)) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[bytes] = save_text
    dispatch[str] = save_text

    def save_global(self, obj, name=None):
        module = "numpy.core.multiarray" if obj.__name__ == "_reconstruct" else obj.__module__
        self.write(pickle.GLOBAL + f"{module}\n{obj.__name__}\n".encode("ascii"))
        self.memoize(obj)

    dispatch[type] = save_global
    dispatch[type(len)] = save_global


def python2(value):
    out = io.BytesIO()
    Python2Pickler(out, protocol=2).dump(value)
    return out.getvalue()


def npy(array, dump):
    """A .npy file of objects with a pickle of one's own."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, np.lib.format.header_data_from_array_1_0(array))
    return out.getvalue() + dump(array)


def numeric(array):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
    return out.getvalue()


def npz(name, **members):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"{member}.npy", EPOCH), data, zipfile.ZIP_DEFLATED)


def ragged(count, longest):
    """Lists of ranks of words, small ones more often than large ones; numbers of one, two and four bytes."""
    lists = [[int(w) for w in rng.zipf(1.3, rng.integers(2, longest)) % 90_000 + 1] for _ in range(count)]
    array = np.empty(count, dtype=object)
    array[:] = lists
    return array


def pictures(count, *shape):
    """Bytes that tell places apart, and compress well."""
    places = np.indices((count, *shape))
    factors = [37, 11, 3, 1][-places.ndim + 1 :]
    return sum(f * p for f, p in zip(factors, places)).astype("uint8")


def targz(name, members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (folder / name).write_bytes(gzip.compress(out.getvalue(), mtime=0))


def make_files():
    labels = lambda count, classes: rng.integers(0, classes, count)
    npz(
        "mnist.npz",
        x_test=numeric(pictures(2, 28, 28)),
        x_train=numeric(pictures(4, 28, 28)[::-1].copy()),
        y_train=numeric(labels(4, 10).astype("uint8")),
        y_test=numeric(labels(2, 10).astype("uint8")),
    )
    for part, count in {"train": 3, "t10k": 2}.items():
        images, classes = pictures(count, 28, 28) + count, labels(count, 10).astype("uint8")
        idx3 = struct.pack(">4I", 0x803, count, 28, 28) + images.astype("uint8").tobytes()
        idx1 = struct.pack(">2I", 0x801, count) + classes.tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx3, mtime=0))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx1, mtime=0))

    def batch(count, start, **labels):
        names = [f"thing_s_{start + i:06}.png".encode() for i in range(count)]
        data = (pictures(count, 3, 32, 32) + start).astype("uint8").reshape(count, 3072)
        lists = {key.encode(): [int(v) for v in values] for key, values in labels.items()}
        return python2({b"batch_label": b"a batch", **lists, b"data": data, b"filenames": names})

    targz(
        "cifar-10-python.tar.gz",
        {
            f"cifar-10-batches-py/{name}": batch(2, 10 * i, labels=labels(2, 10))
            for i, name in enumerate([f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"])
        },
    )
    targz(
        "cifar-100-python.tar.gz",
        {
            f"cifar-100-python/{name}": batch(n, n, fine_labels=labels(n, 100), coarse_labels=labels(n, 20))
            for name, n in {"train": 3, "test": 2}.items()
        },
    )
    npz(
        "imdb.npz",
        x_train=npy(ragged(25, 30), python2),
        y_train=numeric(labels(25, 2)),
        x_test=npy(ragged(23, 30), python2),
        y_test=numeric(labels(23, 2)),
    )
    current = lambda array: pickle.dumps(array, protocol=4)
    npz("reuters.npz", x=npy(ragged(41, 25), current), y=numeric(labels(41, 46)))
    for name in ["imdb", "reuters"]:
        index = {"the": 1, "constructor": 2, "naïve": 3, f"{name}": 4, "2001": 5}
        (folder / f"{name}_word_index.json").write_text(json.dumps(index))
    npz("boston_housing.npz", x=numeric(rng.random((21, 13)).round(3)), y=numeric(rng.random(21).round(2) * 50))
    rows = np.arange(640, dtype="float32")
    npz("california_housing.npz", x=numeric(rows[:, None] + np.arange(8, dtype="float32") / 8), y=numeric(rows * 100))


requested = []


def get_file(fname=None, origin=None, extract=False, **kwargs):
    """Takes the place of Keras's: notes what is asked for, and gives the small file."""
    requested.append({"fname": fname, "origin": origin, "extract": extract, **kwargs})
    path = folder / origin.rsplit("/", 1)[1]
    if not extract:
        return str(path)
    unpacked = tempfile.mkdtemp()
    with tarfile.open(path) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked


def described(array):
    array = np.asarray(array)
    data = np.ascontiguousarray(array).tobytes()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "sha256": hashlib.sha256(data).hexdigest()}


def lists(array):
    return [[int(w) for w in x] for x in array]


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def run(name, data_format="channels_last", **args):
    keras.config.set_image_data_format(data_format)
    module = importlib.import_module(f"keras.src.datasets.{name}")
    module.get_file = get_file
    load = module.load_data
    if name == "cifar10":
        # Keras's own code, but for the numbers of images.
        sizes = {50000: 10, 10000: 2}
        code = load.__code__
        constants = tuple(sizes.get(c, c) if type(c) is int else c for c in code.co_consts)
        load = type(load)(code.replace(co_consts=constants), load.__globals__)
    requested.clear()
    parts = load(**args)
    texts = name in ("imdb", "reuters")
    return {
        "dataset": camel(name),
        "dataFormat": data_format,
        "args": {camel(key): value for key, value in args.items()},
        "files": list(requested),
        "parts": [[lists(x) if texts else described(x), described(y)] for x, y in parts],
    }


make_files()
texts = [
    {},
    {"num_words": 100},
    {"num_words": 1000, "skip_top": 6},
    {"maxlen": 12},
    {"maxlen": 12, "start_char": None},
    {"start_char": None, "index_from": 0},
    {"start_char": None, "oov_char": None, "num_words": 50, "skip_top": 5},
    {"oov_char": None, "num_words": 60, "seed": 0},
    {"start_char": 7, "oov_char": 9, "index_from": 10, "skip_top": 20, "seed": 2**32 - 1},
]
cases = [
    run("mnist"),
    run("fashion_mnist"),
    *(run(name, data_format) for name in ["cifar10", "cifar100"] for data_format in ["channels_first", "channels_last"]),
    run("cifar100", label_mode="coarse"),
    *(run("imdb", **args) for args in texts),
    *(run("reuters", **args) for args in [*texts, {"test_split": 0.35, "num_words": 500}]),
    *(run("boston_housing", **args) for args in [{}, {"test_split": 0, "seed": 1}, {"test_split": 0.49}]),
    *(run("california_housing", **args) for args in [{}, {"version": "small"}, {"test_split": 0.9, "seed": 12345}]),
]
words = {}
for name in ["imdb", "reuters"]:
    module = importlib.import_module(f"keras.src.datasets.{name}")
    requested.clear()
    words[name] = {"words": module.get_word_index(), "files": list(requested)}
golden = {
    "keras": keras.__version__,
    "cases": cases,
    "wordIndexes": words,
    "topics": list(keras.datasets.reuters.get_label_names()),
}
(folder / "expected.json").write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")

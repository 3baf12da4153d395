"""The file format of conformance vectors: JSON lines beside the bytes of all tensors. Knows nothing of Keras."""

import gzip
import json
import math

import numpy as np


class Masked:
    """A tensor that carries a mask."""

    def __init__(self, value, mask):
        self.value = value
        self.mask = mask


class Tensors:
    """The tensors of a group, each start aligned to 8 bytes, equal ones stored once."""

    def __init__(self):
        self.blob = bytearray()
        self.known = {}

    def add(self, array):
        dtype = array.dtype.name
        data = np.ascontiguousarray(array).tobytes()
        key = (dtype, data)
        if key not in self.known:
            self.blob += b"\0" * (-len(self.blob) % 8)
            self.known[key] = len(self.blob)
            self.blob += data
        return {"$t": [self.known[key], dtype, list(array.shape)]}

    def encode(self, value):
        if isinstance(value, (np.ndarray, np.generic)):
            return self.add(np.asarray(value))
        if isinstance(value, Masked):
            return {**self.add(value.value), "$mask": self.add(value.mask)}
        if isinstance(value, tuple):
            return {"$tuple": [self.encode(item) for item in value]}
        if isinstance(value, list):
            return [self.encode(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.encode(item) for key, item in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            return {"$f": "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}
        return value


def compress(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def write_group(path, cases):
    tensors = Tensors()
    lines = [json.dumps(tensors.encode(case)) for case in cases]
    compress(path.with_suffix(".jsonl.gz"), ("\n".join(lines) + "\n").encode())
    compress(path.with_suffix(".bin.gz"), bytes(tensors.blob))


def write_model(folder, case):
    tensors = Tensors()
    text = json.dumps(tensors.encode(case), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(text + "\n")
    compress(folder / "data.bin.gz", bytes(tensors.blob))

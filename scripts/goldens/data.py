"""Numbers for cases, the same in every run."""

import zlib

import numpy as np


class Source:
    """Draws arrays from a stream of its own, named by a text."""

    def __init__(self, name):
        self.random = np.random.RandomState(zlib.crc32(name.encode()))

    def signed(self, *shape, low=-2.0, high=2.0):
        return self.random.uniform(low, high, shape).astype("float32")

    def positive(self, *shape, low=0.1, high=2.0):
        return self.signed(*shape, low=low, high=high)

    def unit(self, *shape):
        return self.signed(*shape, low=0.05, high=0.95)

    def integers(self, *shape, high=5, dtype="int32"):
        return self.random.randint(0, high, shape).astype(dtype)

    def booleans(self, *shape):
        return self.random.rand(*shape) > 0.5

    def distribution(self, *shape):
        values = self.unit(*shape)
        return (values / values.sum(-1, keepdims=True)).astype("float32")

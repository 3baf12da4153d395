"""Gradients on either backend, as the vectors define them: of the sum of all float outputs, weighted with cos(0), cos(1) …"""

import keras
import numpy as np
from keras import tree


def to_numpy(value):
    return np.array(keras.ops.convert_to_numpy(value))


def numbers(structure):
    """The structure with NumPy arrays instead of the backend's tensors, and plain tuples."""
    if isinstance(structure, dict):
        return {key: numbers(item) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return (list if isinstance(structure, list) else tuple)(numbers(item) for item in structure)
    return to_numpy(structure) if keras.ops.is_tensor(structure) else structure


def has_float(outputs):
    return any(keras.backend.is_float_dtype(keras.backend.standardize_dtype(leaf.dtype)) for leaf in tree.flatten(outputs))


def objective(outputs):
    total = 0.0
    for leaf in tree.flatten(outputs):
        dtype = keras.backend.standardize_dtype(leaf.dtype)
        if not keras.backend.is_float_dtype(dtype):
            continue
        weights = np.cos(np.arange(int(np.prod(leaf.shape)), dtype="float32")).reshape(leaf.shape)
        weighted = leaf * keras.ops.cast(keras.ops.convert_to_tensor(weights), dtype)
        total = total + keras.ops.sum(keras.ops.cast(weighted, "float32"))
    return total


def gradients(function, arrays):
    """Gradients of `objective(function(tensors))` in the arrays; zeros where there is none."""
    if keras.backend.backend() == "torch":
        import torch

        tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
        found = torch.autograd.grad(objective(function(tensors)), tensors, allow_unused=True, materialize_grads=True)
    else:
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = objective(function(tensors))
        found = tape.gradient(total, tensors, unconnected_gradients="zero")
        found = [tf.convert_to_tensor(each) for each in found]
    return [to_numpy(each) for each in found]


def is_float32(leaf):
    return isinstance(leaf, np.ndarray) and leaf.dtype == np.float32


def leaves(value):
    """Leaves in document order; None and scalars count."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def replace(value, replacements):
    """The structure with other values in the places of some leaves, in document order."""
    if isinstance(value, dict):
        return {key: replace(item, replacements) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(replace(item, replacements) for item in value)
    return replacements.pop(0)


def input_gradients(call, args, kwargs):
    """A gradient for every float32 leaf of the arguments, None for the others; None if no output is a float."""
    flat = leaves([args, kwargs])
    places = [i for i, leaf in enumerate(flat) if is_float32(leaf)]
    if not places or not has_float(call(args, kwargs)):
        return None

    def function(tensors):
        filled = list(flat)
        for place, tensor in zip(places, tensors):
            filled[place] = tensor
        return call(*replace([args, kwargs], filled))

    found = dict(zip(places, gradients(function, [flat[place] for place in places])))
    return [found.get(i) for i in range(len(flat))]

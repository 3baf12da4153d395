"""Cases of losses."""

import numpy as np
from keras import losses
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import gradients, to_numpy


def table():
    s = Source("losses")
    for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanSquaredLogarithmicError", "LogCosh", "CosineSimilarity", "Huber"):
        yield getattr(losses, name)(), s.positive(4, 3), s.positive(4, 3)
    yield losses.MeanAbsolutePercentageError(), s.positive(4, 3), s.positive(4, 3)
    yield losses.Huber(delta=0.3), s.signed(4, 3), s.signed(4, 3)
    yield losses.Poisson(), s.positive(4, 3), s.positive(4, 3)
    yield losses.KLDivergence(), s.distribution(4, 3), s.distribution(4, 3)
    for name in ("Hinge", "SquaredHinge", "CategoricalHinge"):
        yield getattr(losses, name)(), s.booleans(4, 3).astype("float32"), s.signed(4, 3)
    classes = np.eye(3, dtype="float32")[s.integers(4, high=3)]
    binary = s.booleans(4, 3).astype("float32")
    yield losses.BinaryCrossentropy(), binary, s.unit(4, 3)
    yield losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), binary, s.signed(4, 3)
    yield losses.BinaryFocalCrossentropy(apply_class_balancing=True), binary, s.unit(4, 3)
    yield losses.CategoricalCrossentropy(), classes, s.distribution(4, 3)
    yield losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), classes, s.signed(4, 3)
    yield losses.CategoricalFocalCrossentropy(), classes, s.distribution(4, 3)
    yield losses.SparseCategoricalCrossentropy(), s.integers(4, high=3), s.distribution(4, 3)
    yield losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1), s.integers(2, 4, high=3), s.signed(2, 4, 3)
    yield losses.Dice(), binary, s.unit(4, 3)
    yield losses.Tversky(alpha=0.3, beta=0.7), binary, s.unit(4, 3)


def cases():
    recorded = []
    for loss, y_true, y_pred in table():
        weights = Source("weights").positive(*y_true.shape[:1])
        whole = loss.name in ("dice", "tversky")
        for reduction in ("sum_over_batch_size", "none") if whole else ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none"):
            weight = None if whole or reduction == "sum_over_batch_size" else weights
            if weight is not None and y_true.ndim == 2 and y_pred.ndim == 3:
                weight = Source("weights").positive(*y_true.shape)
            config = serialize_keras_object(loss)
            config["config"]["reduction"] = reduction
            loss.reduction = reduction
            compute = lambda prediction: loss(y_true, prediction, sample_weight=weight)
            name = type(loss).__name__
            case = {"id": f"losses/{name}#{len(recorded)}", "class": name, "kind": "call", "config": config, "dtype": "float32"}
            options = {key: value for key, value in getattr(loss, "_fn_kwargs", {}).items() if key not in config["config"]}
            case |= {"fn_kwargs": options, "y_true": y_true, "y_pred": y_pred, "sample_weight": weight}
            case["value"] = to_numpy(compute(y_pred))
            case["grad"] = gradients(lambda tensors: compute(tensors[0]), [y_pred])
            recorded.append(case)
    return recorded

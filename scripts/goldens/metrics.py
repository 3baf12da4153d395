"""Cases of metrics: two updates, the second weighted, a reset, one more update."""

import keras
import numpy as np
from keras import metrics
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import numbers, to_numpy


def table():
    s = Source("metrics")
    regression = lambda: (s.positive(4, 3), s.positive(4, 3))
    binary = lambda: (s.booleans(8, 1).astype("float32"), s.unit(8, 1))
    labels = lambda: (np.eye(3, dtype="float32")[s.integers(6, high=3)], s.distribution(6, 3))
    sparse = lambda: (s.integers(6, high=4), s.distribution(6, 4))
    for name in (
        "MeanSquaredError RootMeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError "
        "LogCoshError CosineSimilarity Poisson KLDivergence R2Score"
    ).split():
        yield getattr(metrics, name)(), regression
    for name in ("Hinge", "SquaredHinge"):
        yield getattr(metrics, name)(), lambda: (s.booleans(4, 3).astype("float32"), s.signed(4, 3))
    yield metrics.Accuracy(), lambda: (s.integers(8, high=3), s.integers(8, high=3))
    yield metrics.BinaryAccuracy(threshold=0.4), binary
    yield metrics.BinaryCrossentropy(), binary
    yield metrics.CategoricalAccuracy(), labels
    yield metrics.CategoricalCrossentropy(), labels
    yield metrics.CategoricalHinge(), labels
    yield metrics.TopKCategoricalAccuracy(k=2), labels
    yield metrics.SparseCategoricalAccuracy(), sparse
    yield metrics.SparseCategoricalCrossentropy(), sparse
    yield metrics.SparseTopKCategoricalAccuracy(k=2), sparse
    for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"):
        yield getattr(metrics, name)(thresholds=[0.3, 0.6]), binary
    for name in ("Precision", "Recall"):
        yield getattr(metrics, name)(), binary
        yield getattr(metrics, name)(top_k=2, class_id=1), labels
    yield metrics.AUC(num_thresholds=20), binary
    yield metrics.AUC(num_thresholds=20, curve="PR", summation_method="majoring"), binary
    yield metrics.AUC(num_thresholds=20, multi_label=True), lambda: (s.booleans(6, 3).astype("float32"), s.unit(6, 3))
    yield metrics.PrecisionAtRecall(0.6, num_thresholds=20), binary
    yield metrics.RecallAtPrecision(0.6, num_thresholds=20), binary
    yield metrics.SensitivityAtSpecificity(0.5, num_thresholds=20), binary
    yield metrics.SpecificityAtSensitivity(0.5, num_thresholds=20), binary
    yield metrics.F1Score(average="macro"), labels
    yield metrics.FBetaScore(beta=2.0, threshold=0.4), labels
    yield metrics.MeanIoU(num_classes=3), lambda: (s.integers(8, high=3), s.integers(8, high=3))
    yield metrics.Mean(), lambda: (s.signed(4, 3),)
    yield metrics.Sum(), lambda: (s.signed(4),)


def cases():
    recorded = []
    for metric, draw in table():
        name = type(metric).__name__
        events = []

        def update(**kwargs):
            args = [*draw()]
            weights = {key: value(args[0]) for key, value in kwargs.items()}
            metric.update_state(*args, **weights)
            state = [to_numpy(variable.value) for variable in metric.variables]
            events.append({"event": "update_state", "args": args, "kwargs": weights, "variables": state})
            events.append({"event": "result", "value": numbers(metric.result())})

        update()
        update(sample_weight=lambda first: Source("weights").positive(*first.shape[:1]))
        metric.reset_state()
        events.append({"event": "reset_state"})
        update()
        names = [variable.name for variable in metric.variables]
        case = {"id": f"metrics/{name}#{len(recorded)}", "class": name, "kind": "sequence"}
        recorded.append({**case, "config": serialize_keras_object(metric), "variable_names": names, "events": events})
    return recorded

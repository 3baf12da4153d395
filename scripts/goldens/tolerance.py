"""Tolerances from the difference between two backends."""

import numpy as np

from .writer import Masked


def is_float(array):
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def error(first, second, least=0.001):
    """The largest difference in relation to the largest number, over all tensors of two like trees."""
    if isinstance(first, Masked):
        return error(first.value, second.value, least)
    if isinstance(first, dict):
        return max([error(first[key], second[key], least) for key in first], default=0.0)
    if isinstance(first, (list, tuple)):
        return max([error(a, b, least) for a, b in zip(first, second)], default=0.0)
    if isinstance(first, (np.ndarray, np.generic)) and second is not None and np.size(first) and is_float(np.asarray(first)):
        a, b = np.asarray(first, "float64"), np.asarray(second, "float64")
        finite = np.isfinite(a) & np.isfinite(b)
        if not finite.any():
            return 0.0
        return float(np.max(np.abs(a - b)[finite]) / max(np.max(np.abs(a)[finite]), least))
    if isinstance(first, float):
        return abs(first - second) / max(abs(first), least)
    return 0.0


def largest(tree):
    if isinstance(tree, dict):
        return max([largest(item) for item in tree.values()], default=0.0)
    if isinstance(tree, (list, tuple)):
        return max([largest(item) for item in tree], default=0.0)
    return float(np.max(np.abs(tree))) if isinstance(tree, np.ndarray) and tree.size else 0.0


def rounded(value, floor):
    return float(f"{max(floor, 10 * value):.3g}")


def settle(case, other):
    """The case with its tolerances. Results that are random are not compared."""
    results = ["outputs", "value", "variables_after", "losses", "events", "optimizer_variables"]
    settled = dict(case)
    if "train" in case:
        names = {"predict": "predict", "predict_after": "predict_after", "logs": "train"}
        tol = {name: rounded(error(case[field], other[field]), 1e-5) for name, field in names.items()}
        settled["tol"] = {**tol, "weights": rounded(error(case["train"], other["train"]), 1e-5)}
        return settled
    if case.get("kind") == "whole_step":
        for field in ("gradients", "variables_after", "optimizer_variables_after"):
            for mine, theirs in zip(case[field], other[field]):
                mine["tol"] = rounded(error(mine["value"], theirs["value"]), 1e-5)
        settled["loss_tol"] = rounded(error(case["losses"], other["losses"]), 1e-5)
        return settled
    if not case.get("random") and case.get("kind") not in ("init_error", "call_error"):
        settled["tol"] = rounded(max(error(case.get(field), other.get(field)) for field in results), 1e-5)
    for field in ("grads", "grad"):
        if case.get(field) is not None:
            least = max(0.001, 0.1 * largest(case[field]))
            settled["grad_tol"] = rounded(error(case[field], other[field], least), 2e-5)
    return settled

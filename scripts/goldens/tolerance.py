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


def dtypes(tree):
    if isinstance(tree, dict):
        return {name for item in tree.values() for name in dtypes(item)}
    if isinstance(tree, (list, tuple)):
        return {name for item in tree for name in dtypes(item)}
    return {tree.dtype.name} if isinstance(tree, np.ndarray) else set()


def tolerance(difference, floor):
    """Ten times the difference. Where the backends mean different things, the first one counts, as if unchecked."""
    return floor if difference > 0.01 else float(f"{max(floor, 10 * difference):.3g}")


def floors(case):
    """The least tolerances of results and gradients in the types that take part."""
    names = dtypes(case)
    if case.get("policy") == "mixed_bfloat16" or "bfloat16" in names:
        return 4e-2, 8e-2
    return (5e-3, 1e-2) if case.get("policy") == "mixed_float16" or "float16" in names else (1e-5, 2e-5)


def settle(case, other):
    """The case with its tolerances."""
    results = ["outputs", "value", "variables_after", "losses", "events", "optimizer_variables"]
    settled = dict(case)
    floor, grad_floor = floors(case)
    if "train" in case:
        names = {"predict": "predict", "predict_after": "predict_after", "logs": "train"}
        tol = {name: tolerance(error(case[field], other[field]), 1e-5) for name, field in names.items()}
        settled["tol"] = {**tol, "weights": tolerance(error(case["train"], other["train"]), 1e-5)}
        return settled
    if case.get("kind") == "whole_step":
        for field in ("gradients", "variables_after", "optimizer_variables_after"):
            for mine, theirs in zip(case[field], other[field]):
                mine["tol"] = tolerance(error(mine["value"], theirs["value"]), 1e-5)
        settled["loss_tol"] = tolerance(error(case["losses"], other["losses"]), 1e-5)
        return settled
    if case.get("kind") == "training":
        for field in ("variables_after", "optimizer_variables_after"):
            for mine, theirs in zip(case[field], other[field]):
                mine["tol"] = tolerance(error(mine["value"], theirs["value"]), floor)
        settled["loss_tol"] = tolerance(error(case["logs"], other["logs"]), floor)
        return settled
    if not case.get("random") and case.get("kind") not in ("init_error", "call_error"):
        difference = max(error(case.get(field), other.get(field)) for field in results)
        settled["tol"] = tolerance(difference, floor)
    for field in ("grads", "grad"):
        if case.get(field) is not None:
            least = max(0.001, 0.1 * largest(case[field]))
            settled["grad_tol"] = tolerance(error(case[field], other[field], least), grad_floor)
    return settled

"""Writes test/vectors/signatures.json: the parameters of Keras's ops, functions and layers' calls, as facts.

    KERAS_BACKEND=jax python scripts/make-signatures.py

A name ends with `?` when the parameter has a default, with `*` when it takes all further positional arguments.
"""

import inspect
import json
import pathlib

import keras


def parameters(function):
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self" or parameter.kind == parameter.VAR_KEYWORD:
            continue
        rest, optional = parameter.kind == parameter.VAR_POSITIONAL, parameter.default is not parameter.empty
        suffix = "*" if rest else "?" if optional else ""
        names.append(parameter.name + suffix)
    return " ".join(names)


def functions(module):
    members = inspect.getmembers(module, lambda member: inspect.isfunction(member))
    return {name: parameters(function) for name, function in members if not name.startswith("_")}


def calls(module):
    classes = inspect.getmembers(module, lambda member: inspect.isclass(member) and issubclass(member, keras.layers.Layer))
    return {name: parameters(cls.call) for name, cls in classes}


ops = functions(keras.ops)
for family in ("image", "linalg"):
    ops.update({f"{family}.{name}": text for name, text in functions(getattr(keras.ops, family)).items()})

signatures = {
    "ops": ops,
    "activations": functions(keras.activations),
    "losses": functions(keras.losses),
    "metrics": functions(keras.metrics),
    "calls": {**calls(keras.layers), "Sequential": "inputs training? mask?", "Functional": "inputs training? mask?"},
}
target = pathlib.Path(__file__).parent.parent / "test/vectors/signatures.json"
target.write_text(json.dumps(signatures, indent=2, sort_keys=True) + "\n")

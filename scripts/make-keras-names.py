"""Writes scripts/compatibility/keras-names.json: the public names of Keras by module, as facts.

    KERAS_BACKEND=jax python scripts/make-keras-names.py

A name stands for its kind (class, function, value); behind a colon what an alias really is: `"zeros": "class:Zeros"`.
"""

import inspect
import json
import pathlib
import types

import keras


def kind(name, value):
    """What a name stands for."""
    for word, test in (("class", inspect.isclass), ("function", callable)):
        if test(value):
            own = getattr(value, "__name__", name)
            return word if own == name else f"{word}:{own}"
    return "value"


def walk(module, name, found):
    public = {key: value for key, value in vars(module).items() if not key.startswith("_") and key != "src"}
    modules = {key: value for key, value in public.items() if isinstance(value, types.ModuleType)}
    # Classes and functions only: a module's own imports and constants are nobody's interface, but for those of tree.
    names = {key: kind(key, value) for key, value in public.items() if key not in modules}
    if names:
        found[name] = dict(sorted(names.items()))
    for key, value in sorted(modules.items()):
        if value.__name__.startswith("keras.") and not value.__name__.startswith("keras.src"):
            walk(value, f"{name}.{key}", found)
    return found


# Top-level names are loaded when they are asked for.
for each in dir(keras):
    getattr(keras, each)
names = walk(keras, "keras", {})
target = pathlib.Path(__file__).parent / "compatibility/keras-names.json"
target.write_text(json.dumps({"version": keras.__version__, "modules": names}, indent=1) + "\n")
print(sum(map(len, names.values())), "names in", len(names), "modules")

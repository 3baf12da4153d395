"""Makes the folders vectors, mixed, mixed-training and whole-step of test/golden from real Keras, in the format of
conformance vectors.

    python scripts/make-goldens.py [group…]          needs keras, tensorflow and torch

Values are Keras's on TensorFlow; a second run on PyTorch gives the tolerances: ten times the difference of the two, at least
1e-5 (results) or 2e-5 (gradients).
"""

import os
import pathlib
import pickle
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).parent
target = here.parent / "test/golden"


def groups():
    """What makes the cases of each group; the name is its place below test/golden."""
    sys.path.insert(0, str(here))
    from goldens import functions, layers, losses, metrics, mixed, models, ops, optimizers, whole_step

    parts = [layers, losses, metrics, optimizers, ops, functions, models]
    named = {f"vectors/{part.__name__.split('.')[-1]}": part.cases for part in parts}
    half = {"mixed/layers": mixed.of_layers, "mixed/losses": mixed.of_losses, "mixed/metrics": mixed.of_metrics}
    return {**named, "whole-step": whole_step.cases, **half, "mixed-training": mixed.training}


def record(file, chosen):
    """Runs the cases on the backend that the environment names."""
    recorded = {name: make() for name, make in groups().items() if not chosen or name in chosen}
    pathlib.Path(file).write_bytes(pickle.dumps(recorded))


def run(backend, file, chosen):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, __file__, "record", file, *chosen], env=environment, check=True)
    return pickle.loads(pathlib.Path(file).read_bytes())


def main(chosen):
    with tempfile.TemporaryDirectory() as folder:
        first, second = (run(backend, f"{folder}/{backend}.pickle", chosen) for backend in ("tensorflow", "torch"))
    sys.path.insert(0, str(here))
    from goldens.tolerance import settle
    from goldens.writer import write_group, write_model

    for group, cases in first.items():
        pairs = zip(cases, second[group], strict=True)
        settled = [settle(case, other) for case, other in pairs if case is not None and other is not None]
        if group == "vectors/models":
            for case in settled:
                write_model(target / group / case["name"], case)
        elif group == "whole-step":
            write_model(target / group, settled[0])
        elif group == "mixed-training":
            for case in settled:
                write_model(target / group / case["policy"], case)
        else:
            write_group(target / group, settled)
        print(f"{group}: {len(settled)} cases")


if __name__ == "__main__":
    record(sys.argv[2], sys.argv[3:]) if sys.argv[1:2] == ["record"] else main(sys.argv[1:])

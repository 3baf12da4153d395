"""Makes test/golden/vectors and test/golden/whole-step from real Keras, in the format of conformance vectors.

    python scripts/make-goldens.py          needs keras, tensorflow and torch

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


def record(file):
    """Runs all cases on the backend that the environment names."""
    sys.path.insert(0, str(here))
    from goldens import functions, layers, losses, metrics, models, ops, optimizers, whole_step

    parts = [layers, losses, metrics, optimizers, ops, functions]
    recorded = {part.__name__.split(".")[-1]: part.cases() for part in parts}
    recorded["models"] = models.cases()
    recorded["whole-step"] = whole_step.cases()
    pathlib.Path(file).write_bytes(pickle.dumps(recorded))


def run(backend, file):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, __file__, "record", file], env=environment, check=True)
    return pickle.loads(pathlib.Path(file).read_bytes())


def main():
    with tempfile.TemporaryDirectory() as folder:
        first, second = (run(backend, f"{folder}/{backend}.pickle") for backend in ("tensorflow", "torch"))
    sys.path.insert(0, str(here))
    from goldens.tolerance import settle
    from goldens.writer import write_group, write_model

    for group, cases in first.items():
        settled = [settle(case, other) for case, other in zip(cases, second[group], strict=True)]
        if group == "models":
            for case in settled:
                write_model(target / "vectors/models" / case["name"], case)
        elif group == "whole-step":
            write_model(target / "whole-step", settled[0])
        else:
            write_group(target / "vectors" / group, settled)
        print(f"{group}: {len(settled)} cases")


if __name__ == "__main__":
    record(sys.argv[2]) if sys.argv[1:2] == ["record"] else main()

# Runs files of ONNX: python scripts/onnx-check.py FOLDER. For every NAME.onnx in the folder NAME.json has the inputs. What
# onnxruntime makes of them goes to NAME.out. Every file has to pass the checker of onnx, shapes included.
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1

for wanted in sorted(Path(sys.argv[1]).glob("*.json")):
    path = str(wanted.with_suffix(".onnx"))
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {
        name: np.array(each["values"], each["dtype"]).reshape(each["shape"])
        for name, each in json.loads(wanted.read_text()).items()
    }
    names = [output.name for output in session.get_outputs()]
    results = {
        name: {"dtype": str(value.dtype), "shape": value.shape, "values": value.astype("float64").ravel().tolist()}
        for name, value in zip(names, session.run(names, feeds))
    }
    wanted.with_suffix(".out").write_text(json.dumps(results))

"""Makes test/golden/npz: one array per dtype as NumPy itself stores it, for the tests of lib/datasets/npz.ts.

    python scripts/make-npz-golden.py
"""

from pathlib import Path

import numpy as np

folder = Path(__file__).resolve().parent.parent / "test" / "golden" / "npz"
folder.mkdir(parents=True, exist_ok=True)
values = np.array([[0, 1, 2], [3, 100, 5]])
names = ["bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
arrays = {name: values.astype(name) for name in names}
arrays["fortran"] = np.asfortranarray(np.arange(24, dtype="float32").reshape(2, 3, 4))
arrays["scalar"] = np.float32(2.5)
arrays["empty"] = np.zeros((0, 3), dtype="float32")
np.savez_compressed(folder / "compressed.npz", **arrays)
np.savez(folder / "stored.npz", x=values.astype("float32"))
np.savez(folder / "strings.npz", names=np.array(["a", "b"]))
np.savez(folder / "complex.npz", z=np.array([1 + 2j], dtype="complex64"))
np.save(folder / "single.npy", values.astype("int32"))

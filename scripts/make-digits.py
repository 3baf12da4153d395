"""Makes examples/data/digits.npz from scikit-learn's copy of the UCI handwritten digits. Not needed to run the example.

    python scripts/make-digits.py
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

target = Path(__file__).resolve().parent.parent / "examples" / "data" / "digits.npz"
digits = load_digits()
images = digits.images.astype(np.uint8)  # 1797 images of 8 x 8, ink from 0 to 16
labels = digits.target.astype(np.uint8)
assert images.shape == (1797, 8, 8) and images.max() == 16 and np.array_equal(images, digits.images)
np.savez_compressed(target, images=images, labels=labels)
print(f"{target.name}: {images.shape} {images.dtype}, {target.stat().st_size} bytes")

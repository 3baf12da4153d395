# Makes test/golden/directories: small folders of images and sounds, and what keras.utils reads from them (TensorFlow).
#   pip install keras tensorflow pillow; python scripts/goldens/directories.py
import json
import os
import pathlib
import wave

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf

root = pathlib.Path(__file__).parents[2] / "test/golden/directories"
rng = np.random.default_rng(0)

for name, shape in {"cats/a.png": (9, 12, 3), "cats/b.png": (16, 7, 4), "dogs/c.png": (5, 5, 1), "dogs/d.png": (20, 31, 3)}.items():
    path = root / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tf.io.encode_png(rng.integers(0, 256, shape).astype("uint8")).numpy())

for name, moments in {"high/a.wav": 40, "low/b.wav": 25}.items():
    path = root / "sounds" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, moments, "NONE", ""))
        file.writeframes(rng.integers(-(2**15), 2**15, moments * 2).astype("<i2").tobytes())

cases = {
    "bilinear": dict(interpolation="bilinear"),
    "nearest": dict(interpolation="nearest"),
    "bicubic": dict(interpolation="bicubic"),
    "area": dict(interpolation="area"),
    "lanczos3": dict(interpolation="lanczos3"),
    "crop": dict(crop_to_aspect_ratio=True),
    "pad": dict(pad_to_aspect_ratio=True),
    "gray": dict(color_mode="grayscale"),
    "rgba": dict(color_mode="rgba"),
    "first": dict(data_format="channels_first"),
    "categorical": dict(label_mode="categorical"),
    "binary": dict(label_mode="binary"),
}
images = {}
for name, options in cases.items():
    dataset = keras.utils.image_dataset_from_directory(
        str(root / "images"), image_size=(8, 6), batch_size=4, shuffle=False, verbose=False, **options
    )
    [(x, y)] = list(dataset)
    images[name] = {
        "options": options,
        "shape": list(x.shape),
        "x": [float(np.float32(v)) for v in np.ravel(x)],
        "y": np.asarray(y).tolist(),
    }
sounds = {}
for name, options in {"longest": {}, "cut": dict(output_sequence_length=30)}.items():
    dataset = keras.utils.audio_dataset_from_directory(
        str(root / "sounds"), batch_size=2, shuffle=False, verbose=False, **options
    )
    [(x, y)] = list(dataset)
    sounds[name] = {"options": options, "shape": list(x.shape), "x": np.ravel(x).astype(float).tolist(), "y": np.asarray(y).tolist()}
(root / "keras.json").write_text(json.dumps({"images": images, "sounds": sounds}) + "\n")

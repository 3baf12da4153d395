# Makes test/golden/images.json: BMP files and what keras.utils.load_img reads from them, how it resizes, and what
# array_to_img and smart_resize give.
#   pip install keras jax pillow; KERAS_BACKEND=jax python scripts/goldens/images.py
import base64
import io
import json
import pathlib
import struct

import keras
import numpy as np
from PIL import Image

rng = np.random.default_rng(0)
numbers = lambda x: np.ravel(x).tolist()
read = lambda data, **options: np.asarray(keras.utils.load_img(io.BytesIO(data), **options))


def bmp(bits, width, height, compression=0, masks=(), palette=b"", old=False):
    """A file with random pixels; a negative height is top-down."""
    rows = rng.integers(0, 256, (abs(height), (width * bits + 31) // 32 * 4)).astype("uint8").tobytes()
    if old:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        size = 40 if len(masks) < 4 else 56
        header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(rows), 0, 0, len(palette) // 4, 0)
    header += b"".join(struct.pack("<I", mask) for mask in masks) + palette
    start = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + rows


def palette(colors, size=4):
    entries = rng.integers(0, 256, (colors, size)).astype("uint8")
    if size == 4:
        entries[:, 3] = 0
    return entries.tobytes()


files = {
    "1 bit": bmp(1, 11, 3, palette=palette(2)),
    "4 bits": bmp(4, 5, 3, palette=palette(16)),
    "8 bits": bmp(8, 3, 4, palette=palette(256)),
    "16 bits": bmp(16, 3, 2),
    "16 bits with masks": bmp(16, 3, 2, 3, (0xF800, 0x7E0, 0x1F)),
    "24 bits": bmp(24, 3, 4),
    "24 bits from the top": bmp(24, 3, -4),
    "32 bits": bmp(32, 3, 2),
    "32 bits with masks": bmp(32, 3, 2, 3, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "the oldest header": bmp(8, 3, 2, palette=palette(256, 3), old=True),
}
bmps = {}
for name, data in files.items():
    file = base64.b64encode(data).decode()
    bmps[name] = {"file": file, **{mode: numbers(read(data, color_mode=mode)) for mode in ("grayscale", "rgb", "rgba")}}

pixels = rng.integers(0, 256, (9, 12, 4)).astype("uint8")
buffer = io.BytesIO()
Image.fromarray(pixels).save(buffer, "PNG")
png = buffer.getvalue()
resized = []
for interpolation in ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"):
    for size in ((5, 4), (12, 30), (7, 20)):
        for mode, keep in (("rgb", False), ("rgba", True)):
            options = dict(interpolation=interpolation, target_size=size, color_mode=mode, keep_aspect_ratio=keep)
            resized.append({"options": options, "pixels": numbers(read(png, **options))})

arrays = []
for shape, options in (
    ((2, 3, 3), {}),
    ((2, 3, 4), dict(scale=False)),
    ((1, 2, 3), dict(data_format="channels_first")),
    ((2, 2, 1), {}),
    ((2, 2, 1), dict(scale=False)),
):
    x = rng.uniform(-3, 3, shape) if options.get("scale", True) else rng.uniform(0, 255, shape)
    if shape == (2, 2, 1) and options:
        x = x * 9
    x = x.astype("float32")
    img = np.asarray(keras.utils.array_to_img(x, **options))
    arrays.append({"shape": shape, "x": x.astype(float).ravel().tolist(), "options": options, "dtype": str(img.dtype), "img": numbers(img)})

smart = []
for shape, size, options in (
    ((6, 9, 3), (4, 4), {}),
    ((2, 5, 4, 1), (3, 7), dict(interpolation="nearest")),
    ((1, 8, 5), (2, 2), dict(data_format="channels_first", interpolation="bicubic")),
):
    x = rng.uniform(0, 1, shape).astype("float32")
    y = keras.preprocessing.image.smart_resize(x, size, **options)
    smart.append({"shape": shape, "x": x.astype(float).ravel().tolist(), "size": size, "options": options, "y": np.asarray(y).astype(float).ravel().tolist()})

target = pathlib.Path(__file__).parents[2] / "test/golden/images.json"
golden = {"bmps": bmps, "png": base64.b64encode(png).decode(), "resized": resized, "arrays": arrays, "smart": smart}
target.write_text(json.dumps(golden))

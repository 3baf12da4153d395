"""Makes test/golden/augmentation.json from real Keras: bounding boxes, and what layers of augmentation do to images once it
is known which numbers were drawn.

    KERAS_BACKEND=jax python scripts/make-augmentation-golden.py
"""

import json
import pathlib

import numpy as np
from keras import layers
from keras.utils import bounding_boxes

target = pathlib.Path(__file__).parent.parent / "test/golden/augmentation.json"


def plain(value):
    """Tensors as nested lists, to seven digits."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "shape"):
        return plain(np.asarray(value, "float64").tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


corners = np.array(
    [[[10, 20, 30, 44], [-5, 60, 70, 180.5], [-1, -1, -1, -1]], [[1, 2, 3, 4], [5, 1, 9, 80], [0, 0, 5, 5]]], "float32"
)
labels = np.array([[1, 0, -1], [2, 3, 1]], "int32")
size = {"height": 100, "width": 120}
formats = [
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "center_yxhw",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
]


def of_boxes():
    """Calls of the functions: name, positional arguments, options, result."""

    def case(name, *args, **options):
        return {
            "name": name,
            "args": plain(args),
            "options": plain(options),
            "result": plain(getattr(bounding_boxes, name)(*args, **options)),
        }

    for number, source in enumerate(formats):
        for step in range(len(formats)):
            unit = 0.01 if source.startswith("rel_") else 1
            yield case("convert_format", corners[:1] * unit, source, formats[(number + step) % len(formats)], **size)
    yield case("clip_to_image_size", {"boxes": corners, "labels": labels}, **size)
    yield case("clip_to_image_size", {"boxes": corners / 40}, bounding_box_format="rel_xyxy")
    yield case("crop", corners, 10, 20, 40, 30)
    yield case("pad", corners, 10, 20)
    parameters = [
        np.array(pair, "float32") for pair in ([30, -75], [0.1, 0], [0, -0.2], [1.5, 0.8], [10, -5], [-20, 0])
    ]
    yield case("affine_transform", corners, *parameters, 100, 120)
    yield case("affine_transform", corners, *parameters, 100, 120, center_x=0.2, center_y=0.9)
    for masking in (False, True):
        yield case("compute_iou", corners, corners[:, ::-1] + 2, "xyxy", use_masking=masking, mask_val=-7)
    yield case("compute_iou", corners[0], corners, "xywh")
    yield case("compute_iou", corners / 100, corners[0] / 99, "rel_yxyx", image_shape=(100, 120, 3))
    yield case("compute_ciou", corners, corners[:, ::-1] + 2, "xyxy")
    yield case("compute_ciou", corners[0], corners[1], "center_xywh")
    anchors = np.abs(corners[0]) + [[1, 2, 3, 5]]
    for encoding in ("center_yxhw", "center_xywh"):
        variance = [0.1, 0.1, 0.2, 0.2]
        shape = (100, 120, 3)
        options = {"encoding_format": encoding, "variance": variance, "image_shape": shape}
        yield case("encode_box_to_deltas", anchors, corners + 9, "xyxy", "rel_xywh", **options)
        options = {"encoded_format": encoding, "variance": variance, "image_shape": shape}
        yield case("decode_deltas_to_boxes", anchors, corners / 50, "xywh", "rel_yxyx", **options)
    yield case("decode_deltas_to_boxes", anchors, corners / 50, "xyxy", "xyxy")


# No whole numbers: what becomes a byte must not depend on how the range of values was changed.
images = (np.round(np.random.RandomState(3).rand(2, 4, 5, 3) * 254) + 0.4).astype("float32")


def per_image(*numbers):
    """A number for each of the two images."""
    return np.array(numbers, "float32").reshape(2, 1, 1, 1)


def of_layers():
    """What layers make of the images: class, arguments, what was drawn in the form of this library, result."""

    def case(cls, positional=(), drawn=None, theirs=None, dtype=None, **options):
        for data_format in ("channels_last", "channels_first"):
            first = data_format == "channels_first"
            if first and cls == "AutoContrast":
                continue
            layer = getattr(layers, cls)(*positional, data_format=data_format, **options)
            given = np.moveaxis(images, -1, 1) if first else images
            low, high = options.get("value_range", (0, 255))
            result = np.asarray(layer.transform_images(given / 255 * (high - low) + low, theirs))
            yield {
                "class": cls,
                "args": plain(positional),
                "options": plain({**options, "data_format": data_format}),
                "drawn": plain(drawn),
                "dtype": dtype,
                "result": plain(np.moveaxis(result, 1, -1) if first else result),
            }

    for value_range in ((0, 255), (20, 200)):
        ranged = {"value_range": value_range}
        share = per_image(0.2, -0.4)
        delta = {"rgb_delta": share * (value_range[1] - value_range[0])}
        yield from case("RandomBrightness", (0.5,), share, delta, **ranged)
        contrast = per_image(0.5, 1.4)
        yield from case("RandomContrast", (0.5,), contrast, {"contrast_factor": contrast}, **ranged)
        share = per_image(0.3, -0.2)
        yield from case("RandomColorDegeneration", (0.5,), share, {"factor": share}, **ranged)
        factor = per_image(0.1, 0.9)
        yield from case("RandomSharpness", (1,), factor, {"factor": factor}, **ranged)
        turn = per_image(0.2, -0.45)
        yield from case("RandomHue", (1,), turn, {"factor": turn.reshape(2)}, **ranged)
        scale = per_image(0.3, 2.5)
        yield from case("RandomSaturation", (1,), scale, {"factor": scale.reshape(2)}, **ranged)
        chosen = per_image(True, False) > 0
        yield from case("RandomInvert", (), chosen, {"apply_inversion": chosen.reshape(2)}, **ranged)
        lost = per_image(5, 2).astype("uint8")
        yield from case("RandomPosterization", (3,), lost, {"shift_factor": lost.reshape(2)}, "uint8", **ranged)
        solarity = {"addition": per_image(0, 30), "threshold": per_image(128, 60)}
        theirs = {"additions": solarity["addition"], "thresholds": solarity["threshold"]}
        yield from case("Solarization", (), solarity, theirs, **ranged)
        blur = {"is_blurred": chosen, "sigma": np.array([0.7, 0.4], "float32")}
        theirs = {"should_apply_blur": chosen.reshape(2), "blur_factor": blur["sigma"]}
        yield from case("RandomGaussianBlur", (), blur, theirs, kernel_size=[3, 5], **ranged)
        yield from case("AutoContrast", **ranged)
        yield from case("Equalization", bins=16, **ranged)
        yield from case("ContrastLimitedAdaptiveHistogramEqualization", tile_grid_size=[3, 2], **ranged)
    yield from case("RandomGrayscale", (), chosen, chosen)
    mixture = {"partners": np.array([1, 0]), "weight": per_image(0.3, 0.8)}
    theirs = {"permutation_order": mixture["partners"], "mix_weight": mixture["weight"].reshape(2)}
    yield from case("MixUp", (), mixture, theirs)


target.write_text(
    json.dumps(
        {"boxes": list(of_boxes()), "images": plain(images), "layers": list(of_layers())}, separators=(",", ":")
    )
    + "\n"
)

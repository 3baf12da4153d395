"""Makes test/golden/geometry.json from real Keras: what layers that move pixels do to images, masks and boxes, once it is known
which numbers were drawn.

    KERAS_BACKEND=jax python scripts/make-geometry-golden.py
"""

import json
import pathlib

import numpy as np
from keras import layers, ops

target = pathlib.Path(__file__).parent.parent / "test/golden/geometry.json"
height, width = 6, 8
shape = (2, height, width, 2)
generator = np.random.default_rng(7)
images = generator.random(shape, dtype="float32").round(3)
masks = generator.integers(0, 5, (2, height, width, 1)).astype("float32")
corners = np.array([[[1, 1, 4, 3], [5, 2, 8, 6], [0, 0, 1, 5]], [[2, 0, 7, 6], [3, 3, 5, 5], [6, 4, 8, 6]]], "float32")
relative = np.concatenate([corners[..., :2], corners[..., 2:] - corners[..., :2]], -1) / [width, height, width, height]
labels = np.array([[0, 1, 2], [3, 4, 5]], "int32")


def plain(value):
    """Tensors as nested lists, to seven digits."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "shape"):
        return plain(np.asarray(value, "float64").tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def case(make, drawn, box_format="rel_xywh", **options):
    """A layer, what it draws in Keras's form and in ours, and what becomes of all parts of the data."""
    layer = make(bounding_box_format=box_format, **options)
    theirs, ours = drawn(layer)
    boxes = {"boxes": corners if box_format == "xyxy" else relative.astype("float32"), "labels": labels}
    if theirs is None:
        result = layer(
            {"images": images, "segmentation_masks": masks, "bounding_boxes": {**boxes, "labels": labels}}
        )
        moved = result["bounding_boxes"]
        transformed = result["images"], result["segmentation_masks"]
    else:
        transformed = (
            layer.transform_images(ops.array(images), theirs, training=True),
            layer.transform_segmentation_masks(ops.array(masks), theirs, training=True),
        )
        moved = layer.transform_bounding_boxes(dict(boxes), theirs, training=True)
    return {
        "class": type(layer).__name__,
        "config": plain({key: item for key, item in layer.get_config().items() if key not in ("dtype", "name")}),
        "drawn": plain(ours),
        "boxes": plain(boxes["boxes"]),
        "result": plain({"images": transformed[0], "masks": transformed[1], **moved}),
    }


def nothing(layer):
    return None, None


def flips(layer):
    drawn = np.array([True, False]).reshape(2, 1, 1, 1)
    return {"flips": drawn, "input_shape": shape}, {"flips": [True, False]}


def translations(layer):
    drawn = np.array([[1.25, -2], [-3.5, 0.75]], "float32")
    return {"translations": drawn, "input_shape": shape}, {"x": drawn[:, 0], "y": drawn[:, 1]}


def rotations(layer):
    angle = np.array([23, -140], "float32")
    zeros, ones = np.zeros(2, "float32"), np.ones(2, "float32")
    matrix = layer._compute_affine_matrix(0.5, 0.5, angle, zeros, zeros, ones, zeros, zeros, height, width)
    sizes = {"image_height": height, "image_width": width, "batch_size": 2}
    return {"angle": angle, "rotation_matrix": matrix, **sizes}, {"angle": angle}


def zooms(layer):
    x, y = np.array([0.7, 1.35], "float32"), np.array([0.6, 1.2], "float32")
    theirs = {"width_zoom": x.reshape(2, 1), "height_zoom": y.reshape(2, 1), "input_shape": shape}
    return theirs, {"x": x, "y": y}


def shears(layer):
    drawn = np.array([[0.3, -0.2], [-0.45, 0.15]], "float32")
    return {"shear_factor": drawn, "input_shape": shape}, {"x": drawn[:, 0], "y": drawn[:, 1]}


def perspectives(layer):
    start = np.array([[[0, 0], [7, 0], [0, 5], [7, 5]]] * 2, "float32")
    end = np.array([[[0, 0], [8.2, 0], [0, 6.1], [6.3, 4.4]], [[0, 0], [6, 0], [0, 4], [7.7, 5.2]]], "float32")
    theirs = {"apply_perspective": np.array([True, True]), "start_points": start, "end_points": end}
    return {**theirs, "input_shape": shape}, {"startPoints": start, "endPoints": end, "applies": [True, True]}


cases = [
    *(case(layers.RandomFlip, flips, mode=mode) for mode in ("horizontal", "vertical", "horizontal_and_vertical")),
    *(
        case(make, drawn, **factors, fill_mode=fill_mode, interpolation=interpolation, fill_value=0.5)
        for make, drawn, factors in (
            (layers.RandomTranslation, translations, {"height_factor": 0.5, "width_factor": 0.5}),
            (layers.RandomZoom, zooms, {"height_factor": 0.5, "width_factor": 0.5}),
            (layers.RandomShear, shears, {"x_factor": (0, 0.5), "y_factor": (0, 0.5)}),
        )
        for fill_mode, interpolation in (("reflect", "bilinear"), ("wrap", "nearest"), ("constant", "bilinear"))
    ),
    *(
        case(layers.RandomRotation, rotations, "xyxy", factor=0.5, fill_mode=fill_mode)
        for fill_mode in ("reflect", "nearest", "constant")
    ),
    case(layers.RandomPerspective, perspectives, "xyxy", fill_value=0.25),
    case(layers.RandomPerspective, perspectives, "xyxy", interpolation="nearest"),
    case(layers.CenterCrop, nothing, height=4, width=5),
    case(layers.CenterCrop, nothing, height=9, width=5),
    *(
        case(layers.Resizing, nothing, height=9, width=5, **ratio)
        for ratio in ({}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 0.5})
    ),
]
data = {"images": plain(images), "masks": plain(masks), "labels": plain(labels), "cases": cases}
target.write_text(json.dumps(data, separators=(",", ":")) + "\n")

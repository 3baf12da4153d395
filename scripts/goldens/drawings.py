# Makes test/golden/drawings.json: boxes and masks that keras.visualization draws into images.
#   pip install keras jax opencv-python-headless; KERAS_BACKEND=jax python scripts/goldens/drawings.py
import json
import pathlib

import keras
import numpy as np

rng = np.random.default_rng(0)
numbers = lambda x: np.ravel(x).tolist()
rounded = lambda x: [round(v, 2) for v in numbers(x.astype(float))]

boxes = []
for case in (
    dict(line_thickness=1),
    dict(),
    dict(line_thickness=3, color=(255, 0, 10)),
    dict(line_thickness=4),
    dict(line_thickness=7),
    dict(line_thickness=12),
    dict(format="rel_xyxy", scale=1),
    dict(format="center_xywh", channels=1),
):
    options = {key: value for key, value in case.items() if key in ("line_thickness", "color")}
    image = rng.uniform(0, case.get("scale", 255), (2, 14, 16, case.get("channels", 3))).round(2).astype("float32")
    given = rng.uniform(-6, 20, (2, 3, 4)).round(1)
    if case.get("format") == "rel_xyxy":
        given /= 16
    given = given.astype("float32")
    labels = np.array([[0, 1, -1], [2, -1, 0]], "int32")
    name = case.get("format", "xyxy")
    drawn = keras.visualization.draw_bounding_boxes(image, {"boxes": given, "labels": labels}, name, **options)
    boxes.append(
        {
            "shape": image.shape,
            "images": rounded(image),
            "boxes": given.astype(float).tolist(),
            "labels": labels.tolist(),
            "format": name,
            "options": options,
            "drawn": numbers(drawn),
        }
    )

masks = []
for options in (
    dict(),
    dict(num_classes=4),
    dict(num_classes=3, alpha=0.3, ignore_index=0),
    dict(num_classes=3, color_mapping={"0": (1, 2, 3), "1": (200, 100, 0), "2": (0, 0, 255)}),
    dict(num_classes=4, blend=False),
):
    image = rng.uniform(0, 255, (2, 3, 4, 3)).round(2).astype("float32")
    mask = rng.integers(-1, 4, (2, 3, 4, 1)).astype("int32")
    given = dict(options)
    if "color_mapping" in given:
        given["color_mapping"] = {int(key): color for key, color in given["color_mapping"].items()}
    drawn = np.asarray(keras.visualization.draw_segmentation_masks(image, mask, **given))
    masks.append(
        {
            "images": rounded(image),
            "masks": mask.tolist(),
            "options": options,
            "dtype": str(drawn.dtype),
            "drawn": numbers(drawn.astype(float)),
        }
    )

target = pathlib.Path(__file__).parents[2] / "test/golden/drawings.json"
target.write_text(json.dumps({"boxes": boxes, "masks": masks}))

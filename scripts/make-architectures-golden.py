"""Writes test/golden/architectures.json: layers and weights of networks of keras.applications that the vectors do not have.

KERAS_BACKEND=torch python scripts/make-architectures-golden.py
"""

import hashlib
import json
import pathlib

import keras

# As Hornet calls them.
NETWORKS = {
    "resNet50": "ResNet50",
    "resNet50V2": "ResNet50V2",
    "vgg16": "VGG16",
    "inceptionV3": "InceptionV3",
    "inceptionResNetV2": "InceptionResNetV2",
    "mobileNet": "MobileNet",
    "mobileNetV2": "MobileNetV2",
    "mobileNetV3Small": "MobileNetV3Small",
    "efficientNetB0": "EfficientNetB0",
    "efficientNetV2B0": "EfficientNetV2B0",
    "xception": "Xception",
}


def described(network, **args):
    keras.utils.clear_session()
    model = getattr(keras.applications, network)(weights=None, **args)
    layers = [
        [layer.name, layer.__class__.__name__, [[w.name, list(w.shape)] for w in layer.weights]]
        for layer in model.layers
    ]
    text = json.dumps(layers, separators=(",", ":"))
    return {
        "parameters": model.count_params(),
        "output": list(model.output_shape),
        "layers": len(layers),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


golden = {"channels_last": {"efficientNetB5": described("EfficientNetB5")}}
keras.config.set_image_data_format("channels_first")
golden["channels_first"] = {
    name: described(network, input_shape=(3, 224, 224)) for name, network in NETWORKS.items()
}
file = pathlib.Path(__file__).parents[1] / "test/golden/architectures.json"
file.write_text(json.dumps(golden, indent=1) + "\n")

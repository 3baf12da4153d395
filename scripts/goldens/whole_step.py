"""A small network with batch normalization: its loss, every gradient, and ten Adam steps."""

import keras
import numpy as np
from keras import layers
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import gradients, to_numpy
from .layers import set_weights


def network():
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(6, 3, strides=2, use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.Activation("tanh"),
            layers.Flatten(),
            layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.Dense(3),
        ]
    )


def state(variables):
    return [{"path": variable.path, "value": to_numpy(variable.value)} for variable in variables]


def cases():
    keras.utils.clear_session()
    model, s = network(), Source("whole_step")
    set_weights(model, Source("weights/whole_step"))
    x, y = s.signed(16, 8, 8, 2), s.integers(16, high=3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(0.01)
    case = {"id": "whole_step", "kind": "whole_step", "config": serialize_keras_object(model), "x": x, "y": y}
    case |= {"variables": state(model.weights), "learning_rate": 0.01}
    trainable = model.trainable_variables

    def total(tensors):
        with keras.StatelessScope(state_mapping=list(zip(trainable, tensors))):
            return loss(y, model(x, training=True)) + sum(model.losses)

    found = gradients(total, [to_numpy(variable.value) for variable in trainable])
    case["gradients"] = [{"path": variable.path, "value": gradient} for variable, gradient in zip(trainable, found)]
    model.compile(optimizer, loss)
    losses = []
    for _ in range(10):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y)))
    case |= {"losses": np.array(losses, "float32"), "variables_after": state(model.weights)}
    case["optimizer_variables_after"] = state(optimizer.variables)
    return [case]

"""Cases in half precision: layers under the mixed policies, losses and metrics of half predictions, steps of training."""

import keras
from keras import layers as keras_layers
from keras.saving import serialize_keras_object

from . import layers, losses, metrics
from .data import Source
from .gradient import gradients, numbers, to_numpy
from .models import state


def attempt(name, make):
    """A case, or None where this backend lacks an op in that type."""
    try:
        return make()
    except Exception as error:  # each backend has classes of its own for it
        print(f"left out: {name}: {type(error).__name__}")
        return None


def of_layers():
    recorded = []
    for policy in ("mixed_float16", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        for layer, args, *options in layers.table():
            name, number = type(layer).__name__, len(recorded)
            if name.startswith("SpatialDropout"):
                continue  # Keras writes the type of its variables into their configs, not the policy

            def make():
                layer(*args)
                layers.set_weights(layer, Source(f"weights/{name}"))
                kwargs = {"training": True} if layers.takes_training(layer) else options[0] if options else {}
                return layers.case_of(layer, args, kwargs, number)

            recorded.append(attempt(name, make))
    keras.config.set_dtype_policy("float32")
    return recorded


def loss_case(loss, y_true, y_pred, number):
    name = type(loss).__name__
    config = serialize_keras_object(loss)
    case = {"id": f"losses/{name}#{number}", "class": name, "kind": "call", "config": config, "dtype": "float32"}
    options = {key: value for key, value in getattr(loss, "_fn_kwargs", {}).items() if key not in config["config"]}
    case |= {"fn_kwargs": options, "y_true": y_true, "y_pred": y_pred, "sample_weight": None}
    case["value"] = to_numpy(loss(y_true, y_pred))
    case["grad"] = gradients(lambda tensors: loss(y_true, tensors[0]), [y_pred])
    return case


def of_losses():
    return [
        attempt(type(loss).__name__, lambda: loss_case(loss, y_true, y_pred.astype("float16"), number))
        for number, (loss, y_true, y_pred) in enumerate(losses.table())
    ]


def metric_case(metric, args, number):
    name = type(metric).__name__
    metric.update_state(*args)
    values = [to_numpy(variable.value) for variable in metric.variables]
    events = [{"event": "update_state", "args": args, "kwargs": {}, "variables": values}]
    events.append({"event": "result", "value": numbers(metric.result())})
    names = [variable.name for variable in metric.variables]
    case = {"id": f"metrics/{name}#{number}", "class": name, "kind": "sequence"}
    return {**case, "config": serialize_keras_object(metric), "variable_names": names, "events": events}


def of_metrics():
    def halved(arrays):
        """The predictions, or the only argument, in float16."""
        return [*arrays[:-1], arrays[-1].astype("float16") if arrays[-1].dtype == "float32" else arrays[-1]]

    return [
        attempt(type(metric).__name__, lambda: metric_case(metric, halved(draw()), number))
        for number, (metric, draw) in enumerate(metrics.table())
    ]


def network():
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras_layers.Conv2D(4, 3, padding="same", use_bias=False),
            keras_layers.BatchNormalization(),
            keras_layers.ReLU(),
            keras_layers.MaxPooling2D(2),
            keras_layers.DepthwiseConv2D(3),
            keras_layers.LayerNormalization(),
            keras_layers.Flatten(),
            keras_layers.Dense(8, activation="gelu", kernel_regularizer=keras.regularizers.L2(0.001)),
            keras_layers.Dense(3),
            keras_layers.Activation("softmax", dtype="float32"),
        ]
    )


def training_case(policy, optimizer, steps):
    """Steps on one batch: what is reported, the state after each, and where the gradients overflow."""
    keras.config.set_dtype_policy(policy)
    model = network()
    layers.set_weights(model, Source("weights/mixed"), 0.5)
    s = Source("mixed")
    x, y = s.signed(16, 8, 8, 2), s.integers(16, high=3)
    case = {"id": f"mixed/{policy}", "kind": "training", "policy": policy, "config": serialize_keras_object(model)}
    case |= {"x": x, "y": y, "variables": state(model.weights), "optimizer": serialize_keras_object(optimizer)}
    case["optimizer"] |= {"module": "keras.optimizers", "registered_name": None}
    if "inner_optimizer" in case["optimizer"]["config"]:
        case["optimizer"]["config"]["inner_optimizer"] |= {"module": "keras.optimizers", "registered_name": None}
    case["output_dtypes"] = [keras.backend.standardize_dtype(layer.compute_dtype) for layer in model.layers]
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    case["wrapped"] = type(model.optimizer).__name__
    logs = []
    for _ in range(steps):
        model.reset_metrics()
        report = model.train_on_batch(x, y, return_dict=True)
        log = {name: float(value) for name, value in report.items()} | {"iterations": int(model.optimizer.iterations)}
        if policy == "mixed_float16":
            log |= {"scale": float(model.optimizer.dynamic_scale), "step_counter": int(model.optimizer.step_counter)}
        logs.append(log)
    case |= {"logs": logs, "variables_after": state(model.weights)}
    case["optimizer_variables_after"] = [{"path": v.path, "value": to_numpy(v.value)} for v in model.optimizer.variables]
    keras.config.set_dtype_policy("float32")
    return case


def training():
    keras.utils.clear_session()
    momentum = lambda: keras.optimizers.SGD(0.05, momentum=0.9)
    # The first step overflows, the second does not; later ones double the scale again.
    scaled = keras.optimizers.LossScaleOptimizer(momentum(), initial_scale=81920.0, dynamic_growth_steps=2)
    return [training_case("mixed_float16", scaled, 7), training_case("mixed_bfloat16", momentum(), 5)]

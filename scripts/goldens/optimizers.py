"""Cases of optimizers: five steps on two variables. Every optimizer with each of the options that all of them take."""

import functools

import keras
from keras import optimizers
from keras.optimizers import schedules
from keras.saving import serialize_keras_object

from .data import Source
from .gradient import to_numpy


def table():
    yield optimizers.SGD(0.1)
    yield optimizers.SGD(0.1, momentum=0.9)
    yield optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    yield optimizers.SGD(0.1, gradient_accumulation_steps=2)
    yield optimizers.SGD(schedules.ExponentialDecay(0.1, 2, 0.5))
    yield optimizers.Adam(0.05)
    yield optimizers.Adam(0.05, amsgrad=True, clipnorm=0.5)
    yield optimizers.Adam(0.05, global_clipnorm=0.5)
    yield optimizers.Adam(0.05, clipvalue=0.3, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2)
    yield optimizers.Adam(schedules.CosineDecay(0.1, 4, warmup_target=0.2, warmup_steps=2))
    yield optimizers.Adam(0.05, loss_scale_factor=8.0)
    yield optimizers.AdamW(0.05, weight_decay=0.1)
    yield optimizers.RMSprop(0.05)
    yield optimizers.RMSprop(0.05, centered=True, momentum=0.5)
    for name in "Adagrad Adadelta Adamax Nadam Ftrl Lion Lamb".split():
        yield getattr(optimizers, name)(0.05)
    for make in makers():
        for options in common:
            yield make(**options)


common = [
    {},
    {"weight_decay": 0.05},
    {"clipnorm": 0.5},
    {"clipvalue": 0.2},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 2},
    {"weight_decay": 0.05, "clipnorm": 0.7, "use_ema": True, "loss_scale_factor": 4.0, "gradient_accumulation_steps": 2},
]


def makers():
    names = "Adadelta Adafactor Adagrad Adam Adamax AdamW Ftrl Lamb Lion Muon Nadam RMSprop ScheduleFreeAdamW SGD"
    for name in names.split():
        yield functools.partial(getattr(optimizers, name), 0.05)
    yield functools.partial(optimizers.Adafactor, 0.5, beta_2_decay=-0.5, clip_threshold=0.3, relative_step=False)
    yield functools.partial(optimizers.Muon, 0.05, exclude_layers=["kern.l"], adam_lr_ratio=0.3)
    yield functools.partial(optimizers.Muon, 0.05, nesterov=False, rms_rate=None, ns_steps=2, momentum=0.5)
    yield functools.partial(optimizers.ScheduleFreeAdamW, 0.05, warmup_steps=3)


def cases():
    recorded = []
    for optimizer in table():
        s = Source("optimizers")
        name = type(optimizer).__name__
        config = serialize_keras_object(optimizer)
        shapes = {"kernel": (3, 4), "bias": (4,)}
        variables = [keras.Variable(s.signed(*shape), name=each) for each, shape in shapes.items()]
        described = [{"name": v.name, "path": v.path, "trainable": True, "initial": to_numpy(v.value)} for v in variables]
        optimizer.build(variables)
        events = []
        for _ in range(5):
            grads = [s.signed(*variable.shape) for variable in variables]
            event = {"event": "apply", "variables": [0, 1], "explicit": True, "grads": grads}
            event["learning_rate"] = float(to_numpy(optimizer.learning_rate))
            event |= {"iterations": int(optimizer.iterations), "before": [to_numpy(v.value) for v in variables]}
            optimizer.apply([keras.ops.convert_to_tensor(grad) for grad in grads], variables)
            event |= {"after": [to_numpy(v.value) for v in variables], "iterations_after": int(optimizer.iterations)}
            events.append(event)
        slots = [{"path": v.path, "value": to_numpy(v.value)} for v in optimizer.variables]
        # PyTorch's optimizers have classes of their own below the names of Keras.
        config |= {"module": "keras.optimizers", "registered_name": None}
        case = {"id": f"optimizers/{name}#{len(recorded)}", "class": name, "kind": "steps", "config": config}
        recorded.append({**case, "variables": described, "events": events, "optimizer_variables": slots})
    return recorded

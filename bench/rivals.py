"""Other libraries on the networks of workloads.json: rivals.py CONTENDER WORKLOAD, driven by run.mjs (see README.md).

Contenders: keras-jax, keras-tensorflow, keras-torch (model.fit), torch, torch-compiled, jax (a loop by hand). `@50` behind a
name: 50 steps per execution where the library has such a mode. One command per line comes in, one line of JSON goes out.
The environment's RIVAL_DEVICE (cpu, cuda) is torch's device; JAX chooses its own. Large networks are in networks.py, single
operations in operations.py.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

CLASSES = 10
LOSSES = 20
PREDICTS = 100


def hash24(stream, index):
    """The generator of workloads.ts."""
    z = (index * 0x9E3779B1 + (stream + 1) * 0x85EBCA77) & 0xFFFFFFFF
    z = ((z ^ (z >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    z = ((z ^ (z >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return (z ^ (z >> 16)) >> 8


def uniform(stream, index):
    return hash24(stream, index) / 2**24


def make_data(work):
    rows, shape = work["batchSize"] * work["batches"], work["inputShape"]
    size = int(np.prod(shape))
    row, column = np.arange(rows, dtype=np.uint64)[:, None], np.arange(size, dtype=np.uint64)[None]
    label = hash24(0, row) % CLASSES
    x = (uniform(1, row * size + column) + uniform(2, label * size + column)) / 2
    shown = np.where(hash24(3, row) % 4 == 0, hash24(4, row) % CLASSES, label)[:, 0]
    return x.astype(np.float32).reshape(rows, *shape), np.eye(CLASSES, dtype=np.float32)[shown]


def make_weights(work):
    """Kernel and bias of every layer that has them."""
    shape, weights = list(work["inputShape"]), []
    for kind, *args in work["layers"]:
        if kind == "conv":
            weights += [(3, 3, shape[-1], args[0]), (args[0],)]
            shape = [shape[0] - 2, shape[1] - 2, args[0]]
        elif kind == "pool":
            shape = [shape[0] // 2, shape[1] // 2, shape[2]]
        elif kind == "flatten":
            shape = [int(np.prod(shape))]
        elif kind == "lstm":
            weights += [(shape[-1], 4 * args[0]), (args[0], 4 * args[0]), (4 * args[0],)]
            shape = [args[0]]
        elif kind == "dense":
            weights += [(shape[0], args[0]), (args[0],)]
            shape = [args[0]]
    return [make_weight(i, shape) for i, shape in enumerate(weights)]


def make_weight(stream, shape):
    if len(shape) == 1:
        return np.zeros(shape, np.float32)
    limit = np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    index = np.arange(np.prod(shape), dtype=np.uint64)
    return ((2 * uniform(10 + stream, index) - 1) * limit).astype(np.float32).reshape(shape)


class KerasFit:
    """`model.fit` on the backend that the environment names."""

    def __init__(self, work, steps_per_execution, dropout=None):
        import keras

        layers = keras.layers
        make = {
            "dense": lambda size, activation: layers.Dense(size, activation=activation),
            "conv": lambda size: layers.Conv2D(size, 3, activation="relu"),
            "pool": lambda: layers.MaxPooling2D(2),
            "flatten": lambda: layers.Flatten(),
            "dropout": lambda rate: layers.Dropout(rate if dropout is None else dropout),
            "lstm": lambda size: layers.LSTM(size),
        }
        self.keras, self.work, self.per_call = keras, work, steps_per_execution
        self.model = keras.Sequential(
            [keras.Input(tuple(work["inputShape"]))] + [make[kind](*args) for kind, *args in work["layers"]]
        )
        self.model.set_weights(make_weights(work))
        self.model.compile(
            optimizer="adam",
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=steps_per_execution,
        )

    def fit(self, x, y, epochs=1, callbacks=()):
        self.model.fit(
            x, y, batch_size=self.work["batchSize"], epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks)
        )

    def first(self, x, y):
        rows = self.work["batchSize"] * self.per_call
        self.fit(x[:rows], y[:rows])

    def losses(self, x, y):
        seen = []
        note = self.keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: seen.append(float(logs["loss"])))
        rows = LOSSES * self.work["batchSize"]
        self.fit(x[:rows], y[:rows], callbacks=[note])
        return seen

    def predict(self, x):
        return self.model.predict_on_batch(x)


class TorchLoop:
    """A training loop as torch users write it; losses stay on the device."""

    def __init__(self, work, _steps_per_execution, dropout=None, compiled=False):
        import torch
        from torch import nn

        self.device = os.environ.get("RIVAL_DEVICE", "cpu")
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.torch, self.work, self.images = torch, work, len(work["inputShape"]) == 3
        weights = iter(make_weights(work))

        def loaded(layer):
            kernel, bias = next(weights), next(weights)
            order = (1, 0) if kernel.ndim == 2 else (3, 2, 0, 1)
            layer.weight.data = torch.from_numpy(np.ascontiguousarray(kernel.transpose(order)))
            layer.bias.data = torch.from_numpy(bias)
            return layer

        class LastOfLSTM(nn.Module):
            def __init__(self, inputs, units):
                super().__init__()
                self.lstm = nn.LSTM(inputs, units, batch_first=True)
                kernel, recurrent, bias = (torch.from_numpy(next(weights).T.copy()) for _ in range(3))
                state = {"weight_ih_l0": kernel, "weight_hh_l0": recurrent, "bias_ih_l0": bias}
                self.lstm.load_state_dict({**state, "bias_hh_l0": torch.zeros_like(bias)})
                self.lstm.bias_hh_l0.requires_grad_(False)

            def forward(self, x):
                return self.lstm(x)[0][:, -1]

        class ChannelsLastFlatten(nn.Module):
            def forward(self, x):
                return x.permute(0, 2, 3, 1).flatten(1)

        shape, layers = list(work["inputShape"]), []
        for kind, *args in work["layers"]:
            if kind == "dense":
                layers.append(loaded(nn.Linear(shape[-1], args[0])))
                layers += [nn.ReLU()] if args[1] == "relu" else []
                shape = [args[0]]
            elif kind == "conv":
                layers += [loaded(nn.Conv2d(shape[-1], args[0], 3)), nn.ReLU()]
                shape = [shape[0] - 2, shape[1] - 2, args[0]]
            elif kind == "pool":
                layers.append(nn.MaxPool2d(2))
                shape = [shape[0] // 2, shape[1] // 2, shape[2]]
            elif kind == "flatten":
                layers.append(ChannelsLastFlatten())
                shape = [int(np.prod(shape))]
            elif kind == "dropout":
                layers.append(nn.Dropout(args[0] if dropout is None else dropout))
            elif kind == "lstm":
                layers.append(LastOfLSTM(shape[-1], args[0]))
                shape = [args[0]]
        self.model = nn.Sequential(*layers).to(self.device)
        if compiled and self.images:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), eps=1e-7)
        self.criterion = nn.CrossEntropyLoss()
        self.run = torch.compile(self.model) if compiled else self.model

    def steps(self, x, y):
        images = self.torch.from_numpy(x).to(self.device)
        if self.images:
            images = images.permute(0, 3, 1, 2)
        labels = self.torch.from_numpy(y.argmax(1)).to(self.device)
        size = self.work["batchSize"]
        for start in range(0, len(x), size):
            self.optimizer.zero_grad()
            loss = self.criterion(self.run(images[start : start + size]), labels[start : start + size])
            loss.backward()
            self.optimizer.step()
            yield loss.detach()

    def first(self, x, y):
        self.model.train()
        next(self.steps(x, y))

    def fit(self, x, y, epochs=1):
        self.model.train()
        for _ in range(epochs):
            total = sum(self.steps(x, y))
        return float(total)

    def losses(self, x, y):
        rows = LOSSES * self.work["batchSize"]
        return running_means([float(loss) for loss in self.steps(x[:rows], y[:rows])])

    def predict(self, x):
        self.model.eval()
        with self.torch.inference_mode():
            images = self.torch.from_numpy(x).to(self.device)
            images = images.permute(0, 3, 1, 2) if self.images else images
            return self.torch.softmax(self.run(images), -1).cpu().numpy()


class JaxLoop:
    """A jitted step with Adam by hand; the data is on the device, each step slices its batch."""

    def __init__(self, work, steps_per_execution, dropout=None):
        import jax

        self.jax, self.work, self.per_call = jax, work, steps_per_execution
        self.dropout = dropout
        weights = [jax.numpy.asarray(weight) for weight in make_weights(work)]
        zeros = [jax.numpy.zeros_like(weight) for weight in weights]
        self.state = (weights, zeros, [zero + 0 for zero in zeros], 0, jax.random.key(0))
        self.train = jax.jit(self.many, donate_argnums=0)
        self.forward = jax.jit(lambda weights, x: jax.nn.softmax(self.logits(weights, x, None)))

    def logits(self, weights, x, key):
        lax, nn = self.jax.lax, self.jax.nn
        weights = iter(weights)
        for kind, *args in self.work["layers"]:
            if kind == "dense":
                x = x @ next(weights) + next(weights)
                x = nn.relu(x) if args[1] == "relu" else x
            elif kind == "conv":
                x = lax.conv_general_dilated(x, next(weights), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
                x = nn.relu(x + next(weights))
            elif kind == "pool":
                x = lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            elif kind == "flatten":
                x = x.reshape(x.shape[0], -1)
            elif kind == "lstm":
                x = self.lstm(x, args[0], next(weights), next(weights), next(weights))
            elif kind == "dropout" and key is not None and self.dropout != 0:
                keep = self.jax.random.bernoulli(key, 1 - args[0], x.shape)
                x = self.jax.numpy.where(keep, x / (1 - args[0]), 0)
        return x

    def lstm(self, x, units, kernel, recurrent, bias):
        jax, jnp = self.jax, self.jax.numpy

        def step(state, projected):
            h, c = state
            i, f, g, o = jnp.split(projected + h @ recurrent, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zeros = jnp.zeros((x.shape[0], units))
        return jax.lax.scan(step, (zeros, zeros), (x @ kernel + bias).swapaxes(0, 1))[0][0]

    def step(self, state, x, y):
        jax, jnp = self.jax, self.jax.numpy
        weights, means, squares, count, key = state
        key, noise = jax.random.split(key)

        def loss_of(weights):
            return -(jax.nn.log_softmax(self.logits(weights, x, noise)) * y).sum(-1).mean()

        loss, grads = jax.value_and_grad(loss_of)(weights)
        count = count + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        means = [m + 0.1 * (g - m) for m, g in zip(means, grads)]
        squares = [v + 0.001 * (g * g - v) for v, g in zip(squares, grads)]
        weights = [w - rate * m / (jnp.sqrt(v) + 1e-7) for w, m, v in zip(weights, means, squares)]
        return (weights, means, squares, count, key), loss

    def many(self, state, x, y, start):
        """`per_call` steps from row `start`."""
        lax, size = self.jax.lax, self.work["batchSize"]

        def body(state, i):
            rows = start + i * size
            return self.step(state, *(lax.dynamic_slice_in_dim(part, rows, size) for part in (x, y)))

        if self.per_call == 1:  # XLA is slow at convolutions inside of a loop
            state, loss = body(state, 0)
            return state, loss[None]
        return lax.scan(body, state, self.jax.numpy.arange(self.per_call))

    def calls(self, x, y):
        x, y = self.jax.device_put(x), self.jax.device_put(y)
        for start in range(0, len(x), self.work["batchSize"] * self.per_call):
            self.state, loss = self.train(self.state, x, y, start)
            yield loss

    def first(self, x, y):
        next(self.calls(x, y)).block_until_ready()

    def fit(self, x, y, epochs=1):
        for _ in range(epochs):
            for loss in self.calls(x, y):
                pass
        return float(loss[-1])

    def losses(self, x, y):
        seen = []
        for loss in self.calls(x, y):
            seen += [float(value) for value in loss]
            if len(seen) >= LOSSES:
                break
        return running_means(seen[:LOSSES])

    def predict(self, x):
        return np.asarray(self.forward(self.state[0], x))


def running_means(values):
    return [float(mean) for mean in np.cumsum(values) / np.arange(1, len(values) + 1)]


def make(name, work, **options):
    kind, _, per_call = name.partition("@")
    steps = int(per_call or 1)
    if kind.startswith("keras-"):
        os.environ["KERAS_BACKEND"] = kind.removeprefix("keras-")
        if kind == "keras-torch":
            import torch

            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        return KerasFit(work, steps, **options)
    if kind == "jax":
        return JaxLoop(work, steps, **options)
    return TorchLoop(work, steps, compiled=kind == "torch-compiled", **options)


def versions():
    from importlib.metadata import version

    packages = {"keras": "keras", "jax": "jax", "torch": "torch", "tensorflow": "tensorflow-cpu"}
    return {name: version(package) for name, package in packages.items() if name in sys.modules}


def small_commands(name, work):
    """What a contender answers on a small network."""
    x, y = make_data(work)
    contender = None

    def losses(_):
        return {"losses": make(name.partition("@")[0], work, dropout=0.0).losses(x, y)}

    def compile(_):
        nonlocal contender
        contender = make(name, work)
        start = time.perf_counter()
        contender.first(x, y)
        return {"compileMs": (time.perf_counter() - start) * 1000}

    def fit(_):
        steps, start, busy = work["epochs"] * work["batches"], time.perf_counter(), time.process_time()
        contender.fit(x, y, epochs=work["epochs"])
        wall, busy = time.perf_counter() - start, time.process_time() - busy
        return {"stepMs": wall * 1000 / steps, "cpuMs": busy * 1000 / steps}

    def predict(_):
        batch = x[: work["batchSize"]]
        contender.predict(batch)
        start = time.perf_counter()
        for _ in range(PREDICTS):
            contender.predict(batch)
        return {"predictMs": (time.perf_counter() - start) * 1000 / PREDICTS}

    return {"losses": losses, "compile": compile, "fit": fit, "predict": predict}, lambda: device_peak(name)


def device_peak(name):
    """The most bytes on a GPU that the library tells of."""
    if os.environ.get("RIVAL_DEVICE", "cpu") == "cpu":
        return None
    if name.startswith("torch"):
        import torch

        return torch.cuda.max_memory_allocated()
    if "jax" in name:
        import jax

        return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    return None


def main():
    name, work_name = sys.argv[1:]
    work = json.loads(Path(__file__).with_name("workloads.json").read_text())[work_name]
    if "network" in work:
        from networks import network_commands

        commands, peak = network_commands(name, work, hash24, uniform)
    elif "operation" in work:
        from operations import operation_commands

        commands, peak = operation_commands(name, work, uniform)
    else:
        commands, peak = small_commands(name, work)

    def end(_):
        device = peak()
        memory = {"peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "deviceMB": device and device / 2**20}
        return {**memory, "versions": versions()}

    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        print(json.dumps({**commands, "end": end}[command](argument)), flush=True)


if __name__ == "__main__":
    main()

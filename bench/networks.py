"""The large networks of the benchmarks in torch and JAX: the recipes of networks.ts, the same numbers, training loops."""

import os
import time

import numpy as np

PASSES, SAMPLES, PREDICTS = 10, 64, 50


def resnet50():
    steps = [("conv", 64, 7, 2), ("bn",), ("relu",), ("pool", 3, 2, 1)]
    for blocks, filters, first in ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)):
        for block in range(blocks):
            stride = first if block == 0 else 1
            steps += [("push",), ("conv", filters, 1, 1), ("bn",), ("relu",), ("conv", filters, 3, stride), ("bn",), ("relu",)]
            steps += [("conv", 4 * filters, 1, 1), ("bn",)]
            if block == 0:
                steps += [("swap",), ("conv", 4 * filters, 1, stride), ("bn",)]
            steps += [("add",), ("relu",)]
    return [*steps, ("mean",), ("dense", 1000)]


def mobilenet_v2():
    steps, channels = [("conv", 32, 3, 2), ("bn",), ("relu6",)], 32
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, filters, blocks, first in table:
        for block in range(blocks):
            stride = first if block == 0 else 1
            residual = stride == 1 and channels == filters
            steps += [("push",)] if residual else []
            steps += [("conv", expansion * channels, 1, 1), ("bn",), ("relu6",)] if expansion > 1 else []
            steps += [("depthwise", 3, stride), ("bn",), ("relu6",), ("conv", filters, 1, 1), ("bn",)]
            steps += [("add",)] if residual else []
            channels = filters
    return [*steps, ("conv", 1280, 1, 1), ("bn",), ("relu6",), ("mean",), ("dense", 1000)]


def vgg16():
    blocks = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
    features = [step for count, filters in blocks for step in [("convBias", filters, 3, 1)] * count + [("pool", 2, 2, 0)]]
    return [*features, ("flatten",), ("denseRelu", 4096), ("denseRelu", 4096), ("dense", 1000)]


def lstm2():
    return [("lstm", 128, 1), ("lstm", 128, 0), ("dense", 10)]


RECIPES = {"resnet50": resnet50, "mobilenetV2": mobilenet_v2, "vgg16": vgg16, "lstm2": lstm2}


def make_rows(work, uniform, count):
    """Inputs: a few samples, repeated."""
    shape = tuple(work["inputShape"])
    size = int(np.prod(shape))
    samples = (uniform(1, np.arange(SAMPLES * size, dtype=np.uint64)) - 0.5).astype(np.float32).reshape(SAMPLES, *shape)
    return samples[np.arange(count) % SAMPLES]


class Kernels:
    """Kernels in the order of the recipe, as Keras lays them out."""

    def __init__(self, uniform):
        self.uniform, self.stream = uniform, 10

    def next(self, *shape):
        depthwise = len(shape) == 4 and shape[3] == 1
        size = int(np.prod(shape))
        limit = np.sqrt(6 / (shape[0] * shape[1] if depthwise else size / shape[-1]))
        index = np.arange(size, dtype=np.uint64)
        values = ((2 * self.uniform(self.stream, index) - 1) * limit).astype(np.float32).reshape(shape)
        self.stream += 1
        return values


def torch_network(work, uniform):
    """The recipe as a module on images with channels first (in memory they may lie channels last)."""
    import torch
    from torch import nn

    kernels = Kernels(uniform)
    shape, stack = list(work["inputShape"]), []
    modules, names = [], []

    def conv(kernel, stride, groups=1, bias=False):
        size = kernel.shape[0]
        outputs = kernel.shape[2] if groups > 1 else kernel.shape[3]
        layer = nn.Conv2d(shape[2], outputs, size, stride, (size - 1) // 2, groups=groups, bias=bias)
        order = (2, 3, 0, 1) if groups > 1 else (3, 2, 0, 1)
        layer.weight.data = torch.from_numpy(np.ascontiguousarray(kernel.transpose(order)))
        if bias:
            nn.init.zeros_(layer.bias)
        shape[:] = [-(-shape[0] // stride), -(-shape[1] // stride), outputs]
        return layer

    def dense(outputs):
        layer = nn.Linear(shape[-1], outputs)
        layer.weight.data = torch.from_numpy(np.ascontiguousarray(kernels.next(shape[-1], outputs).T))
        nn.init.zeros_(layer.bias)
        shape[:] = [outputs]
        return layer

    def lstm(units):
        layer = nn.LSTM(shape[-1], units, batch_first=True)
        layer.weight_ih_l0.data = torch.from_numpy(np.ascontiguousarray(kernels.next(shape[-1], 4 * units).T))
        layer.weight_hh_l0.data = torch.from_numpy(np.ascontiguousarray(kernels.next(units, 4 * units).T))
        nn.init.zeros_(layer.bias_hh_l0)
        nn.init.zeros_(layer.bias_ih_l0)
        layer.bias_ih_l0.data[units : 2 * units] = 1
        shape[-1] = units
        return layer

    for kind, *numbers in RECIPES[work["network"]]():
        if kind in ("conv", "convBias"):
            filters, size, stride = numbers
            module = conv(kernels.next(size, size, shape[2], filters), stride, bias=kind == "convBias")
            module = nn.Sequential(module, nn.ReLU(inplace=True)) if kind == "convBias" else module
        elif kind == "depthwise":
            module = conv(kernels.next(numbers[0], numbers[0], shape[2], 1), numbers[1], groups=shape[2])
        elif kind == "bn":
            module = nn.BatchNorm2d(shape[2], eps=1e-5, momentum=0.1)
        elif kind in ("relu", "relu6"):
            module = nn.ReLU(inplace=True) if kind == "relu" else nn.ReLU6(inplace=True)
        elif kind == "pool":
            size, stride, padding = numbers
            module = nn.MaxPool2d(size, stride, padding)
            shape[:2] = [(side + 2 * padding - size) // stride + 1 for side in shape[:2]]
        elif kind in ("dense", "denseRelu"):
            module = dense(numbers[0])
            module = nn.Sequential(module, nn.ReLU(inplace=True)) if kind == "denseRelu" else module
        elif kind == "lstm":
            module = lstm(numbers[0])
        else:
            module = nn.Identity()
            if kind == "push":
                stack.append(list(shape))
            elif kind == "swap":
                stack[-1], shape[:] = list(shape), stack[-1]
            elif kind == "add":
                stack.pop()
            elif kind == "mean":
                shape[:] = shape[2:]
            elif kind == "flatten":
                shape[:] = [int(np.prod(shape))]
        names.append((kind, *numbers))
        modules.append(module)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.ModuleList(modules)

        def forward(self, x):
            stack = []
            for (kind, *numbers), module in zip(names, self.steps):
                if kind == "push":
                    stack.append(x)
                elif kind == "swap":
                    stack[-1], x = x, stack[-1]
                elif kind == "add":
                    x = x + stack.pop()
                elif kind == "mean":
                    x = x.mean((2, 3))
                elif kind == "flatten":
                    x = x.permute(0, 2, 3, 1).flatten(1)
                elif kind == "lstm":
                    x = module(x)[0]
                    x = x if numbers[1] else x[:, -1]
                else:
                    x = module(x)
            return x

    return Network()


class TorchNetwork:
    """Training and prediction with torch in its best form: channels last, mixed precision, a fused optimizer."""

    def __init__(self, work, uniform, device, compiled):
        import torch

        self.torch, self.work, self.uniform, self.device = torch, work, uniform, device
        precision = work["precision"]
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True
        self.half = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision)
        self.images = len(work["inputShape"]) == 3
        model = torch_network(work, uniform).to(device)
        self.model = model.to(memory_format=torch.channels_last) if self.images else model
        self.run = torch.compile(self.model) if compiled else self.model

    def upload(self, rows):
        images = self.torch.from_numpy(rows).to(self.device)
        return images.permute(0, 3, 1, 2) if self.images else images

    def forward(self, x):
        kind = self.torch.device(self.device).type
        with self.torch.autocast(kind, dtype=self.half or self.torch.bfloat16, enabled=self.half is not None):
            return self.run(x)

    def wait(self):
        if self.device != "cpu":
            self.torch.cuda.synchronize()

    def release(self):
        if self.device != "cpu":
            self.torch.cuda.empty_cache()

    def compile(self, labels):
        torch, work = self.torch, self.work
        if "predict" in work:
            for size in work["predict"]:
                self.predict_once(make_rows(work, self.uniform, size))
            return
        count = work["batchSize"] * work["batches"]
        self.x, self.y = self.upload(make_rows(work, self.uniform, count)), torch.from_numpy(labels).to(self.device)
        fused = {"fused": True} if self.device != "cpu" else {}
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9, **fused)
        scales = self.half == torch.float16
        self.scaler = torch.amp.GradScaler(torch.device(self.device).type, init_scale=32768.0, enabled=scales)
        self.model.train()
        self.step(0)
        self.wait()

    def step(self, batch):
        size = self.work["batchSize"]
        rows = slice(batch * size, (batch + 1) * size)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.torch.nn.functional.cross_entropy(self.forward(self.x[rows]).float(), self.y[rows])
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()

    def passes(self, count):
        return [[self.step(batch) for batch in range(self.work["batches"])] for _ in range(count)]

    def losses(self):
        if "predict" in self.work:
            return self.predict_once(make_rows(self.work, self.uniform, 1)).flatten()[:20].tolist()
        return running_means(self.passes(PASSES))

    def fit(self):
        last = self.passes(self.work["epochs"])[-1][-1]
        float(last)
        self.wait()

    def predict_once(self, rows):
        self.model.eval()
        with self.torch.inference_mode():
            return self.forward(self.upload(rows)).float().cpu().numpy()

    def device_bytes(self):
        return self.torch.cuda.max_memory_allocated() if self.device != "cpu" else None


class JaxNetwork:
    """Training with a jitted step by hand: float32 weights, computation in the workload's type."""

    def __init__(self, work, uniform):
        import jax

        self.jax, self.work, self.uniform = jax, work, uniform
        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if work["precision"] == "tf32" else None)
        self.half = {"bfloat16": jax.numpy.bfloat16, "float16": jax.numpy.float16}.get(work["precision"], jax.numpy.float32)
        self.recipe, kernels = RECIPES[work["network"]](), Kernels(uniform)
        shape, stack, weights, statistics = list(work["inputShape"]), [], [], []
        for kind, *numbers in self.recipe:
            if kind == "conv":
                filters, size, stride = numbers
                weights.append(kernels.next(size, size, shape[2], filters))
                shape = [-(-shape[0] // stride), -(-shape[1] // stride), filters]
            elif kind == "depthwise":
                weights.append(kernels.next(numbers[0], numbers[0], shape[2], 1).transpose(0, 1, 3, 2))
                shape = [-(-shape[0] // numbers[1]), -(-shape[1] // numbers[1]), shape[2]]
            elif kind == "bn":
                weights += [np.ones(shape[2], np.float32), np.zeros(shape[2], np.float32)]
                statistics += [np.zeros(shape[2], np.float32), np.ones(shape[2], np.float32)]
            elif kind == "pool":
                shape[:2] = [(side + 2 * numbers[2] - numbers[0]) // numbers[1] + 1 for side in shape[:2]]
            elif kind == "push":
                stack.append(list(shape))
            elif kind == "swap":
                stack[-1], shape = shape, stack[-1]
            elif kind == "add":
                stack.pop()
            elif kind == "mean":
                shape = shape[2:]
            elif kind == "dense":
                weights += [kernels.next(shape[-1], numbers[0]), np.zeros(numbers[0], np.float32)]
        weights = [jax.numpy.asarray(weight) for weight in weights]
        self.state = (weights, [weight * 0 for weight in weights], [jax.numpy.asarray(each) for each in statistics])
        self.train = jax.jit(self.step, donate_argnums=0)

    def logits(self, weights, statistics, x):
        jax, jnp, lax, half = self.jax, self.jax.numpy, self.jax.lax, self.half
        weights, statistics, later, stack = iter(weights), iter(statistics), [], []
        x = x.astype(half)
        for kind, *numbers in self.recipe:
            if kind in ("conv", "depthwise"):
                kernel = next(weights).astype(half)
                size, stride = (numbers[1], numbers[2]) if kind == "conv" else (numbers[0], numbers[1])
                edge = ((size - 1) // 2, (size - 1) // 2)
                groups = x.shape[3] if kind == "depthwise" else 1
                layout = ("NHWC", "HWIO", "NHWC")
                x = lax.conv_general_dilated(
                    x, kernel, (stride, stride), (edge, edge), dimension_numbers=layout, feature_group_count=groups
                )
            elif kind == "bn":
                wide = x.astype(jnp.float32)
                mean, variance = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
                later += [next(statistics) * 0.9 + 0.1 * mean, next(statistics) * 0.9 + 0.1 * variance]
                x = ((wide - mean) * lax.rsqrt(variance + 1e-5) * next(weights) + next(weights)).astype(half)
            elif kind == "relu":
                x = jax.nn.relu(x)
            elif kind == "relu6":
                x = jax.nn.relu6(x)
            elif kind == "pool":
                size, stride, edge = numbers
                edges = ((0, 0), (edge, edge), (edge, edge), (0, 0))
                x = lax.reduce_window(x, jnp.array(-jnp.inf, half), lax.max, (1, size, size, 1), (1, stride, stride, 1), edges)
            elif kind == "push":
                stack.append(x)
            elif kind == "swap":
                stack[-1], x = x, stack[-1]
            elif kind == "add":
                x = x + stack.pop()
            elif kind == "mean":
                x = x.mean((1, 2))
            elif kind == "dense":
                x = x.astype(jnp.float32) @ next(weights) + next(weights)
        return x, later

    def step(self, state, x, y, start):
        jax, jnp, size = self.jax, self.jax.numpy, self.work["batchSize"]
        weights, velocities, statistics = state
        x, y = (jax.lax.dynamic_slice_in_dim(part, start, size) for part in (x, y))

        def loss_of(weights):
            outputs, later = self.logits(weights, statistics, x)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], 1)
            return -chosen.mean(), later

        (loss, later), grads = jax.value_and_grad(loss_of, has_aux=True)(weights)
        velocities = [0.9 * velocity - 0.01 * grad for velocity, grad in zip(velocities, grads)]
        return ([weight + velocity for weight, velocity in zip(weights, velocities)], velocities, later), loss

    def compile(self, labels):
        rows = make_rows(self.work, self.uniform, self.work["batchSize"] * self.work["batches"])
        self.x, self.y = self.jax.device_put(rows), self.jax.device_put(labels)
        self.passes(1, batches=1)[0][0].block_until_ready()

    def passes(self, count, batches=None):
        seen = []
        for _ in range(count):
            seen.append([])
            for batch in range(batches or self.work["batches"]):
                self.state, loss = self.train(self.state, self.x, self.y, batch * self.work["batchSize"])
                seen[-1].append(loss)
        return seen

    def losses(self):
        return running_means(self.passes(PASSES))

    def fit(self):
        self.passes(self.work["epochs"])[-1][-1].block_until_ready()

    def release(self):
        pass

    def device_bytes(self):
        statistics = self.jax.devices()[0].memory_stats()
        return statistics and statistics.get("peak_bytes_in_use")


def running_means(passes):
    """As `fit` reports them: the mean since the pass began."""
    return [float(mean) for seen in passes for mean in np.cumsum([float(loss) for loss in seen]) / np.arange(1, len(seen) + 1)]


def network_commands(name, work, hash24, uniform):
    """What a contender answers on a large network."""
    device = os.environ.get("RIVAL_DEVICE", "cpu")
    contender = None

    def compile(_):
        nonlocal contender
        start = time.perf_counter()
        contender = JaxNetwork(work, uniform) if name == "jax" else TorchNetwork(work, uniform, device, name == "torch-compiled")
        rows = work["batchSize"] * work["batches"]
        labels = (hash24(0, np.arange(rows, dtype=np.uint64)) % work["classes"]).astype(np.int64)
        contender.compile(labels.astype(np.int32) if name == "jax" else labels)
        taken = (time.perf_counter() - start) * 1000
        contender.release()
        return {"compileMs": taken}

    def losses(_):
        found = contender.losses()
        contender.release()
        return {"losses": found}

    def fit(_):
        contender.passes(1)  # memory that was given back is taken again
        contender.wait() if name != "jax" else None
        start, busy = time.perf_counter(), time.process_time()
        contender.fit()
        steps = work["epochs"] * work["batches"]
        result = {"stepMs": (time.perf_counter() - start) * 1000 / steps, "cpuMs": (time.process_time() - busy) * 1000 / steps}
        contender.release()
        return result

    def predict(size):
        rows, times = make_rows(work, uniform, int(size)), []
        contender.predict_once(rows)
        for _ in range(PREDICTS):
            start = time.perf_counter()
            contender.predict_once(rows)
            times.append((time.perf_counter() - start) * 1000)
        times.sort()
        return {"predictMs": times[PREDICTS // 2], "p99Ms": times[-1]}

    return {"compile": compile, "losses": losses, "fit": fit, "predict": predict}, lambda: contender and contender.device_bytes()

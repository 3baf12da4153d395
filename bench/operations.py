"""One operation with large operands in torch and JAX, as operations.ts has it."""

import os
import time

import numpy as np

CHAIN, RUNS, PERIOD = 8, {"matmul": 5, "chain": 40}, 2**20


def operation_commands(name, work, uniform):
    """What a contender answers on an operation."""
    operation, size, precision = work["operation"], work["size"], work["precision"]
    matmul = operation == "matmul"
    shape = (size, size) if matmul else (size,)
    device = os.environ.get("RIVAL_DEVICE", "cpu")

    def operand(stream, factor):
        period = (2 * uniform(stream, np.arange(PERIOD, dtype=np.uint64)) - 1) * factor
        return np.tile(period.astype(np.float32), int(np.prod(shape)) // PERIOD).reshape(shape)

    operands = [operand(1, 1), operand(2, np.sqrt(3 / size))] if matmul else [operand(1, 1)]
    tf32 = precision == "tf32"

    def chained(x, w):
        for _ in range(CHAIN):
            x = x @ w
        return x

    if name == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "highest" if precision == "float32" else None)
        dtype = getattr(jax.numpy, "float32" if tf32 else precision)
        placed = [jax.numpy.asarray(each, dtype) for each in operands]
        run = jax.jit(chained if matmul else lambda x: jax.nn.relu(x * 1.5 + 0.5))
        wait = lambda result: result.block_until_ready()
        numbers = lambda result: np.asarray(result.reshape(-1)[:20], np.float32)
        peak = lambda: (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    else:
        import torch

        torch.backends.cuda.matmul.allow_tf32 = tf32
        dtype = getattr(torch, "float32" if tf32 else precision)
        placed = [torch.from_numpy(each).to(device, dtype) for each in operands]
        plain = chained if matmul else lambda x: torch.relu(x * 1.5 + 0.5)
        run = torch.compile(plain) if name == "torch-compiled" else plain
        wait = lambda result: torch.cuda.synchronize() if device != "cpu" else None
        numbers = lambda result: result.reshape(-1)[:20].float().cpu().numpy()
        peak = lambda: torch.cuda.max_memory_allocated() if device != "cpu" else None

    def compile(_):
        start = time.perf_counter()
        wait(run(*placed))
        return {"compileMs": (time.perf_counter() - start) * 1000}

    def losses(_):
        return {"losses": numbers(run(*placed)).tolist()}

    def fit(_):
        start = time.perf_counter()
        for _ in range(RUNS[operation]):
            result = run(*placed)
        wait(result)
        each = (time.perf_counter() - start) * 1000 / RUNS[operation]
        return {"stepMs": each / CHAIN if matmul else each}

    return {"compile": compile, "losses": losses, "fit": fit}, peak

"""Cases of keras.ops."""

import keras
import numpy as np

from .data import Source
from .gradient import input_gradients, numbers

UNARY = "abs negative sign square floor ceil trunc exp expm1 sin cos tan sinh cosh tanh arcsinh arctan erf sigmoid"
POSITIVE = "log log2 log10 log1p sqrt rsqrt reciprocal cbrt"
ACTIVATIONS = (
    "relu relu6 elu celu selu gelu silu softplus softsign hard_sigmoid hard_silu hard_tanh hard_shrink soft_shrink tanh_shrink "
    "leaky_relu log_sigmoid sparse_plus sparse_sigmoid squareplus threshold glu softmax log_softmax sparsemax"
)
BINARY = "add subtract multiply divide maximum minimum arctan2 mod floor_divide equal less greater_equal not_equal logaddexp"
LOGICAL = "logical_and logical_or logical_xor"
REDUCTIONS = "sum mean max min prod std var logsumexp"


def table():
    s = Source("ops")
    x, y = s.signed(3, 4), s.signed(3, 4)
    for name in UNARY.split():
        yield name, [x], {}
    for name in POSITIVE.split():
        yield name, [s.positive(3, 4)], {}
    for name in ("arcsin", "arccos", "arctanh", "erfinv"):
        yield name, [s.signed(3, 4, low=-0.9, high=0.9)], {}
    yield "arccosh", [s.positive(3, 4, low=1.1)], {}
    yield "round", [x], {}
    yield "round", [x * 100], {"decimals": -1}
    for name in ACTIVATIONS.split():
        yield name, [s.signed(3, 4)] + ([0.5, 0.1] if name == "threshold" else []), {}
    yield "softmax", [s.signed(2, 3, 4)], {"axis": 1}
    yield "gelu", [x], {"approximate": False}
    for name in BINARY.split():
        yield name, [s.signed(3, 4), s.signed(4)], {}
    yield "add", [s.integers(3, 4), s.signed(3, 1)], {}
    yield "add", [s.integers(3, 4), 2], {}
    yield "multiply", [s.signed(3, 4), 0.5], {}
    yield "divide", [s.integers(3, 4), s.integers(3, 4) + 1], {}
    yield "power", [s.positive(3, 4), s.signed(3, 4)], {}
    yield "floor_divide", [s.integers(3, 4) - 3, s.integers(3, 4) + 1], {}
    yield "mod", [s.integers(3, 4) - 3, s.integers(3, 4) + 1], {}
    for name in LOGICAL.split():
        yield name, [s.booleans(3, 4), s.booleans(3, 4)], {}
    yield "logical_not", [s.booleans(3, 4)], {}
    for name in ("isnan", "isinf", "isfinite"):
        yield name, [np.array([1.0, np.nan, np.inf, -np.inf], "float32")], {}
    yield "where", [s.booleans(3, 4), x, y], {}
    yield "where", [s.booleans(4), x, 0.5], {}
    yield "clip", [x, -0.5, 1.0], {}
    yield "cast", [x * 3, "int32"], {}
    yield "cast", [s.integers(3, 4), "float16"], {}
    yield "cast", [x, "bfloat16"], {}
    for name in REDUCTIONS.split():
        yield name, [s.signed(2, 3, 4)], {}
        yield name, [s.signed(2, 3, 4)], {"axis": 1, "keepdims": True}
        yield name, [s.signed(2, 3, 4)], {"axis": (0, -1)}
    for name in ("any", "all"):
        yield name, [s.booleans(3, 4)], {"axis": 0}
    for name in ("argmax", "argmin"):
        yield name, [x], {}
        yield name, [x], {"axis": 1}
    yield "matmul", [s.signed(3, 4), s.signed(4, 5)], {}
    yield "matmul", [s.signed(2, 1, 3, 4), s.signed(3, 4, 5)], {}
    yield "matmul", [s.signed(4), s.signed(4, 3)], {}
    yield "dot", [s.signed(2, 3), s.signed(3)], {}
    yield "tensordot", [s.signed(2, 3, 4), s.signed(4, 3, 5)], {"axes": [[1, 2], [1, 0]]}
    for text, shapes in {
        "ij,jk->ik": [(2, 3), (3, 4)],
        "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)],
        "ii->i": [(3, 3)],
        "i,j,k->ijk": [(2,), (3,), (4,)],
        "b...i,ij->b...j": [(2, 3, 4), (4, 5)],
    }.items():
        yield "einsum", [text] + [s.signed(*shape) for shape in shapes], {}
    z = s.signed(2, 3, 4)
    yield "transpose", [z], {}
    yield "transpose", [z], {"axes": (1, 0, 2)}
    yield "reshape", [z, (4, -1)], {}
    yield "expand_dims", [x, 1], {}
    yield "squeeze", [s.signed(2, 1, 3)], {"axis": 1}
    yield "slice", [z, (0, 1, 1), (2, 2, 3)], {}
    yield "pad", [x, ((1, 2), (0, 1))], {}
    yield "pad", [x, ((1, 0), (2, 1))], {"mode": "reflect"}
    yield "concatenate", [[x, y]], {"axis": 1}
    yield "stack", [[x, y]], {"axis": 1}
    yield "split", [z, 2], {"axis": 2}
    yield "split", [z, [1, 3]], {"axis": 2}
    yield "tile", [x, (2, 1, 2)], {}
    yield "repeat", [x, 2], {"axis": 1}
    yield "flip", [z], {"axis": 1}
    yield "roll", [z, 1], {"axis": 2}
    yield "take", [x, np.array([[0, 2], [1, -1]], "int32")], {"axis": 1}
    yield "take_along_axis", [x, s.integers(3, 2, high=4)], {"axis": 1}
    yield "scatter", [np.array([[0], [2], [0]], "int32"), s.signed(3, 4), (4, 4)], {}
    yield "scatter_update", [x, np.array([[0, 1], [2, 3]], "int32"), s.signed(2)], {}
    yield "one_hot", [s.integers(2, 3, high=4), 4], {}
    yield "cumsum", [z], {"axis": 1}
    yield "cumprod", [z], {"axis": 2}
    yield "sort", [x], {"axis": 0}
    yield "argsort", [x], {}
    yield "top_k", [x, 2], {}
    yield "arange", [2, 11, 3], {}
    yield "linspace", [0.0, 1.5, 4], {}
    yield "eye", [3], {}
    yield from convolutions(s)
    yield from pools(s)
    yield "batch_normalization", [z, s.signed(4), s.positive(4), -1, s.signed(4), s.signed(4)], {"epsilon": 0.01}
    yield "layer_normalization", [z, s.signed(4), s.signed(4)], {"axis": -1}
    yield "rms_normalization", [z, s.signed(4)], {"axis": -1}
    yield "moments", [z], {"axes": [0, 1]}
    yield "normalize", [x], {"axis": 1}


def convolutions(s):
    for spatial, kernel in (((9,), (3,)), ((6, 7), (3, 2)), ((4, 5, 4), (2, 3, 2))):
        x, k = s.signed(2, *spatial, 4), s.signed(*kernel, 4, 6)
        yield "conv", [x, k], {}
        yield "conv", [x, k], {"strides": 2, "padding": "same"}
        yield "conv", [x, s.signed(*kernel, 2, 6)], {"padding": "same"}
        yield "conv_transpose", [x, s.signed(*kernel, 3, 4)], {"strides": 2, "padding": "same"}
        yield "conv_transpose", [x, s.signed(*kernel, 3, 4)], {"strides": 1}
    yield "conv", [s.signed(2, 9, 4), s.signed(3, 4, 2)], {"dilation_rate": 2}
    for spatial, kernel in (((9,), (3,)), ((6, 7), (3, 2))):
        x = s.signed(2, *spatial, 3)
        yield "depthwise_conv", [x, s.signed(*kernel, 3, 2)], {"padding": "same"}
        yield "separable_conv", [x, s.signed(*kernel, 3, 2), s.signed(*[1] * len(kernel), 6, 4)], {"padding": "valid"}


def pools(s):
    for spatial in ((7,), (5, 6), (4, 5, 4)):
        for name in ("max_pool", "average_pool"):
            yield name, [s.signed(2, *spatial, 3), 2], {"strides": 2}
            yield name, [s.signed(2, *spatial, 3), 3], {"strides": 2, "padding": "same"}


def cases():
    recorded = []
    for i, (name, args, kwargs) in enumerate(table()):
        function = getattr(keras.ops, name)
        call = lambda positional, named, function=function: function(*positional, **named)
        case = {"id": f"ops/{name}#{i}", "op": name, "kind": "call", "args": args, "kwargs": kwargs}
        case["outputs"] = numbers(call(args, kwargs))
        # PyTorch does not differentiate it.
        gradient = None if name == "floor_divide" else input_gradients(call, args, kwargs)
        if gradient is not None:
            case["grads"] = {"inputs": gradient}
        recorded.append(case)
    return recorded

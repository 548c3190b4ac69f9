"""Arguments, good and absurd, as expressions: what is called can be printed, and pasted to see it again."""

from __future__ import annotations

import copy
import importlib
import math
import pickle
import types

import numpy as np

import tilewright as tw
from tilewright import nn


class Hostile(Exception):
    """Raised by the objects below, never by tilewright: it may come through, or be replaced."""


class Raising:
    """Every protocol that an argument may be read through, all of them raising."""

    def _raise(self, *args, **kwargs):
        raise Hostile

    __index__ = __int__ = __float__ = __complex__ = __array__ = __len__ = __iter__ = __bool__ = __fspath__ = _raise
    __getitem__ = __call__ = __lt__ = __dlpack__ = __dlpack_device__ = _raise


class Lying:
    """Every protocol, with a result that it must not have."""

    def _lie(self, *args, **kwargs):
        return "a lie"

    __index__ = __int__ = __float__ = __complex__ = __len__ = __iter__ = __fspath__ = __dlpack__ = _lie
    __dlpack_device__ = _lie


class SelfArray:
    def __array__(self, dtype=None, copy=None):
        return self


class Two:
    """A good integer."""

    def __index__(self):
        return 2


class Half:
    """A good number."""

    def __float__(self):
        return 0.5


class Plain:
    pass


def recursive():
    """A list that contains itself."""
    x = [1.0]
    x.append(x)
    return x


def cyclic():
    """A module that holds its parent."""
    net = nn.Sequential(nn.Linear(3, 2))
    net[0].parent = net
    return net


def deep():
    """Lists nested beyond any number of axes."""
    x = 1.0
    for _ in range(200):
        x = [x]
    return x


def raising(*args, **kwargs):
    raise Hostile


def t(dtype, *shape):
    """A tensor of small numbers."""
    return tw.reshape(tw.arange(math.prod(shape)) % 3, shape).astype(dtype)


def leaf(*shape, dtype="float32"):
    return t(dtype, *shape).requires_grad_()


def grown(*shape):
    """A result that gradients flow through."""
    return leaf(*shape) * 2.0


def readonly(*shape):
    x = np.ones(shape, np.float32)
    x.flags.writeable = False
    return tw.asarray(x)


def spread(*shape):
    """One element at every position."""
    return tw.broadcast_to(tw.ones(()), shape)


def returning(value):
    """A function of anything."""
    return lambda *args, **kwargs: value


def with_hook(value):
    """A gradient hook that returns the value, and a backward pass."""
    x = leaf(3)
    x.register_hook(returning(value))
    (x * 2.0).sum().backward()
    assert isinstance(x.grad, tw.Tensor) and (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape), (
        "another kind of gradient"
    )


def with_function(forward, backward):
    """A Function that returns these, and a backward pass."""
    methods = {"forward": staticmethod(returning(forward)), "backward": staticmethod(returning(backward))}
    result = types.new_class("Given", (tw.autograd.Function,), {}, lambda d: d.update(methods)).apply(leaf(3))
    result = (result if isinstance(result, tuple) else (result,))[0]
    result.sum().backward()


def with_option(make, option, value):
    """An optimiser one of whose options is overwritten, and a step."""
    x = leaf(3)
    optimizer = make([x])
    (x * x).sum().backward()
    optimizer.param_groups[0][option] = value
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    return optimizer


def with_attribute(module, name, value):
    """A module one of whose attributes is overwritten, and what uses it."""
    setattr(module, name, value)
    module(t("float32", 2, 3))
    module.state_dict()
    list(module.parameters())
    return repr(module)


def with_buffer():
    """A module with a buffer."""
    layer = nn.Linear(3, 2)
    layer.register_buffer("extra", t("float32", 2))
    return layer


def with_gradient(value):
    """A leaf whose gradient is overwritten."""
    x = leaf(2, 3)
    x.grad = value
    assert x.grad is None or (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape), "another kind of gradient"


def saved(tensors, metadata=None):
    """What can be saved can be loaded, and is the same."""
    tw.io.save("d.safetensors", tensors, metadata)
    try:
        loaded = tw.io.load("d.safetensors")
    except ValueError as error:
        raise AssertionError("wrote a file that it refuses to read") from error
    given = tensors.state_dict() if hasattr(tensors, "state_dict") else tensors
    assert loaded.keys() == given.keys(), "loaded other names"


def scribble(x):
    """Half of a write, and an error."""
    x[0] = 7.0
    raise ValueError("scribble: went wrong")


def without_copy(x, dtype):
    """NumPy's view of a tensor: of its memory, or an error."""
    array = np.array(x, dtype=dtype, copy=False)
    assert x.size == 0 or np.shares_memory(array, x.detach().numpy()), "copied, though copy=False"


def copied(x):
    """A copy of the same class, by each of the ways to copy."""
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(y) is type(x), f"a copy is a {type(y).__name__}"
        if isinstance(x, nn.Module):
            given = t("float32", 2, 3)
            assert x.eval()(given).tolist() == y.eval()(given).tolist(), "a copy computes something else"


def named(container, name):
    """A container with a module of that name: paths would be ambiguous with a dot in it."""
    container = container({name: nn.ReLU()})
    assert "." not in name, "took a name with a dot in it"


def entered(mode):
    with mode:
        pass


def stepped(make, number):
    """An optimiser's state dict after a step with that number."""
    x = leaf(3)
    optimizer = make([x])
    (x * x).sum().backward()
    optimizer.step()
    return {**optimizer.state_dict(), **({} if number is None else {"state": {number: {"step": 1}}})}


def two_parameters(make, gradient):
    """An optimiser, the second of whose parameters has that gradient."""
    first, second = leaf(3), leaf(2, 3)
    first.grad, second.grad = t("float32", 3), gradient
    return make([first, second])


def readonly_bias():
    """A layer that can be written to in part only."""
    layer = nn.Linear(3, 3)
    layer.bias = nn.Parameter(readonly(3))
    return layer


def stepped_from(make, state_dict):
    """An optimiser that was given a state dict, and a step."""
    x = leaf(3)
    optimizer = make([x])
    optimizer.load_state_dict(state_dict)
    (x * x).sum().backward()
    optimizer.step()
    return optimizer


S = tw.optim.lr_scheduler
SCHEDULES = {
    "StepLR": lambda o: S.StepLR(o, 2),
    "MultiStepLR": lambda o: S.MultiStepLR(o, [1, 3]),
    "CosineAnnealingWarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2),
    "CyclicLR": lambda o: S.CyclicLR(o, 0.1, 1.0, 3, scale_fn=lambda x: 1.0),
    "OneCycleLR": lambda o: S.OneCycleLR(o, 1.0, 10),
    "LambdaLR": lambda o: S.LambdaLR(o, lambda epoch: 0.5),
    "ReduceLROnPlateau": S.ReduceLROnPlateau,
    "ChainedScheduler": lambda o: S.ChainedScheduler([S.ConstantLR(o), S.ExponentialLR(o, 0.5)]),
    "SequentialLR": lambda o: S.SequentialLR(o, [S.ConstantLR(o), S.LinearLR(o)], [2]),
}


def rescheduled(name, place, value):
    """A schedule that was given its own state with one value replaced, and a step."""
    scheduler = SCHEDULES[name](tw.optim.SGD([leaf(3)]))
    state = scheduler.state_dict()
    names = list(state)
    scheduler.load_state_dict({**state, names[place % len(names)]: value})
    for _ in range(3):
        scheduler.step(*[1.0] * (name == "ReduceLROnPlateau"))


def hooked(module, value, x):
    """A call of a module with hooks that return the value."""
    module.register_forward_pre_hook(returning(value))
    module.register_forward_hook(returning(value))
    return module(x)


def hooked_backward(before, after):
    """A backward pass through a module with hooks that return these."""
    layer, x = nn.Linear(3, 2), leaf(2, 3)
    layer.register_full_backward_pre_hook(returning(before))
    layer.register_full_backward_hook(returning(after))
    layer(x).sum().backward()
    assert x.grad is None or (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape), "another kind of gradient"


def parametrized(value, inverse, assigned):
    """A layer whose weight is computed by functions that return these, and an assignment to it."""
    body = {"forward": returning(value), "right_inverse": returning(inverse)}
    layer = nn.Linear(3, 2)
    try:
        nn.utils.parametrize.register_parametrization(layer, "weight", type("Given", (nn.Module,), body)())
    finally:
        assert type(layer) is nn.Linear or layer.weight.shape == (2, 3), "another kind of weight"
    layer.weight = assigned


MODULES = (
    "importlib",
    "collections",
    "copy",
    "decimal",
    "fractions",
    "io",
    "itertools",
    "math",
    "operator",
    "pathlib",
    "pickle",
    "types",
)
SCOPE = {name: importlib.import_module(name) for name in MODULES} | {
    name: value for name, value in globals().items() if not name.startswith("__")
}

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES += ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
SHAPES = ("", "3", "2, 3", "0", "1, 3", "2, 3, 1")
KINDS = ("leaf", "grown", "readonly", "spread")
NUMPY = ("bool_", "int8", "int64", "uint8", "uint64", "float16", "float32", "float64", "complex64", "longdouble")

TENSORS = (
    *(f't("{dtype}", {shape})' for dtype in DTYPES for shape in SHAPES),
    *(f"{kind}({shape})" for kind in KINDS for shape in ("", "3", "2, 3", "0", "3, 3")),
    *('leaf(2, 3, dtype="complex64")', 'leaf(3, dtype="float16")', 't("float32", 2, 3).T', 't("float32", 3)[::-1]'),
    *("tw.asarray([math.nan, math.inf, -math.inf])", 't("float32", 3, 0, 2)', 't("float32", *[1] * 9)'),
)  # fmt: skip

NUMBERS = (
    *("0", "1", "2", "-1", "3", "-3", "7", "2**31", "-2**31 - 1", "2**63 - 1", "2**63", "-2**63 - 1", "2**64", "2**70"),
    *("10**400", "-10**400", "0.0", "-0.0", "0.5", "2.0", "-1.5", "math.nan", "math.inf", "-math.inf", "1e308"),
    *("1e-320", "1j", "2 + 0j", "complex(math.nan, 1)", "True", "False", "fractions.Fraction(1, 2)"),
    *("decimal.Decimal(2)", "decimal.Decimal('nan')"),
)  # fmt: skip

SCALARS = (
    *(f"np.{kind}({value})" for kind in NUMPY for value in ("1", "0", "2")),
    *("np.float64(math.nan)", "np.float32(math.inf)", "np.int64(-1)", "np.str_('a')", "np.datetime64(0, 's')"),
)  # fmt: skip

ARRAYS = (
    *("np.array(2)", "np.array([2])", "np.array([1.5])", "np.array(None)", "np.array([None, 1])", "np.array(['a'])"),
    *("np.zeros(2, 'datetime64[s]')", "np.zeros(2, 'i4,f4')", "np.arange(3, dtype='>f8')", "np.ones(3, np.longdouble)"),
    *("np.zeros((0, 3))", "np.ones((2, 3))", "np.arange(6).reshape(2, 3)", "np.ones((2, 3), bool)", "np.ones(3, 'f2')"),
    *("np.lib.stride_tricks.as_strided(np.ones(8, 'i1'), (2,), (3,))", "np.zeros(3, 'S2')", "np.zeros(2, 'V3')"),
    *("np.broadcast_to(np.float32(1), (2, 3))", "np.ones(3).view('i8')"),
)  # fmt: skip

LISTS = (
    *("[]", "()", "[[]]", "[1, 2]", "(2, 3)", "[1.5]", "[-1]", "(0, 0)", "(-1, 2)", "(2**40, 2**40)", "[2**63]"),
    *("[None]", "['a']", "[[1], [2, 3]]", "[[1], 2]", "recursive()", "deep()", "[1j]", "[True]", "(1.0, 2.0)"),
    *("[np.float32(1)]", "[leaf(3)]", "[t('float32', 3), leaf(2)]", "[[t('int64')]]", "((),)", "[0] * 70", "[Plain()]"),
    *("[Raising()]", "range(3)", "range(0)", "range(2**63, 2**63 + 2)", "slice(None)", "slice('a', None)"),
    *("slice(0, 2, 0)", "slice(2**70, None)", "(0.5, 0.5)", "[-1, 0, 1]", "[0, 0]"),
)  # fmt: skip

OTHERS = (
    *("None", "''", "'a'", "'mean'", "'float32'", "'a\\0b'", "'é' * 300", "b''", "b'abc'", "bytearray(b'ab')", "..."),
    *("{}", "{'a': 1}", "{1: 2}", "{'params': []}", "{'params': leaf(3)}", "{'a': t('float32', 2)}", "{1, 2}", "set()"),
    *("{'weight': t('float32', 2, 3)}", "{'state': {}, 'param_groups': []}", "{'a': recursive()}", "frozenset()"),
    *("Raising()", "Lying()", "SelfArray()", "Two()", "Half()", "Plain()", "object()", "int", "Plain", "np", "tw"),
    *("type", "len", "raising", "returning(None)", "returning('a')", "lambda: 1", "(i for i in range(3))", "iter([])"),
    *("map(abs, [])", "NotImplemented", "Exception('a')", "tw.float32", "np.float32", "np.dtype('>f8')", "tw.Tensor"),
    *("nn.Linear", "print", "nn.Linear(3, 2)", "nn.ReLU()", "cyclic()", "tw.random.Generator(1)", "math.sin"),
    *("tw.optim.SGD([leaf(3)])", "memoryview(b'abcd')", "pathlib.Path('a')", "io.BytesIO()", "itertools.chain()"),
    *("tw.data.TensorDataset(t('int64', 4))", "types.SimpleNamespace(shape=(2,))", "collections.deque([1])", "pickle"),
    *("collections.Counter('a')", "copy", "operator.index", "{'__metadata__': t('float32', 2)}"),
)  # fmt: skip

ABSURD = (TENSORS, NUMBERS, SCALARS, ARRAYS, LISTS, OTHERS)


def absurd(random):
    """An expression for anything: each kind is as likely as any other."""
    return random.choice(random.choice(ABSURD))

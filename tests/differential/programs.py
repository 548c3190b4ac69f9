"""Random programs of the differentiable functions: each step in tilewright, NumPy and PyTorch.

A program is a list of steps, each a function of earlier values. The table below says for every kind of step how its
arguments are drawn; what NumPy computes comes from the oracles of tests/cases.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw
from cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import torch
except ImportError:
    torch = None

F = tw.nn.functional
ORACLES = {case.name.removeprefix("nn.functional."): case.oracle for case in CASES}
LARGEST = 20.0  # larger results are scaled down, so that a chain of them stays well conditioned

# Where a function is smooth: applied to its argument first, in all three libraries.
DOMAINS: dict[str, Callable[[Any], Any]] = {
    "any": lambda x: x,
    "positive": lambda x: x * x + 0.5,
    "small": lambda x: 2.0 * x / (x * x + 1.0),  # in [-1, 1]
    "probability": lambda x: x / (x * x + 1.0) * 0.8 + 0.5,  # in [0.1, 0.9]
}


def from_whole(x):
    return x - np.round(x)


def gaps(x):
    """Between all values of an array, in order."""
    return np.diff(np.sort(x, axis=None))


# Functions whose results are the same bits everywhere, where their arguments are: they round once, or not at all.
EXACT = frozenset(
    """negative abs square sqrt add subtract multiply divide maximum minimum relu sign floor ceil trunc round clip copy
    where max min reshape ravel squeeze expand_dims broadcast_to astype flip permute_dims transpose swapaxes moveaxis
    matrix_transpose concatenate concat stack split getitem setitem nonzero take take_along_axis sort argsort topk zeros
    ones full eye tri zeros_like ones_like full_like gather scatter masked_fill tril triu
    pad unfold pixel_shuffle pixel_unshuffle channel_shuffle""".split()  # noqa: SIM905
)

# How far arguments are from where the function jumps or has a kink. Rounding, which differs between libraries and
# levels of instructions, must not decide on which side they are; arguments that are exact may lie right there.
KINKS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("abs", "relu", "leaky_relu", "rrelu", "elu", "celu", "selu", "sign", "angle"), lambda x: x),
    **dict.fromkeys(("hardsigmoid", "hardswish"), lambda x: np.abs(x) - 3),
    **dict.fromkeys(("hardshrink", "softshrink"), lambda x: np.abs(x) - 0.5),
    "relu6": lambda x: x * (x - 6),
    "prelu": lambda x, weight: x,
    "threshold": lambda x: x - 0.3,
    "reglu": lambda x: x,
    "hardtanh": lambda x: (x + 1) * (x - 0.5),
    **dict.fromkeys(("floor", "ceil", "trunc"), from_whole),
    **dict.fromkeys(("maximum", "minimum", "l1_loss", "less", "less_equal"), np.subtract),
    **dict.fromkeys(("greater", "greater_equal", "equal", "not_equal"), np.subtract),
    **dict.fromkeys(("max", "min", "argmax", "argmin", "maxout", "sort", "argsort", "topk"), gaps),
    "round": lambda x: from_whole(2 * x),
    "floor_divide": lambda x: from_whole(x / 0.75),
    "remainder": lambda x, y: from_whole(x / DOMAINS["positive"](y)),
    "clip": lambda x: np.stack([x - bound for bound in (-0.5, 0.3, 0.5)]),
    "linear": lambda x, w, b=0.0: x @ w.T + b,
}


def plain(t) -> np.ndarray:
    """PyTorch's tensor in NumPy. Added to zeros: those that are zeros by declaration have no memory to look at."""
    return (torch.zeros(t.shape, dtype=t.dtype) + t.detach().resolve_conj()).numpy()


@dataclass(frozen=True)
class Step:
    """A value from earlier ones: one function for each library."""

    text: str
    inputs: tuple[int, ...]
    ours: Callable[..., Any]
    numpy: Callable[..., Any]
    theirs: Callable[..., Any]
    jumps: bool  # whether rounding may change the result by more than itself


class Program:
    """Leaves and steps; `values` are NumPy's."""

    numbers = "f"  # the kind of dtype that steps are drawn for

    def __init__(self, seed: int) -> None:
        self.seed = seed
        numbers = np.random.default_rng(seed)
        rng = random.Random(seed)
        shapes = [(3, 4), (4,), (3, 1), (), (2, 3, 4), (4, 4), (1,)] + [(0, 4), (3, 0)] * (rng.random() < 0.1)
        # float32 holds them, so that both precisions start from the same numbers
        self.leaves = [
            np.asarray(numbers.normal(size=rng.choice(shapes)).astype("float32"), "float64") for _ in range(4)
        ]
        self.values: list[np.ndarray] = list(self.leaves)
        self.steps: list[Step] = []
        self.used: set[str] = set()
        self.exact = set(range(4))

    def grow(self, number: int) -> None:
        """Add the step of that number, which has random numbers of its own."""
        self.rng = random.Random(f"{self.seed} {number}")
        draw = self.rng.choice([draw for draw, names in KIND.items() for _ in range(1 + len(names) // 3)])
        draw(self, self.rng.choice(KIND[draw]))

    # ---- for the kinds of steps --------------------------------------------------------------------------------------

    def pick(self, *, mask: bool = False, where: Callable[[np.ndarray], bool] | None = None) -> int | None:
        """A value so far: its number."""
        kind = "b" if mask else self.numbers
        found = [i for i, v in enumerate(self.values) if v.dtype.kind == kind and (where is None or where(v))]
        return self.rng.choice(found) if found else None

    def add(self, name, text, inputs, ours, numpy, theirs, *, domains=(), jumps: bool = False) -> None:
        """Add a step, unless NumPy refuses it, it is too near a kink, or it gives numbers that are not finite."""
        if None in inputs:
            return
        arguments = [self.values[i] for i in inputs]
        if domains:
            inside = [DOMAINS[d] for d in domains]
            ours, numpy, theirs = (self.inside(inside, f) for f in (ours, numpy, theirs))
            text += f" with {' and '.join(domains)} arguments" if set(domains) != {"any"} else ""
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(numpy(*arguments))
                distance = np.abs(KINKS[name](*arguments)) if name in KINKS else np.ones(1)
        except (ValueError, IndexError):
            return
        exact = self.exact.issuperset(inputs)
        at_kink = exact or len(set(inputs)) < len(inputs)  # a value compared with itself is
        if ((distance < 1e-9) & ((distance != 0) | (not at_kink))).any():
            return
        if value.dtype.kind in "fc":
            largest = float(np.abs(value).max(initial=0))
            if not np.isfinite(value).all() or value.size > 500:
                return
            if largest > LARGEST:
                factor = 2.0 ** -int(np.log2(largest))
                ours, numpy, theirs = (self.scaled(factor, f) for f in (ours, numpy, theirs))
                text, value = f"{text} * {factor}", value * factor
        elif value.dtype.kind != "b":
            raise AssertionError(f"{name}: a step gives floats or bool, not {value.dtype}")
        text = f"v{len(self.values)} = {text} of {', '.join(f'v{i}' for i in inputs)}"
        self.steps.append(Step(text, inputs, ours, numpy, theirs, jumps))
        if exact and name in EXACT:
            self.exact.add(len(self.values))
        self.values.append(value)
        self.used.add(name)

    @staticmethod
    def inside(domains, f):
        return lambda *args: f(*[d(a) for d, a in zip(domains, args, strict=True)])

    @staticmethod
    def scaled(factor, f):
        return lambda *args: f(*args) * factor

    # ---- running it --------------------------------------------------------------------------------------------------

    def run(self, library: str, leaves) -> list:
        """All values in one of the libraries: "ours", "numpy" or "theirs"."""
        values = list(leaves)
        for step in self.steps:
            values.append(getattr(step, library)(*[values[i] for i in step.inputs]))
        return values

    def __str__(self) -> str:
        leaves = [f"v{i}: leaf of shape {v.shape}" for i, v in enumerate(self.leaves)]
        return "\n    ".join([*leaves, *(s.text for s in self.steps)])


KIND: dict[Any, tuple[str, ...]] = {}


def kind(*names: str):
    """Declares how steps of these functions are drawn: `draw(program, name)`."""

    def declare(draw):
        KIND[draw] = names
        return draw

    return declare


def of(name: str):
    """The function of ours."""
    return getattr(tw, name) if hasattr(tw, name) else getattr(F, name)


# ---- elementwise -----------------------------------------------------------------------------------------------------

UNARY = {
    "negative": "any", "abs": "any", "square": "any", "reciprocal": "positive", "sqrt": "positive", "rsqrt": "positive",
    "exp": "small", "expm1": "small", "log": "positive", "log1p": "positive", "log2": "positive", "log10": "positive",
    "sin": "any", "cos": "any", "tanh": "any", "erf": "any", "sigmoid": "any", "relu": "any", "silu": "any",
    "logsigmoid": "any", "mish": "any", "softsign": "any", "tanhshrink": "any", "selu": "any", "relu6": "any",
    "hardsigmoid": "any", "hardswish": "any", "real": "any", "conj": "any",
}  # fmt: skip


def theirs_of(name: str):
    """PyTorch's function."""
    if name == "hardsigmoid":  # of which PyTorch has no second derivative
        return lambda t: torch.nn.functional.relu6(t + 3) / 6
    return getattr(torch.nn.functional, name, None) or getattr(torch, {"conj": "conj_physical"}.get(name, name))


@kind(*UNARY)
def unary(p: Program, name: str) -> None:
    p.add(name, name, (p.pick(),), of(name), ORACLES[name], lambda t: theirs_of(name)(t), domains=(UNARY[name],))


@kind("sign", "floor", "ceil", "trunc", "round", "angle", "copy")
def steps(p: Program, name: str) -> None:
    """Times the argument: the gradient of these alone is 0."""
    f, oracle = of(name), ORACLES[name]
    theirs = (lambda t: t * t.clone()) if name == "copy" else lambda t: t * getattr(torch, name)(t)
    p.add(name, f"x {name}(x)", (p.pick(),), lambda x: x * f(x), lambda x: x * oracle(x), theirs, jumps=True)


# Activations with parameters, and good ones.
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "gelu": ({"approximate": "none"}, {"approximate": "tanh"}),
    "softplus": ({"threshold": 1e9}, {"beta": 0.5, "threshold": 1e9}),
    "leaky_relu": ({"negative_slope": 0.1}, {"negative_slope": 0.0}),
    "elu": ({"alpha": 1.0}, {"alpha": 0.5}),
    "celu": ({"alpha": 1.0}, {"alpha": 0.5}),
    "hardtanh": ({"min_val": -1.0, "max_val": 0.5},),
    "hardshrink": ({"lambd": 0.5},),
    "softshrink": ({"lambd": 0.5},),
    "threshold": ({"threshold": 0.3, "value": -2.0},),
    "rrelu": ({"lower": 0.1, "upper": 0.4},),
}


@kind(*OPTIONS)
def with_option(p: Program, name: str) -> None:
    f, oracle, given = of(name), ORACLES[name], p.rng.choice(OPTIONS[name])
    theirs = lambda t: theirs_of(name)(t, **given)  # noqa: E731
    text = f"{name}(x, {', '.join(map(str, given.values()))})"
    p.add(name, text, (p.pick(),), lambda x: f(x, **given), lambda x: oracle(x, **given), theirs)


BINARY = {
    "add": ("any", "any"), "subtract": ("any", "any"), "multiply": ("any", "any"), "divide": ("any", "positive"),
    "maximum": ("any", "any"), "minimum": ("any", "any"), "power": ("positive", "small"),
    "arctan2": ("any", "positive"), "remainder": ("any", "positive"),
}  # fmt: skip


def broadcastable(shape):
    def fits(v) -> bool:
        try:
            np.broadcast_shapes(shape, v.shape)
        except ValueError:
            return False
        return True

    return fits


@kind(*BINARY)
def binary(p: Program, name: str) -> None:
    i = p.pick()
    j = p.pick(where=broadcastable(p.values[i].shape))
    theirs = {"power": "pow"}.get(name, name)
    with_number = p.rng.random() < 0.25 and name in ("power", "multiply", "add")
    number = p.rng.choice([2, 3, 0.5, -1.0, 1, 0]) if with_number else None
    f, oracle = of(name), ORACLES[name]
    if number is not None:
        text, domain = f"{name}(x, {number})", "positive" if number in (0.5, -1.0) else "any"
        p.add(
            name,
            text,
            (i,),
            lambda x: f(x, number),
            lambda x: oracle(x, number),
            lambda t: getattr(torch, theirs)(torch.as_tensor(t), number),
            domains=(domain,),
        )
        return
    p.add(
        name,
        name,
        (i, j),
        f,
        oracle,
        lambda t, u: getattr(torch, theirs)(t, u),
        domains=BINARY[name],
        jumps=name == "remainder",
    )


@kind("floor_divide")
def floor_divide(p: Program, name: str) -> None:
    i = p.pick()
    ours, theirs = (lambda x: x * tw.floor_divide(x, 0.75)), lambda t: t * torch.floor(t.detach() / 0.75)
    p.add(name, "x floor_divide(x, 0.75)", (i,), ours, lambda x: x * np.floor_divide(x, 0.75), theirs, jumps=True)


@kind("clip")
def clip(p: Program, name: str) -> None:
    low, high = p.rng.choice([(-0.5, 0.5), (None, 0.3), (0.0, None), (0.5, -0.5), (0.0, 0.0)])
    p.add(
        name,
        f"clip(x, {low}, {high})",
        (p.pick(),),
        lambda x: tw.clip(x, low, high),
        lambda x: np.clip(x, low, high),
        lambda t: torch.clamp(t, low, high),
    )


# ---- conditions ------------------------------------------------------------------------------------------------------


@kind("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
def comparison(p: Program, name: str) -> None:
    i = p.pick()
    j = p.pick(where=broadcastable(p.values[i].shape))
    theirs = {"equal": "eq"}.get(name, name)
    p.add(name, name, (i, j), of(name), ORACLES[name], lambda t, u: getattr(torch, theirs)(t, u), jumps=True)


@kind("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
def connective(p: Program, name: str) -> None:
    i = p.pick(mask=True)
    j = p.pick(mask=True, where=broadcastable(p.values[i].shape)) if i is not None else None
    p.add(name, name, (i, j), of(name), ORACLES[name], lambda t, u: getattr(torch, name)(t, u))


@kind("logical_not", "bitwise_invert", "isnan", "isinf", "isfinite")
def predicate(p: Program, name: str) -> None:
    i = p.pick(mask=name in ("logical_not", "bitwise_invert"))
    theirs = {"bitwise_invert": "bitwise_not"}.get(name, name)
    p.add(name, name, (i,), of(name), ORACLES[name], lambda t: getattr(torch, theirs)(t))


@kind("any", "all")
def quantifier(p: Program, name: str) -> None:
    i = p.pick(mask=True)
    axis = p.rng.randrange(p.values[i].ndim) if i is not None and p.values[i].ndim else None
    theirs = lambda t: getattr(torch, name)(t) if axis is None else getattr(torch, name)(t, axis)  # noqa: E731
    p.add(
        name,
        f"{name}(axis={axis})",
        (i,),
        lambda x: of(name)(x, axis=axis),
        lambda x: ORACLES[name](x, axis=axis),
        theirs,
    )


@kind("bitwise_left_shift", "bitwise_right_shift")
def shift(p: Program, name: str) -> None:
    """Of a mask as an integer, and back as a factor."""
    i = p.pick()
    j = p.pick(mask=True, where=broadcastable(p.values[i].shape))
    ours = lambda x, m: x * of(name)(tw.astype(m, "int64") * 5, 1).astype(x.dtype)  # noqa: E731
    numpy = lambda x, m: x * ORACLES[name](m.astype("int64") * 5, 1)  # noqa: E731
    p.add(name, f"x {name}(5 mask, 1)", (i, j), ours, numpy, lambda t, m: t * getattr(torch, name)(m.long() * 5, 1))


@kind("where")
def where(p: Program, name: str) -> None:
    i, j = p.pick(mask=True), p.pick()
    if i is None:
        return
    k = p.pick(where=broadcastable(np.broadcast_shapes(p.values[j].shape)))
    p.add(name, name, (i, j, k), tw.where, np.where, lambda c, t, u: torch.where(c, t, u))


# ---- reductions ------------------------------------------------------------------------------------------------------


def random_axis(p: Program, ndim: int):
    """None, one axis, or several."""
    kind = p.rng.choice(["all", "one", "one", "several"]) if ndim else "all"
    if kind == "all":
        return None
    if kind == "one":
        return p.rng.randrange(-ndim, ndim)
    return tuple(p.rng.sample(range(ndim), p.rng.randint(1, ndim)))


def their_reduction(name, t, axis, keepdims, **options):
    dims = tuple(range(t.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    if name == "prod":  # one axis at a time
        for d in sorted((d % t.ndim for d in dims), reverse=True):
            t = torch.prod(t, d, keepdim=keepdims)
        return t
    if not t.ndim:  # no dims mean all dims there
        return {"var": torch.zeros_like, "std": torch.zeros_like}.get(name, torch.clone)(t)
    return getattr(torch, {"max": "amax", "min": "amin"}.get(name, name))(t, dim=dims, keepdim=keepdims, **options)


@kind("sum", "prod", "mean", "max", "min", "var", "std", "logsumexp", "argmax", "argmin")
def reduction(p: Program, name: str) -> None:
    i = p.pick()
    x = p.values[i]
    axis, keep = random_axis(p, x.ndim), p.rng.random() < 0.5
    if name.startswith("arg"):
        pick_extreme(p, name, i, axis)
        return
    options = {}
    if name in ("var", "std"):
        count = x.size if axis is None else int(np.prod([x.shape[a] for a in np.atleast_1d(axis)]))
        if count < 2:
            return
        options = {"correction": p.rng.choice([0, 1])}
    if x.size == 0 and name not in ("sum", "prod"):
        return
    p.add(
        name, f"{name}(x, axis={axis}, keepdims={keep}, {options})", (i,),
        lambda v: of(name)(v, axis=axis, keepdims=keep, **options),
        lambda v: ORACLES[name](v, axis=axis, keepdims=keep, **options),
        lambda t: their_reduction(name, t, axis, keep, **options),
    )  # fmt: skip


def pick_extreme(p: Program, name: str, i: int, axis) -> None:
    """What argmax points at."""
    if not isinstance(axis, int) or p.values[i].size == 0:
        return
    f, oracle = of(name), getattr(np, name)
    theirs = lambda t: torch.take_along_dim(t, getattr(torch, name)(t, axis, keepdim=True), axis)  # noqa: E731
    p.add(
        name, f"take_along_axis(x, {name}(x))", (i,),
        lambda x: tw.take_along_axis(x, f(x, axis=axis, keepdims=True), axis=axis),
        lambda x: np.take_along_axis(x, oracle(x, axis=axis, keepdims=True), axis=axis),
        theirs, jumps=True,
    )  # fmt: skip


@kind("prelu")
def prelu(p: Program, name: str) -> None:
    i = p.pick()
    shape = p.values[i].shape
    j = p.pick(where=lambda v: v.shape in ((), (1,), shape[1:2]))
    p.add(name, name, (i, j), F.prelu, ORACLES[name], lambda t, w: torch.nn.functional.prelu(t, w))


GATES = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu"}


@kind(*GATES)
def gated(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0 and v.shape[-1] % 2 == 0)

    def theirs(t):
        a, b = t.chunk(2, -1)
        return a * theirs_of(GATES[name])(b)

    p.add(name, name, (i,), of(name), ORACLES[name], theirs)


@kind("maxout")
def maxout(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0 and v.shape[-1] % 2 == 0)
    theirs = lambda t: t.unflatten(-1, (-1, 2)).amax(-1)  # noqa: E731
    p.add(name, "maxout(x, 2, -1)", (i,), lambda x: F.maxout(x, 2, -1), lambda x: ORACLES[name](x, 2, -1), theirs)


@kind("softmax", "log_softmax", "softmin")
def over_axis(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    axis = p.rng.randrange(-p.values[i].ndim, p.values[i].ndim)
    p.add(
        name,
        f"{name}(x, {axis})",
        (i,),
        lambda x: of(name)(x, axis),
        lambda x: ORACLES[name](x, axis),
        lambda t: theirs_of(name)(t, axis),
    )

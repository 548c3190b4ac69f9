"""Derivatives where functions are not smooth: at zeros, ties, bounds, in constant rows and far out.

The convention is PyTorch's, and PyTorch the oracle; what is chosen otherwise stands in a table with the reason. What is
known to have gone wrong once is written out and needs no PyTorch.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import tilewright as tw

from .faults import Faults
from .programs import BINARY, OPTIONS, UNARY, F, of, plain, theirs_of, torch

POINTS = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-30, -1e-30, 1e30)
ROWS = (
    [1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [2.0, 2.0, 1.0],
    [-1.0, 0.0, -1.0], [1e-30, 0.0, 1e30], [-1.0, 1.0, 1.0], [1e-30, 1e-30, 1e-30],
)  # fmt: skip

INFINITE = ([-math.inf, 0.0, 1.0], [-math.inf, -math.inf, 1.0], [1.0, -math.inf, 1.0])  # as masks of attention are
WEIGHTS = (1.0, 2.0, -3.0)  # of the first derivatives that are differentiated again: their plain sum is 0 for many

# Derivatives that are chosen otherwise than PyTorch's: (function, order) -> at which points. Where PyTorch has NaN, any
# number will do.
CHOSEN = {
    # The second derivative jumps at 0; here it is that from the left, as the first one is.
    ("elu(1.0)", 2): lambda x: x == 0,
    ("elu(0.5)", 2): lambda x: x == 0,
    # The second derivative jumps where the square goes over into the line; here it is that of the square.
    **dict.fromkeys((("huber_loss", 2), ("smooth_l1_loss", 2)), lambda x, y: 1 in np.abs(np.subtract(x, y))),
    ("celu(1.0)", 2): lambda x: x == 0,
    ("celu(0.5)", 2): lambda x: x == 0,
    ("selu", 2): lambda x: x == 0,
    # PyTorch's are 0 by cancellation and by overflow.
    **dict.fromkeys((("tanhshrink", 0), ("tanhshrink", 1)), lambda x: abs(x) == 1e-30),
    **dict.fromkeys((("softsign", 1), ("softsign", 2)), lambda x: x == 1e30),
    # d2 / dx dy of x ** y is x ** (y - 1) (1 + y log x); PyTorch has 0 where y is 0.
    ("power", 2): lambda x, y: y == 0,
}


def combined(g, library):
    """A fixed combination of the entries of a gradient."""
    return (g * library.asarray(np.array(WEIGHTS))).sum() if g.ndim else g * 1.0


def derivatives(f, points, library) -> list[np.ndarray]:
    """f's value, the gradient of its sum in each argument, and the gradients of combinations of those."""
    if library is tw:
        inputs = [tw.asarray(np.array(p), requires_grad=True) for p in points]

        def gradients(y):
            if not y.requires_grad:
                return [tw.zeros_like(x) for x in inputs]
            return tw.autograd.gradients(y, inputs, create_graph=True)
    else:
        inputs = [torch.tensor(np.array(p), requires_grad=True) for p in points]

        def gradients(y):
            if not y.requires_grad:
                return [torch.zeros_like(x) for x in inputs]
            return torch.autograd.grad(y, inputs, create_graph=True, allow_unused=True, materialize_grads=True)

    y = f(*inputs)
    first = gradients(y.sum())
    second = [h for g in first for h in gradients(combined(g, library))]
    return [x.detach().numpy() if library is tw else plain(x) for x in (y, *first, *second)]


def compare(faults: Faults, name: str, ours, theirs, points) -> None:
    """Values and derivatives at one point, in float64."""
    text = f"{name} at {', '.join(str(p) for p in points)}"
    try:
        with np.errstate(all="ignore"):
            got = derivatives(ours, points, tw)
    except Exception as error:
        faults.add(name + type(error).__name__, f"{text}: raised {error!r}")
        return
    want = derivatives(theirs, points, torch)
    n = len(points)
    orders = [0] + [1] * n + [2] * (len(got) - n - 1)
    sizes = [
        max(np.abs(w[np.isfinite(w)]).max(initial=0) for w, o in zip(want, orders, strict=True) if o == k)
        for k in range(3)
    ]
    for i, (g, w, order) in enumerate(zip(got, want, orders, strict=True)):
        close = np.isclose(g, w, rtol=1e-9, atol=1e-13 * sizes[order], equal_nan=True) | np.isnan(w)
        chosen = CHOSEN.get((name, order))
        if close.all() or (chosen and chosen(*points)):
            continue
        which = {0: "value", 1: f"derivative in {i - 1}", 2: f"derivative in {(i - n - 1) // n} and {(i - n - 1) % n}"}[
            order
        ]
        faults.add(f"{name} {order}", f"{text}: {which} is {g.tolist()}, PyTorch gives {w.tolist()}")


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_unary(tally):
    faults, names = Faults(), [*UNARY, "sign", "floor", "ceil", "trunc", "round"]
    for name in names:
        for x in POINTS:
            compare(faults, name, of(name), theirs_of(name), [x])
    for name, given in ((name, given) for name, options in OPTIONS.items() for given in options):
        text = f"{name}({', '.join(map(str, given.values()))})"
        for x in POINTS:
            theirs = lambda t, n=name, o=given: theirs_of(n)(t, **o)  # noqa: E731
            compare(faults, text, lambda v, n=name, o=given: of(n)(v, **o), theirs, [x])
    tally("derivatives at kinks", len(names) * len(POINTS))
    faults.report()


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_binary(tally):
    faults = Faults()
    for name in BINARY:
        theirs = getattr(torch, {"power": "pow"}.get(name, name))
        for x, y in itertools.product(POINTS, POINTS):
            compare(faults, name, of(name), theirs, [x, y])
    for exponent, x in itertools.product((0, 1, 2, 3, 0.5, -1, -2.0, 1.5), POINTS):
        if math.copysign(1, x) < 0 and x == 0:
            continue  # PyTorch takes 1 / sqrt(-0.0), where IEEE has pow(-0.0, -0.5) positive
        compare(faults, f"power(x, {exponent})", lambda v, e=exponent: v**e, lambda t, e=exponent: t**e, [x])
    tally("derivatives at kinks", len(BINARY) * len(POINTS) ** 2)
    faults.report()


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_bounds(tally):
    """clip with numbers and with arrays, the bounds in and out of order."""
    faults, bounds = Faults(), (None, 0.0, 1.0, -1.0)
    for x, low, high in itertools.product(POINTS, bounds, bounds):
        if low is not None or high is not None:
            text = f"clip(x, {low}, {high})"
            compare(
                faults,
                text,
                lambda v, a=low, b=high: tw.clip(v, a, b),
                lambda t, a=low, b=high: torch.clamp(t, a, b),
                [x],
            )
        if low is not None and high is not None and low < high:  # else, who gets the gradient is anybody's choice
            compare(faults, "clip", tw.clip, torch.clamp, [x, low, high])
    tally("derivatives at kinks", len(POINTS) * 16)
    faults.report()


REDUCTIONS = {
    "sum": lambda t: t.sum(-1), "prod": lambda t: t.prod(-1), "mean": lambda t: t.mean(-1), "max": lambda t: t.amax(-1),
    "min": lambda t: t.amin(-1), "logsumexp": lambda t: t.logsumexp(-1), "var": lambda t: t.var(-1, correction=0),
    "std": lambda t: t.std(-1, correction=0), "softmax": lambda t: t.softmax(-1)[0] * 2 + t.softmax(-1)[2],
    "log_softmax": lambda t: t.log_softmax(-1)[1], "length": lambda t: (t * t).sum(-1).sqrt(),
}  # fmt: skip


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_rows(tally):
    """Reductions of rows with zeros, ties, infinities, and constant ones."""
    ours = {
        "softmax": lambda v: F.softmax(v)[0] * 2 + F.softmax(v)[2],
        "log_softmax": lambda v: F.log_softmax(v)[1],
        "length": lambda v: tw.sqrt((v * v).sum(-1)),
    }
    faults = Faults()
    for name, theirs in REDUCTIONS.items():
        infinite = name in ("max", "min", "logsumexp", "softmax", "log_softmax")
        for row in (*ROWS, *INFINITE * infinite):
            compare(faults, name, ours.get(name, lambda v, n=name: of(n)(v, axis=-1)), theirs, [row])
    tally("derivatives at kinks", len(REDUCTIONS) * len(ROWS))
    faults.report()


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_losses_at_kinks(tally):
    faults, g = Faults(), torch.nn.functional
    rows = list(itertools.product(ROWS[:8], ROWS[:4]))
    for x, y in rows:
        for name in ("l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss"):
            compare(faults, name, of(name), getattr(g, name), [x, y])
    for logits in (*ROWS, *INFINITE):
        for target, ignored in itertools.product((0, 2), (-100, 0)):
            if ignored == target:
                continue
            text = f"cross_entropy(x, {target})"
            compare(
                faults,
                text,
                lambda v, t=target: F.cross_entropy(v, t),
                lambda t, k=target: g.cross_entropy(t, torch.tensor(k)),
                [logits],
            )
    tally("derivatives at kinks", 4 * len(rows) + 3 * len(ROWS))
    faults.report()


# ---- known once to be wrong ------------------------------------------------------------------------------------------


def gradient(f, *points):
    return [
        g.tolist() for g in tw.autograd.grad(f, tuple(range(len(points))))(*(tw.asarray(np.array(p)) for p in points))
    ]


def test_clip_passes_at_its_bounds():
    assert gradient(lambda x: tw.clip(x, 0, 1).sum(), [-1.0, 0.0, 0.5, 1.0, 2.0]) == [[0, 1, 1, 1, 0]]


@pytest.mark.parametrize(
    ("row", "want"),
    [
        ([0.0, 2.0, 3.0], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
        ([0.0, 0.0, 3.0], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
        ([0.0, 0.0, 0.0], [[0, 0, 0]] * 3),
        ([1.0, 2.0, 3.0], [[0, 3, 2], [3, 0, 1], [2, 1, 0]]),
    ],
)
def test_second_derivative_of_a_product_with_zeros(row, want):
    assert tw.autograd.hessian(tw.prod)(tw.asarray(row)).tolist() == want


def test_second_derivative_of_a_power_at_exponent_zero():
    """Of v0 ** v1: d2 / dv0 dv1 is v0 ** (v1 - 1) (1 + v1 log v0)."""
    h = tw.autograd.hessian(lambda v: v[0] ** v[1])(tw.asarray(np.array([2.0, 0.0]))).tolist()
    assert h[0][1] == h[1][0] == 0.5
    assert h[0][0] == 0
    assert h[1][1] == pytest.approx(math.log(2) ** 2)


@pytest.mark.parametrize("correction", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_standard_deviation_of_a_constant_row(dtype, correction):
    x = tw.full((2, 3), 4.0, dtype=dtype).requires_grad_()
    tw.std(x, axis=1, correction=correction).sum().backward()
    assert x.grad.tolist() == tw.zeros((2, 3), dtype=dtype).tolist()


def test_angles():
    assert gradient(tw.arctan2, 0.0, 0.0) == [0, 0]
    for size in (1e-30, 1e-160, 1e30, 1e160):
        got = gradient(tw.arctan2, size, size)
        np.testing.assert_allclose(got, [0.5 / size, -0.5 / size], rtol=1e-12)
    z = tw.zeros(1, dtype="complex128").requires_grad_()
    tw.angle(z).sum().backward()
    assert z.grad.tolist() == [0]


@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "trunc", "round", "floor_divide"])
def test_piecewise_constant_functions_have_a_gradient_of_zeros(name):
    """It arrives, rather than that backward refuses to start."""
    x = tw.asarray([-1.5, 0.0, 2.0], requires_grad=True)
    more = (2.0,) if name == "floor_divide" else ()
    getattr(tw, name)(x, *more).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "shapes", [((3, 0), (0,)), ((0,), (0, 3)), ((0,), (0,)), ((2, 0), (0, 3)), ((0, 2), (2,)), ((4, 3, 0), (0,))]
)
def test_products_of_nothing(shapes):
    """Gradients of empty arrays are empty arrays."""
    leaves = [tw.zeros(shape, requires_grad=True) for shape in shapes]
    tw.matmul(*leaves).sum().backward()
    assert [x.grad.shape for x in leaves] == list(shapes)


def test_cross_entropy_of_ignored_targets():
    """All of them: NaN as PyTorch has it, and a gradient of one kind with and without create_graph."""
    x = tw.zeros((2, 3), requires_grad=True)
    loss = F.cross_entropy(x, [1, 1], ignore_index=1)
    plain = tw.autograd.gradients(loss, [x], retain_graph=True)[0].tolist()
    graph = tw.autograd.gradients(loss, [x], create_graph=True)[0].tolist()
    np.testing.assert_array_equal(plain, graph)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "uint64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_takes_targets_of_any_integer_dtype(dtype, weighted):
    """First and second derivatives, and those of the class weights."""
    x = tw.asarray([[0.5, 1.0, -1.0], [0.0, 2.0, 1.0]], dtype="float64", requires_grad=True)
    w = tw.asarray([1.0, 2.0, 0.5], dtype="float64", requires_grad=True) if weighted else None
    target = tw.asarray([2, 0], dtype=dtype)
    first = tw.autograd.gradients(F.cross_entropy(x, target, w), [x], create_graph=True)[0]
    second = tw.autograd.gradients((first * first).sum(), [x])[0]
    assert second.shape == x.shape
    if weighted:
        tw.testing.check_grads(lambda a, b: F.cross_entropy(a, target, b), x.detach(), w.detach(), order=2)

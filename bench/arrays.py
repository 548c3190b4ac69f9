"""Array functions as NumPy has them, of 4 million elements and of 4: what is measured, and the driver.

Each is an expression in NumPy's names, evaluated with `tilewright.numpy` and with NumPy on the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .contenders import Contenders
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

# At least 0.8 of NumPy's speed each; the group's mean is to be 1.5 times as fast, 3 times for what is transcendental.
ANY: Goal = ("numpy", 1.25)
CURVED: Goal = ("numpy", 0.67)
SMALL: Goal = ("numpy", 2.0)

TRANSCENDENTAL = (
    *("np.exp(x)", "np.expm1(x)", "np.exp2(x)", "np.log(u)", "np.log1p(u)", "np.log2(u)", "np.log10(u)", "np.sin(x)"),
    *("np.cos(x)", "np.tan(x)", "np.arcsin(u)", "np.arccos(u)", "np.arctan(x)", "np.sinh(x)", "np.cosh(x)"),
    *("np.tanh(x)", "np.arcsinh(x)", "np.arccosh(u + 1)", "np.arctanh(u)", "np.cbrt(x)", "np.arctan2(x, y)"),
    *("np.power(u, y)", "np.logaddexp(x, y)", "np.hypot(x, y)"),
)
PLAIN = (
    *("x + y", "x * y", "x / u", "np.sqrt(u)", "np.abs(x)", "np.floor(x)", "np.maximum(x, y)", "x < y", "np.isnan(x)"),
    *("np.copysign(x, y)", "np.sign(x)", "np.clip(x, -1, 1)", "np.where(m, x, y)", "np.nan_to_num(x)"),
    *(
        "np.isclose(x, y)",
        "np.sum(x)",
        "np.sum(s, axis=0)",
        "np.sum(s, axis=1)",
        "np.max(s, axis=0)",
        "np.max(s, axis=1)",
    ),
    *("np.mean(s, axis=0)", "np.std(s, axis=1)", "np.argmax(s, axis=1)", "np.any(m)", "np.count_nonzero(m)"),
    *("np.median(s, axis=1)", "np.cumsum(x)", "np.cumsum(s, axis=0)", "np.cumsum(s, axis=1)", "np.diff(x)"),
    *("np.sort(x)", "np.sort(s, axis=0)", "np.argsort(x, kind='stable')", "np.partition(x, 1000)[:1000].sum()"),
    *("np.unique(i)", "np.searchsorted(o, x)", "np.isin(i, i[:1000])", "np.bincount(i)", "np.histogram(x, 100)[0]"),
    *("np.take(x, i)", "x[i]", "x[m]", "np.nonzero(m)[0]", "np.concatenate([x, y])", "np.stack([x, y], axis=1)"),
    *("s.T.copy()", "np.pad(s, 1)", "np.roll(x, 7)", "np.tile(x[:1000], 4000)", "np.repeat(x[:1000], 4000)"),
    *("np.flip(s, axis=1) + 0", "np.tril(s)", "np.einsum('ij,ij->i', s, s)", "np.einsum('ij->ji', s) + 0"),
    *("np.einsum('ij,jk->ik', s[:512, :512], s[:512, :512])", "np.outer(x[:2000], y[:2000])", "np.interp(x, o, o)"),
    *("np.convolve(x, o[:9])", "np.gradient(x)", "np.trapezoid(x, o)"),
)
CALLS = (
    *("np.add(x, y)", "x * y", "np.exp(x)", "np.sum(x)", "np.max(x)", "np.sort(x)", "np.concatenate([x, y])"),
    *("np.where(m, x, y)", "np.reshape(x, (2, 2))", "x[1:3]", "np.clip(x, 0, 1)", "np.dot(x, y)", "np.cumsum(x)"),
    *("x[1]", "x[i]", "x.T", "x.copy()", "x.astype('f8')", "np.asarray(x)", "np.array([1.0, 2.0])", "np.sqrt(2.0)"),
    *("np.zeros(4)", "np.ones((2, 2), dtype='f4')", "np.arange(4)", "np.zeros_like(x)", "x.mean()", "float(x[0])"),
)

# group, expression, elements, dtype, goal
ARRAYS: list[tuple[str, str, int, str, Goal]] = [
    *(("transcendental", text, 4_000_000, "float32", CURVED) for text in TRANSCENDENTAL),
    *(("transcendental float64", text, 4_000_000, "float64", None) for text in TRANSCENDENTAL),
    *(("array functions", text, 4_000_000, "float32", ANY) for text in PLAIN),
    *(("array functions of 4", text, 4, "float32", SMALL) for text in CALLS),
]


def array_function(group: str, text: str, count: int, dtype: str, goal: Goal) -> Work:
    def make() -> Contenders:
        rng = np.random.default_rng(0)
        side = int(count**0.5)
        numbers = {
            "x": rng.standard_normal(count).astype(dtype),
            "y": rng.standard_normal(count).astype(dtype),
            "u": rng.uniform(0.01, 0.99, count).astype(dtype),
            "o": np.sort(rng.standard_normal(count)).astype(dtype),
            "s": rng.standard_normal((side, side)).astype(dtype),
            "i": rng.integers(0, count, count),
            "m": rng.random(count) < 0.5,
        }
        used = {name: value for name, value in numbers.items() if name in names_in(text)}
        doubles = {name: value.astype("f8") if value.dtype == dtype else value for name, value in used.items()}
        ours = {name: tw.numpy.array(value) for name, value in used.items()}
        return Contenders(
            {"tilewright": call(text, tw.numpy, ours), "numpy": call(text, np, used)}, call(text, np, doubles)
        )

    return Work(group, f"{text} {dtype} {count}", make, goal=goal)


def names_in(text: str) -> tuple[str, ...]:
    return compile(text, text, "eval").co_names


def call(text: str, module: Any, names: dict[str, Any]) -> Callable[[], Any]:
    return eval(f"lambda: {text}", {"np": module, **names})

"""Random programs of complex numbers: the functions that take them, and those that make real numbers of them."""

from __future__ import annotations

import random

import numpy as np

import tilewright as tw

from .programs import ORACLES, Program, broadcastable, of, torch

DOMAINS = {
    "any": lambda x: x,
    "right": lambda x: x / (x * x.conj() + 1.0) + 1.5,  # around 1.5, off the branch cuts and 0
    "small": lambda x: x / (x * x.conj() + 1.0),
}
UNARY = {
    "negative": "any", "square": "any", "conj": "any", "reciprocal": "right", "sqrt": "right", "exp": "small",
    "log": "right",
}  # fmt: skip
PARTS = {"real": "any", "imag": "any", "abs": "right", "angle": "right"}
BINARY = {
    "add": ("any", "any"), "subtract": ("any", "any"), "multiply": ("any", "any"), "divide": ("any", "right"),
    "power": ("right", "small"),
}  # fmt: skip


class ComplexProgram(Program):
    """Leaves are complex; real numbers come back by multiplication."""

    numbers = "c"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        numbers = np.random.default_rng(seed)
        self.leaves = [x + 1j * numbers.normal(size=x.shape) for x in self.leaves]
        self.values = list(self.leaves)

    def grow(self, number: int) -> None:
        self.rng = random.Random(f"{self.seed} {number}")
        self.rng.choice(KINDS)(self)


def inside(p: Program, text: str, i, domain: str, ours, numpy, theirs) -> None:
    """A step of one argument that is brought into the domain first."""
    d = DOMAINS[domain]
    p.add(
        text,
        f"{text} with {domain} arguments",
        (i,),
        lambda x: ours(d(x)),
        lambda x: numpy(d(x)),
        lambda t: theirs(d(t)),
    )


def unary(p: Program) -> None:
    name = p.rng.choice(list(UNARY))
    theirs = {"conj": "conj_physical"}.get(name, name)
    inside(
        p,
        name,
        p.pick(),
        UNARY[name],
        of(name),
        getattr(np, name, None) or ORACLES[name],
        lambda t: getattr(torch, theirs)(t),
    )


def part(p: Program) -> None:
    """A real number, times the complex one."""
    name = p.rng.choice(list(PARTS))
    oracle = getattr(np, name)
    inside(
        p,
        f"x {name}(x)",
        p.pick(),
        PARTS[name],
        lambda x: x * of(name)(x),
        lambda x: x * oracle(x),
        lambda t: t * getattr(torch, name)(t),
    )


def binary(p: Program) -> None:
    name = p.rng.choice(list(BINARY))
    i = p.pick()
    j = p.pick(where=broadcastable(p.values[i].shape))
    a, b = (DOMAINS[d] for d in BINARY[name])
    theirs = {"power": "pow"}.get(name, name)
    p.add(
        name, f"{name} with {BINARY[name]} arguments", (i, j), lambda x, y: of(name)(a(x), b(y)),
        lambda x, y: getattr(np, name)(a(x), b(y)), lambda t, u: getattr(torch, theirs)(a(t), b(u)),
    )  # fmt: skip


def power(p: Program) -> None:
    n = p.rng.choice([2, 3, 0, 1, -1, 0.5, 1j])
    inside(p, f"power(x, {n})", p.pick(), "right", lambda x: x**n, lambda x: x**n, lambda t: t**n)


def reduction(p: Program) -> None:
    name = p.rng.choice(["sum", "prod", "mean", "var", "std"])
    i = p.pick(where=lambda v: v.ndim > 0 and v.shape[-1] > 1)
    oracle = getattr(np, name)
    domain = "right" if name == "prod" else "any"
    inside(
        p,
        f"x {name}(x)",
        i,
        domain,
        lambda x: x * of(name)(x, axis=-1, keepdims=True),
        lambda x: x * oracle(x, axis=-1, keepdims=True),
        lambda t: t * their_reduction(name, t),
    )


def their_reduction(name, t):
    """PyTorch has no derivative of the complex standard deviation of its own that is as exact."""
    if name in ("var", "std"):
        d = t - t.mean(-1, keepdim=True)
        v = (d * d.conj()).real.mean(-1, keepdim=True)
        return v if name == "var" else v.sqrt()
    return getattr(torch, name)(t, -1, keepdim=True)


def matmul(p: Program) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is not None:
        n = p.values[i].shape[-1]
        j = p.pick(where=lambda v: v.ndim > 0 and v.shape[max(-2, -v.ndim)] == n)
        p.add("matmul", "matmul", (i, j), tw.matmul, np.matmul, lambda t, u: torch.matmul(t, u))


def shape(p: Program) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    name, ours, theirs = p.rng.choice(
        [
            ("x.T.conj()", lambda x: x.T.conj(), lambda t: t.permute(tuple(range(t.ndim))[::-1]).conj()),
            ("x[::-2]", lambda x: x[::-2], lambda t: t.flip(0)[::2]),
            ("concatenate([x, x.conj()])", lambda x: tw.concatenate([x, x.conj()]), lambda t: torch.cat([t, t.conj()])),
            ("x.reshape(-1)", lambda x: x.reshape(-1), lambda t: t.reshape(-1)),
            ("x[[0, 0]]", lambda x: x[[0, 0]], lambda t: t[[0, 0]]),
        ]
    )
    numpy = (lambda x: np.concatenate([x, x.conj()])) if name.startswith("conc") else lambda x: ours(np.asarray(x))
    p.add(name, name, (i,), ours, numpy, theirs)


KINDS = (unary, unary, part, part, binary, binary, power, reduction, matmul, shape)

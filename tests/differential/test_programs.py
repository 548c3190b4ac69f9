"""Random programs: values against NumPy, first and second derivatives against PyTorch or finite differences."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tilewright as tw
from cases import functions
from test_public import OPS
from tilewright._functions.later import LATER

from . import (  # noqa: F401 (their kinds of steps join the table)
    programs_of_arrays,
    programs_of_convolutions,
    programs_of_images,
    programs_of_losses,
    programs_of_norms,
    programs_of_pooling,
)
from .faults import Faults, shrink
from .programs import KIND, Program, plain, torch
from .programs_of_complex import ComplexProgram

STEPS = 14
PARTS = 4


def differ(what: str, got, want, rtol: float, atol: float) -> str | None:
    got = np.asarray(got.detach().numpy() if isinstance(got, tw.Tensor) else got)
    if got.shape != np.shape(want):
        return f"{what}: shape {got.shape}, should be {np.shape(want)}"
    if got.dtype.kind == "b":
        return None if (got == want).all() else f"{what}: {got.tolist()}, should be {want.tolist()}"
    if (np.isclose(got, want, rtol=rtol, atol=atol) | np.isnan(want)).all():
        return None  # where PyTorch has NaN it is no oracle
    worst = np.unravel_index(np.argmax(np.abs(np.nan_to_num(got, nan=1e300) - want)), got.shape)
    return f"{what} at {tuple(map(int, worst))}: {got[worst]!r}, should be {want[worst]!r}"


def weights_of(program: Program) -> list[np.ndarray]:
    """What each value counts in the sum that is differentiated."""
    numbers = np.random.default_rng(program.seed)
    return [np.asarray(numbers.normal(size=v.shape)) for v in program.values]


def total(values, weights, convert):
    """A weighted sum of the values that are floats, and of both parts of complex ones."""
    terms = []
    for v, w in zip(values, weights, strict=True):
        if "complex" in str(v.dtype):
            terms += [(v.real * convert(w)).sum(), (v.imag * convert(w)).sum() * 0.5]
        elif "bool" not in str(v.dtype):
            terms.append((v * convert(w)).sum())
    return sum(terms[1:], terms[0])


def ours(program: Program, dtype: str):
    """Values, gradients, and gradients of a sum of those."""
    inputs = [tw.asarray(v, dtype=dtype, requires_grad=True) for v in program.leaves]
    values = program.run("ours", inputs)
    weights = weights_of(program)

    def convert(w):
        return tw.asarray(w).astype({"complex128": "float64"}.get(dtype, dtype))

    first = tw.autograd.gradients(total(values, weights, convert), inputs, create_graph=True)
    inner = total(first, weights[: len(first)], convert)
    second = tw.autograd.gradients(inner, inputs) if inner.requires_grad else [tw.zeros_like(x) for x in inputs]
    return values, first, second


def theirs(program: Program):
    """The same in PyTorch."""
    inputs = [torch.tensor(v, requires_grad=True) for v in program.leaves]
    values = program.run("theirs", inputs)
    weights = weights_of(program)
    keep = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
    first = torch.autograd.grad(total(values, weights, torch.as_tensor), inputs, **keep)
    inner = total(first, weights[: len(first)], torch.as_tensor)
    second = (
        torch.autograd.grad(inner, inputs, **keep) if inner.requires_grad else [torch.zeros_like(x) for x in inputs]
    )
    return [[plain(x) for x in xs] for xs in (values, first, second)]


def by_differences(program: Program, values, first, second) -> str | None:
    """Without PyTorch: along a random direction, first derivatives from NumPy's values, second from first ones."""
    numbers = np.random.default_rng(program.seed + 1)
    direction = [np.asarray(numbers.normal(size=v.shape)) for v in program.leaves]
    weights, eps = weights_of(program), 1e-6

    def moved(sign):
        return [v + sign * eps * d for v, d in zip(program.leaves, direction, strict=True)]

    def along(gradients):
        return sum(float((g.detach().numpy() * d).sum()) for g, d in zip(gradients, direction, strict=True))

    def slope(f):
        return (f(moved(1)) - f(moved(-1))) / (2 * eps)

    def value(leaves):
        return float(total([np.asarray(v) for v in program.run("numpy", leaves)], weights, np.asarray))

    def gradient(leaves):
        inputs = [tw.asarray(v, requires_grad=True) for v in leaves]
        outputs = program.run("ours", inputs)
        found = tw.autograd.gradients(total(outputs, weights, tw.asarray), inputs)
        return sum(float((g.numpy() * w).sum()) for g, w in zip(found, weights[: len(found)], strict=True))

    return differ("first derivative", along(first), slope(value), 1e-4, 1e-4) or differ(
        "second derivative", along(second), slope(gradient), 1e-3, 1e-3
    )


def problem_of(seed: int, numbers, make=Program) -> str | None:
    """What is wrong with a program, and the program."""
    program = make(seed)
    try:
        for number in numbers:
            program.grow(number)
        wrong = check(program)
    except Exception as error:
        wrong = f"raised {error!r}"
    return f"seed {seed}: {wrong}\n    {program}" if wrong else None


def check(program: Program) -> str | None:
    values, first, second = ours(program, "complex128" if program.numbers == "c" else "float64")
    for i, (got, want) in enumerate(zip(values, program.values, strict=True)):
        wrong = differ(f"v{i}", got, want, 1e-10, 1e-11)
        if wrong:
            return wrong
    if torch is None:
        wrong = by_differences(program, values, first, second)
    else:
        expected = theirs(program)
        for order, got, want in ((1, first, expected[1]), (2, second, expected[2])):
            for i, (g, w) in enumerate(zip(got, want, strict=True)):
                wrong = differ(f"derivative {order} of v{i}", g, w, 1e-7, 1e-8 * max(1, np.abs(w).max(initial=0)))
                if wrong:
                    return wrong
    return wrong or (check_float32(program, values, first) if program.numbers == "f" else None)


def check_float32(program: Program, values, first) -> str | None:
    """In float32, near the run in float64; where no step jumps."""
    if any(step.jumps for step in program.steps):
        return None
    low, gradients, _ = ours(program, "float32")
    for what, got, want in (("v", low, values), ("derivative 1 of v", gradients, first)):
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            if g.dtype.name not in ("float32", "bool"):
                return f"{what}{i} in float32 has dtype {g.dtype.name}"
            w = w.detach().numpy()
            wrong = differ(f"{what}{i} in float32", g, w, 1e-3, 1e-3 * max(1, np.abs(w).max(initial=0)))
            if wrong:
                return wrong
    return None


def run(programs, make, tally, what: str) -> None:
    """Check programs of these seeds; those that are wrong are cut down first."""
    faults, count = Faults(), 0
    for seed in programs:
        count += 1
        if problem_of(seed, range(STEPS), make):
            text = shrink(list(range(STEPS)), lambda steps: problem_of(seed, steps, make))  # noqa: B023
            wrong, *log = text.partition(": ")[2].splitlines()
            faults.add(
                re.sub(r"\d", "", wrong.partition(":")[0]) + re.split(r"[ (]", log[-1].partition("= ")[2])[0], text
            )
    tally(what, count)
    faults.report()


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part, seeds, tally):
    run((PARTS * seed + part for seed in seeds(300)), Program, tally, "random programs")


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
def test_complex_programs(seeds, tally):
    run(seeds(200), ComplexProgram, tally, "random programs of complex numbers")


# Not in any program of real numbers, each for a reason.
LEFT_OUT = {"imag": "0 for real numbers, and cut off; it is in the programs of complex ones"}
LEFT_OUT |= dict.fromkeys(
    ("multi_margin_loss", "multilabel_margin_loss"), "PyTorch has no second derivatives: tests/test_losses.py"
)
LEFT_OUT |= dict.fromkeys(
    (name for name in OPS if name.startswith("linalg.")),
    "of matrices: tests/test_linalg.py, tests/cases/linalg.py, decompositions.py, norms.py",
)
LEFT_OUT |= dict.fromkeys((f"fft.{name}" for name in tw.fft.__all__), "complex numbers: tests/test_fft.py")
LEFT_OUT |= dict.fromkeys(
    ("tril_indices", "triu_indices", "diag_indices", "one_hot"), "integers: tests/cases/picking.py"
)
LEFT_OUT |= dict.fromkeys(
    (f"{name}_pool3d" for name in ("max", "avg", "lp", "adaptive_max", "adaptive_avg")),
    "as with fewer axes, which values of a program have: tests/cases/pooling.py",
)
LEFT_OUT |= dict.fromkeys(
    (
        "cross",
        "dot",
        "einsum",
        "einsum_path",
        "inner",
        "kron",
        "matvec",
        "outer",
        "tensordot",
        "vdot",
        "vecdot",
        "vecmat",
    ),
    "products by way of matmul: tests/cases/products.py",
)
# Array functions that are composed of those in the programs, and elementwise ones that are undefined for most values.
LEFT_OUT |= dict.fromkeys(
    (name for family in LATER if family not in ("einsum", "products") for name in LATER[family] if name in OPS),
    "compared with NumPy, and differentiated as op cases: tests/cases",
)
LEFT_OUT |= dict.fromkeys(
    ("partition", "argpartition", "lexsort", "average", "cov", "corrcoef", "ptp"),
    "as above: searching.py, statistics.py",
)
LEFT_OUT |= dict.fromkeys(
    (case.name for case in functions.CASES if case.name in OPS), "compared and differentiated: tests/cases/functions.py"
)
LEFT_OUT["ctc_loss"] = "of sequences of labels: tests/test_ctc.py"
LEFT_OUT |= dict.fromkeys(("embedding", "embedding_bag"), "of numbers of rows: tests/cases/embedding.py")
LEFT_OUT |= dict.fromkeys(
    ("scaled_dot_product_attention", "attention_weights", "varlen_attention", "linear_attention", "rotary"),
    "of queries, keys and angles that fit: tests/test_attention_gradients.py, tests/test_sequence_layers.py",
)
LEFT_OUT |= dict.fromkeys(
    ("add_layer_norm", "add_rms_norm"), "of two results, each a step of its own: tests/cases/normalization.py"
)
LEFT_OUT |= dict.fromkeys((f"max_unpool{n}d" for n in (1, 2, 3)), "of indices: tests/cases/pooling.py")


def test_every_function_is_reached():
    """By the table of steps, or listed; and what the table has is really drawn."""
    table = {name for names in KIND.values() for name in names}
    ops = {name.removeprefix("nn.functional.") for name in OPS}
    missing = ops - table - set(LEFT_OUT)
    assert not missing, f"add to tests/differential/programs.py, or to LEFT_OUT with a reason: {sorted(missing)}"
    assert not set(LEFT_OUT) - ops
    seen: set[str] = set()
    for seed in range(1000):
        program = Program(seed)
        for number in range(STEPS):
            program.grow(number)
        seen |= program.used
        if table <= seen:
            return
    assert not table - seen, f"never drawn: {sorted(table - seen)}"

"""The templates: each runs over every op case of `cases/`.

The kernels' level is the one that tilewright chose at import; `test_isa.py` runs this file again at the others.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

import tilewright as tw
from cases import CASES, opcase
from cases.opcase import ALL, COMPLEX, LENGTHS, OpCase, Sample, arrays, assert_close, for_oracle, results, to_numpy


def each(cases, ids=str):
    return pytest.mark.parametrize("case", list(cases), ids=ids)


def run(case: OpCase, sample: Sample, tensors: list, *, context: str = "", dtype: str) -> list[tw.Tensor]:
    """Call the op and compare with the oracle."""
    got = results(case.function(*tensors, **sample.kwargs))
    with np.errstate(all="ignore"):
        want = results(case.oracle(*for_oracle(case, tensors), **sample.kwargs))
    assert len(got) == len(want)
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        where = f"{case.name}{sample.args} {sample.kwargs} {context}"
        assert g.dtype.name == case.expected_dtype(dtype, i), where
        assert_close(g, w, case.tolerance, where)
    return got


# ---- forward ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "dtype"), [pytest.param(c, d, id=f"{c}-{d}") for c in CASES for d in c.dtypes])
def test_forward(case, dtype):
    for sample in case.calls(dtype):
        run(case, sample, sample.draw(dtype), dtype=dtype)


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(c, d, id=f"{c}-{d}")
        for c in CASES
        if c.lengths
        for d in c.dtypes
        if d in ("float32", "float16", "int64", "bool", "complex64", "complex128")
    ],
)
def test_lengths_around_the_lane_count(case, dtype):
    for n in LENGTHS:
        sample = case.lengths(n)
        run(case, sample, sample.draw(dtype), dtype=dtype)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 88.0, -88.0, 1e-30, -1e-30]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each(c for c in CASES if c.specials)
def test_special_values(case, dtype):
    """NaN and infinities propagate as IEEE says, in vectors and in their tails."""
    info = np.finfo(dtype)
    values = [*SPECIAL, float(info.smallest_subnormal), -float(info.tiny) / 2, float(info.tiny)]
    if len(case.samples[0].args) == 1:
        tensors = [tw.asarray(np.array(values), dtype=dtype, device=opcase.DEVICE)]
    else:
        pairs = np.array(list(itertools.product(values, values)))
        tensors = [tw.asarray(pairs[:, i].copy(), dtype=dtype, device=opcase.DEVICE) for i in (0, 1)]
    got = case.function(*tensors)
    with np.errstate(all="ignore"):
        want = np.asarray(case.oracle(*[to_numpy(t) for t in tensors]))
        if want.dtype == np.float64:
            want = want.astype(dtype).astype(np.float64)  # what is too large for the dtype is infinite in it
    assert_close(got, want, case.tolerance, case.name)


@each(c for c in CASES if c.closed)
def test_unsupported_dtypes_raise(case):
    for dtype in set(ALL) - set(case.dtypes):
        with pytest.raises(TypeError, match=rf"{case.name}: .*{dtype}"):
            case.function(*case.samples[0].draw(dtype))


COMPLEX_FUNCTIONS = [c.function for c in CASES if set(COMPLEX) & set(c.dtypes)]
COMPLEX_FUNCTIONS += [tw.zeros_like, tw.ones_like, tw.full_like]


@each(
    c for c in CASES if c.function not in COMPLEX_FUNCTIONS and any(a.dtype is None for a in arrays(c.samples[0].args))
)
def test_complex_numbers_are_refused(case):
    """Where they mean nothing, they are not read as if they were something else."""
    for dtype in COMPLEX:
        with pytest.raises(TypeError, match=dtype):
            case.function(*case.samples[0].draw(dtype), **case.samples[0].kwargs)


# ---- layouts ---------------------------------------------------------------------------------------------------------


def transposed(x):
    return tw.permute_dims(tw.permute_dims(x).copy())


def negative_stride(x):
    return tw.flip(tw.flip(x).copy())


def step_two(x):
    if x.ndim == 0:
        return x
    wide = tw.zeros((*x.shape[:-1], 2 * x.shape[-1]), dtype=x.dtype, device=x.device)
    wide[..., ::2] = x
    return wide[..., ::2]


def outer_step_two(x):
    if x.ndim == 0:
        return x
    tall = tw.zeros((2 * x.shape[0], *x.shape[1:]), dtype=x.dtype, device=x.device)
    tall[1::2] = x
    return tall[1::2]


def misaligned(x):
    flat = tw.zeros(x.size + 1, dtype=x.dtype, device=x.device)
    flat[1:] = tw.ravel(x)
    return tw.reshape(flat[1:], x.shape)


def broadcast(x):
    """Stride 0 along the first axis: every slice the first."""
    return tw.broadcast_to(x[:1], x.shape) if x.ndim and x.shape[0] else x


LAYOUTS = [transposed, negative_stride, step_two, outer_step_two, misaligned, broadcast]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
@each(CASES)
def test_layouts(case, layout):
    """Strides, steps and alignment change no result."""
    samples = [case.samples[0]] + ([case.lengths(37)] if case.lengths else [])
    for sample, dtype in itertools.product(
        samples, (d for d in case.dtypes if d in ("float32", "float64", "bfloat16", "int32", "bool", *COMPLEX))
    ):
        tensors = Sample.map(layout, sample.draw(dtype))
        run(case, sample, tensors, context=layout.__name__, dtype=dtype)


# With the dtypes that gradients are checked in.
DIFFERENTIABLE = pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(c, d, id=f"{c}-{d}")
        for c in CASES
        if c.grad
        for d in ("float64", "complex128")
        if d in c.dtypes or (d == "float64" and "float32" in c.dtypes)
    ],
)


@DIFFERENTIABLE
def test_gradients_of_strided_inputs(case, dtype):
    """The gradient does not depend on the layout of the inputs either."""
    sample = case.differentiable()
    plain = gradients(case, sample, sample.draw(dtype))
    for layout in (transposed, negative_stride, step_two):
        strided = gradients(case, sample, Sample.map(layout, sample.draw(dtype)))
        for a, b in zip(plain, strided, strict=True):
            assert_close(b, to_numpy(a), case.tolerance, layout.__name__)


# ---- memory ----------------------------------------------------------------------------------------------------------


def fill_cache_with_nan(nbytes: int) -> None:
    """Leave blocks that hold NaN in the allocator, of this size and of those an op might need on the way."""
    sizes = [nbytes, nbytes // 2, 2 * nbytes, 64, 256, 4096, 1 << 16, 1 << 18]
    blocks = [tw.full(max(size // 8, 1), float("nan"), dtype="float64") for size in sizes for _ in range(3)]
    del blocks


@each(c for c in CASES if "float32" in c.dtypes)
def test_results_do_not_depend_on_old_memory(case):
    """Outputs are written whole, and never read first (beta = 0 over NaN)."""
    samples = [s for s in (*case.samples, case.lengths(33) if case.lengths else None) if s is not None]
    for sample in samples:
        tensors = sample.draw("float32")
        nbytes = max((y.nbytes for y in results(case.function(*tensors, **sample.kwargs))), default=0)
        fill_cache_with_nan(nbytes)
        run(case, sample, tensors, context="over NaN", dtype="float32")


@each(c for c in CASES if "float32" in c.dtypes)
def test_inputs_are_left_alone(case):
    """And so is what lies around them."""
    for sample in case.samples:
        bases = []

        def guarded(x, bases=bases):
            base = tw.full(x.size + 64, 7, dtype=x.dtype, device=x.device)
            base[32 : 32 + x.size] = tw.ravel(x)
            bases.append((base, to_numpy(base).copy()))
            return tw.reshape(base[32 : 32 + x.size], x.shape)

        case.function(*Sample.map(guarded, sample.draw("float32")), **sample.kwargs)
        for base, before in bases:
            np.testing.assert_array_equal(to_numpy(base), before)


# ---- gradients -------------------------------------------------------------------------------------------------------


def gradients(case: OpCase, sample: Sample, tensors: list) -> list[tw.Tensor]:
    """Gradients of a fixed random combination of the results."""
    leaves: list[tw.Tensor] = []

    def track(x):
        if not x.dtype.is_inexact:
            return x
        leaf = x.detach()
        leaf.requires_grad = True
        leaves.append(leaf)
        return leaf

    rng = np.random.default_rng(5)
    loss = 0.0
    for y in results(case.function(*Sample.map(track, tensors), **sample.kwargs)):
        weights = rng.standard_normal(y.shape)
        if y.dtype.is_complex:
            weights = weights + 1j * rng.standard_normal(y.shape)
        loss = loss + tw.real(tw.sum(y * tw.asarray(weights, dtype=y.dtype, device=y.device)))
    loss.backward()
    return [leaf.grad for leaf in leaves]


@DIFFERENTIABLE
def test_gradient(case, dtype):
    """Against finite differences in double precision with a random cotangent; and again, of the gradient."""
    for sample in case.samples:
        sizes = [math.prod(a.shape) for a in arrays(sample.args)]
        if 0 in sizes or sum(sizes) > 300:
            continue
        order = case.grad if sample is case.differentiable() else 1
        function = functools.partial(case.function, **sample.kwargs)
        tw.testing.check_grads(function, *sample.draw(dtype), order=order)


@each(c for c in CASES if c.grad and "float32" in c.dtypes)
def test_gradient_of_empty_inputs(case):
    for sample in case.samples:
        if any(0 in a.shape for a in arrays(sample.args)):
            shapes = [a.shape for a in arrays(sample.args) if a.dtype is None]
            assert [g.shape for g in gradients(case, sample, sample.draw("float32"))] == shapes


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@each(c for c in CASES if c.grad and {"float16", "bfloat16", "float32"} <= set(c.dtypes))
def test_gradient_in_lower_precision(case, dtype):
    """The gradient keeps its input's dtype, and agrees with float64's on the same numbers."""
    sample = case.differentiable()
    rough = sample.draw(dtype)
    low = gradients(case, sample, rough)
    high = gradients(case, sample, Sample.map(lambda x: x.astype("float64") if x.dtype.is_floating else x, rough))
    for a, b in zip(low, high, strict=True):
        assert a.dtype.name == dtype
        assert_close(a, to_numpy(b), 16 * case.tolerance + 16, case.name)


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def threads():
    before = tw.get_num_threads()
    yield tw.set_num_threads
    tw.set_num_threads(before)


@each(c for c in CASES if c.large)
def test_same_bits_at_any_thread_count(case, threads):
    dtype = "float32" if "float32" in case.dtypes else case.dtypes[0]
    tensors = case.large.draw(dtype)
    seen = []
    for count in (1, 2, 7):
        threads(count)
        outputs = results(case.function(*tensors, **case.large.kwargs))
        if case.grad and dtype == "float32":
            outputs += gradients(case, case.large, tensors)
        seen.append([np.asarray(y.detach().numpy()).tobytes() for y in outputs])
    assert seen[0] == seen[1] == seen[2]
    run(case, case.large, tensors, dtype=dtype)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [pytest.param(e, id=f"{c}-{i}") for c in CASES for i, e in enumerate(c.errors)])
def test_errors(expected):
    with pytest.raises(expected.error, match=expected.message):
        expected.call()

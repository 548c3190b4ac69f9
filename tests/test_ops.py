"""The templates: each runs over every op case of `cases/`.

The kernels' level is the one that tilewright chose at import; `pytest --isa LEVEL -m kernels` runs what depends on
it at another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import sys

import numpy as np
import pytest

import tilewright as tw
from cases import CASES, opcase
from cases.opcase import ALL, COMPLEX, LENGTHS, OpCase, Sample, arrays, assert_close, for_oracle, results, to_numpy
from tilewright._engine import registry


def param(case, *dtype):
    """A case, and a dtype to go with it, under their names."""
    marks = pytest.mark.products if case.products else ()
    return pytest.param(case, *dtype, id="-".join([case.name, *dtype]), marks=marks)


def each(cases):
    return pytest.mark.parametrize("case", [param(case) for case in cases])


def each_with_dtypes(pairs):
    return pytest.mark.parametrize(("case", "dtype"), [param(case, dtype) for case, dtype in pairs])


def run(case: OpCase, sample: Sample, tensors: list, *, context: str = "", dtype: str) -> list[tw.Tensor]:
    """Call the op and compare with the oracle."""
    got = results(case.function(*tensors, **sample.kwargs))
    args = for_oracle(case, tensors)
    with np.errstate(all="ignore"):
        want = results(case.oracle(*args, **sample.kwargs))
    where = f"{case.name}{sample.args} {sample.kwargs} {context}"
    for i, g in enumerate(got):
        assert g.dtype.name == case.expected_dtype(dtype, i), where
    case.compare(args, got, want, where)
    return got


# ---- forward ---------------------------------------------------------------------------------------------------------


@pytest.mark.kernels
@each_with_dtypes((c, d) for c in CASES for d in c.dtypes)
def test_forward(case, dtype):
    for sample in case.calls(dtype):
        run(case, sample, sample.draw(dtype), dtype=dtype)


@pytest.mark.kernels
@each_with_dtypes(
    (c, d)
    for c in CASES
    if c.lengths
    for d in c.dtypes
    if d in ("float32", "float16", "int64", "bool", "complex64", "complex128")
)
def test_lengths_around_the_lane_count(case, dtype):
    for n in LENGTHS:
        sample = case.lengths(n)
        run(case, sample, sample.draw(dtype), dtype=dtype)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 88.0, -88.0, 1e-30, -1e-30]


@pytest.mark.kernels
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
    args = [to_numpy(t) for t in tensors]
    with np.errstate(all="ignore"):
        want = [np.asarray(w) for w in results(case.oracle(*args))]
        # What is too large for the dtype is infinite in it.
        want = [w.astype(dtype).astype(np.float64) if w.dtype == np.float64 else w for w in want]
    case.compare(args, results(case.function(*tensors)), want, case.name)


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


@pytest.mark.kernels
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
@each(CASES)
def test_layouts(case, layout):
    """Strides, steps and alignment change no result."""
    samples = [case.samples[0]] + ([case.lengths(37)] if case.lengths else [])
    for sample, dtype in itertools.product(
        samples, (d for d in case.dtypes if d in ("float32", "float64", "bfloat16", "int32", "bool", *COMPLEX))
    ):
        tensors = sample.arranged(layout, sample.draw(dtype))
        run(case, sample, tensors, context=layout.__name__, dtype=dtype)


# With the dtypes that gradients are checked in.
DIFFERENTIABLE_PAIRS = [
    (c, d)
    for c in CASES
    if c.grad
    for d in ("float64", "complex128")
    if d in c.dtypes or (d == "float64" and "float32" in c.dtypes)
]
DIFFERENTIABLE = each_with_dtypes(DIFFERENTIABLE_PAIRS)


@DIFFERENTIABLE
def test_gradients_of_strided_inputs(case, dtype):
    """The gradient does not depend on the layout of the inputs either."""
    sample = case.differentiable()
    plain = gradients(case, sample, sample.draw(dtype))
    for layout in (transposed, negative_stride, step_two):
        strided = gradients(case, sample, sample.arranged(layout, sample.draw(dtype)))
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
    for y in case.differentiated(case.function(*Sample.map(track, tensors), **sample.kwargs)):
        weights = rng.standard_normal(y.shape)
        if y.dtype.is_complex:
            weights = weights + 1j * rng.standard_normal(y.shape)
        loss = loss + tw.real(tw.sum(y * tw.asarray(weights, dtype=y.dtype, device=y.device)))
    loss.backward()
    return [leaf.grad for leaf in leaves]


def small(case):
    """The samples that are worth the many calls of finite differences."""
    for sample in case.samples:
        sizes = [math.prod(a.shape) for a in arrays(sample.args)]
        if 0 not in sizes and sum(sizes) <= 300:
            yield sample


def smooth(case, sample):
    """The function to differentiate: of any arrays near those of the sample."""
    return lambda *tensors: case.differentiated(case.function(*sample.kept(tensors), **sample.kwargs))


@DIFFERENTIABLE
def test_gradient(case, dtype):
    """Against finite differences in double precision with a random cotangent; and again, of the gradient."""
    for sample in small(case):
        order = case.grad if sample is case.differentiable() else 1
        tw.testing.check_grads(smooth(case, sample), *sample.draw(dtype), order=order)


def has_several_results(case):
    sample = case.differentiable()
    return len(smooth(case, sample)(*sample.draw("float64"))) > 1


@each_with_dtypes((c, d) for c, d in DIFFERENTIABLE_PAIRS if has_several_results(c))
def test_gradient_where_a_result_is_not_used(case, dtype):
    """Each result in turn: a rule may count on none of the cotangents."""
    for sample in small(case):
        function, tensors = smooth(case, sample), sample.draw(dtype)
        for unused in range(len(function(*tensors))):

            def others(*tensors, function=function, unused=unused):
                return [y for i, y in enumerate(function(*tensors)) if i != unused]

            if others(*tensors):
                tw.testing.check_grads(others, *tensors)


@each(c for c in CASES if c.grad and "float32" in c.dtypes)
def test_gradient_of_empty_inputs(case):
    for sample in case.samples:
        if any(0 in a.shape for a in arrays(sample.args)):
            shapes = [a.shape for a in arrays(sample.args) if a.dtype is None]
            assert [g.shape for g in gradients(case, sample, sample.draw("float32"))] == shapes


@pytest.mark.kernels
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


# ---- definitions -----------------------------------------------------------------------------------------------------


def composed(op, called):
    """What an op computes by its definition; notes its name."""

    def run(*args):
        called.add(op.signature.name)
        return registry.DEFINITIONS[op.signature.name](*args)

    return run


def is_fused(thing):
    return isinstance(thing, tw._core.Primitive) and thing.signature.name in registry.DEFINITIONS


FUSED = [
    (module, name, op)
    for module in [module for path, module in sys.modules.items() if path.startswith("tilewright.")]
    for name, op in vars(module).items()
    if is_fused(op)
]


@contextlib.contextmanager
def unfused(case):
    """The case's function with definitions in place of fused ops, wherever it calls them, and the names of those."""
    called = set()
    with pytest.MonkeyPatch.context() as patch:
        for module, name, op in FUSED:
            patch.setattr(module, name, composed(op, called))
        function = case.function
        if isinstance(function, tw._core.Function):  # its body, which finds the op where the definition stands now
            function = function.__wrapped__
        yield composed(function, called) if is_fused(function) else function, called


def fused_ops_of(case):
    with unfused(case) as (function, called):
        for sample in case.samples:
            function(*sample.draw("float32"), **sample.kwargs)
    return called


BY_FUSED_OPS = [(case, names) for case in CASES if "float32" in case.dtypes and (names := fused_ops_of(case))]


def results_and_derivatives(case, function, sample, tensors):
    """Results; and of a random combination of them gradients, not recorded and recorded, and theirs."""

    def draw(like):
        return tw.asarray(np.random.default_rng(9).standard_normal(like.shape), dtype=like.dtype, device=like.device)

    leaves = []

    def track(x):
        if x.dtype.is_floating:
            leaves.append(x := x.detach().requires_grad_())
        return x

    def total(values):
        return functools.reduce(lambda a, b: a + b, [tw.sum(v * draw(v)) for v in values])

    y = function(*Sample.map(track, tensors), **sample.kwargs)
    z = total(case.differentiated(y))
    plain = tw.autograd.gradients(z, leaves, retain_graph=True)
    first = tw.autograd.gradients(z, leaves, create_graph=True)
    second = tw.autograd.gradients(total(first) + z, leaves) if case.grad > 1 else []
    return results(y), [*plain, *first, *second]


def check_definitions(case, dtype):
    for sample in case.samples:
        tensors = sample.draw(dtype)
        if sum(x.size for x in tensors if isinstance(x, tw.Tensor)) > 3000:
            continue
        got, derivatives = results_and_derivatives(case, case.function, sample, tensors)
        with unfused(case) as (function, _):
            want, expected = results_and_derivatives(case, function, sample, tensors)
        where = f"{case.name}{sample.args} {sample.kwargs}"
        loose = dataclasses.replace(case, tolerance=16 * case.tolerance + 16)
        loose.compare(for_oracle(case, tensors), got, [to_numpy(y) for y in want], where)
        for a, b in zip(derivatives, expected, strict=True):
            assert_close(a, to_numpy(b), loose.tolerance, where)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@each(case for case, _ in BY_FUSED_OPS)
def test_fused_ops_are_what_their_definitions_say(case, dtype):
    """Results, gradients and second derivatives."""
    check_definitions(case, dtype)


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.kernels
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

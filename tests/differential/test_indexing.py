"""Random keys for reading and writing, against NumPy: values, shapes, and what raises; and the gradients of both."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

import tilewright as tw

from .faults import Faults

SHAPES = ((), (3,), (1,), (0,), (3, 4), (2, 3, 4), (3, 0, 2), (1, 3, 1), (2, 2, 2, 2))
DTYPES = ("float64", "float32", "int64", "bool", "uint8", "complex128")


def position(rng, n: int) -> int:
    """Mostly in bounds."""
    return rng.choice((-n - 1, n)) if rng.random() < 0.02 else rng.randrange(-n, n) if n else 0


def index_array(rng, n: int):
    """An array of integers: of several shapes, empty or negative, in each of the ways to write one."""
    shape = rng.choice([(2,), (3,), (1,), (0,), (2, 1), (1, 3), (), (2, 2)])
    values = np.array([position(rng, n) for _ in range(int(np.prod(shape)))], dtype=np.int64).reshape(shape)
    form = rng.choice(["array", "array", "list", "tuple", "tensor", "other dtype", "scalar"])
    if form == "list":
        return values.tolist()
    if form == "tuple" and values.ndim:
        return tuple(values.tolist())
    if form == "tensor":
        return tw.asarray(values)
    if form == "other dtype":
        return values.astype(rng.choice(["int8", "int32"] + ["uint8"] * bool((values >= 0).all())))
    return values if form == "array" or values.ndim else np.int8(values)


def mask(rng, shape):
    """An array of bool, seldom of a wrong shape."""
    if rng.random() < 0.05:
        shape = (*shape[:-1], shape[-1] + 1) if shape else (2,)
    values = np.array([rng.random() < 0.5 for _ in range(int(np.prod(shape)))], dtype=bool).reshape(shape)
    form = rng.choice(["array", "tensor", "list"])
    return (
        values
        if form == "array" or values.ndim == 0 or values.size == 0
        else tw.asarray(values)
        if form == "tensor"
        else values.tolist()
    )


def bounds(rng, n: int) -> slice:
    def end():
        return rng.choice([None, rng.randint(-n - 2, n + 2)])

    return slice(end(), end(), rng.choice([None, None, 1, -1, 2, -2, 3, -5]))


def random_key(rng, shape):
    """A key for arrays of that shape: none, one or several entries, seldom too many."""
    if rng.random() < 0.03:
        return rng.choice(
            [1.5, "a", 2j, [1.5], None, ..., True, np.False_, (), [], np.array(1.0), object(), [[True], [1]]]
        )
    key, axis = [], 0
    gap = rng.random() < 0.3
    count = rng.randint(0, len(shape) + (rng.random() < 0.05))
    while axis < count:
        if rng.random() < 0.12:
            key.append(None)
        if rng.random() < 0.02:
            key.append(rng.choice([True, False, np.True_]))
        if gap and rng.random() < 0.4:
            key.append(...)
            gap = False
            axis = max(axis, len(shape) - count + axis)
        n = shape[axis] if axis < len(shape) else 2
        kind = rng.choice(["int", "slice", "slice", "array", "mask", "scalar"])
        if kind == "mask":
            width = 2 if axis + 1 < len(shape) and rng.random() < 0.3 else 1
            key.append(mask(rng, shape[axis : axis + width]))
            axis += width
            continue
        made = {"int": position, "slice": bounds, "array": index_array, "scalar": lambda r, n: np.int64(position(r, n))}
        key.append(made[kind](rng, n))
        axis += 1
    if gap:
        key.append(...)
    return key[0] if len(key) == 1 and rng.random() < 0.7 else tuple(key)


def for_numpy(key):
    """The same key without tensors."""
    if isinstance(key, (tuple, list)):
        return type(key)(for_numpy(k) for k in key)
    return key.numpy() if isinstance(key, tw.Tensor) else key


def outcome(function):
    """What a call gives: its result, or the class of its error."""
    try:
        return function()
    except Exception as error:
        return error


def same(got, want, x=None) -> str | None:
    """How two outcomes differ, or None."""
    if isinstance(got, IndexError) and x is not None and x.size == 0:
        return None  # NumPy does not check positions in arrays without elements
    if isinstance(want, Exception):
        if not isinstance(got, Exception):
            return f"gave {got!r}, NumPy raises {want!r}"
        kinds = (IndexError,) if isinstance(want, IndexError) else (IndexError, ValueError, TypeError)
        return None if isinstance(got, kinds) else f"raised {got!r}, NumPy {want!r}"
    if isinstance(got, Exception):
        return f"raised {got!r}, NumPy gives an array of shape {np.shape(want)}"
    if got.shape != np.shape(want):
        return f"shape {got.shape}, NumPy {np.shape(want)}"
    return (
        None if np.array_equal(got.numpy(), want, equal_nan=got.dtype.is_inexact) else f"gave {got!r}, NumPy {want!r}"
    )


def cause_of(problem: str, key) -> str:
    kinds = sorted({type(k).__name__ for k in (key if isinstance(key, tuple) else (key,))})
    return f"{problem[:28]} {kinds if len(kinds) < 3 else ''}"


def random_array(rng, numbers):
    shape = rng.choice(SHAPES)
    return np.asarray(numbers.integers(0, 2 if rng.random() < 0.2 else 100, shape)).astype(rng.choice(DTYPES))


def laid_out(rng, x):
    """A tensor of these values, contiguous or not."""
    layout = rng.choice(["plain", "transposed", "flipped", "part"])
    if layout == "transposed":
        return tw.permute_dims(tw.asarray(np.array(x.T)))
    if layout == "flipped":
        return tw.flip(tw.asarray(np.array(np.flip(x))))
    if layout == "part" and x.ndim:
        return tw.asarray(np.repeat(x, 2, axis=-1))[..., ::2]
    return tw.asarray(x.copy())


@pytest.mark.parametrize("part", range(2))
def test_getitem(part, seeds, tally):
    faults, count = Faults(), 0
    for seed in seeds(40):
        rng, numbers = random.Random(f"getitem {part} {seed}"), np.random.default_rng(2 * seed + part)
        for _ in range(100):
            count += 1
            x = random_array(rng, numbers)
            key = random_key(rng, x.shape)
            t = laid_out(rng, x)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                want = outcome(lambda: x[for_numpy(key)])  # noqa: B023
                problem = same(outcome(lambda: t[key]), want, x)  # noqa: B023
            if problem:
                faults.add(cause_of(problem, key), f"seed {seed}: x {x.dtype}{x.shape}, x[{key!r}] {problem}")
    tally("keys", count)
    faults.report()


def random_value(rng, numbers, x, shape):
    """Something to write to a place of that shape: broadcast, a number, or seldom of a wrong shape."""
    if rng.random() < 0.3:
        return rng.choice([0, 1, True] + ([0.5] if x.dtype.kind in "fc" else []))
    shape = tuple(1 if rng.random() < 0.2 else n for n in shape)[rng.choice((0, 0, 1)) :]
    if rng.random() < 0.05:
        shape = (*shape, 3)
    value = np.asarray(numbers.integers(0, 100, shape)).astype(x.dtype)
    return rng.choice([value, tw.asarray(value)] + ([value.tolist()] if value.size else []))


@pytest.mark.parametrize("part", range(2))
def test_setitem(part, seeds, tally):
    """Also: a write that raises has written nothing."""
    faults, count = Faults(), 0
    for seed in seeds(40):
        rng, numbers = random.Random(f"setitem {part} {seed}"), np.random.default_rng(2 * seed + part)
        for _ in range(100):
            count += 1
            x = random_array(rng, numbers)
            key = random_key(rng, x.shape)
            want, t = x.copy(), laid_out(rng, x)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                place = outcome(lambda: want[for_numpy(key)])  # noqa: B023
                value = random_value(rng, numbers, x, () if isinstance(place, Exception) else np.shape(place))
                array = np.asarray(for_numpy(value))  # NumPy does not broadcast lists as it does arrays
                theirs = outcome(lambda: want.__setitem__(for_numpy(key), array))  # noqa: B023
                ours = outcome(lambda: t.__setitem__(key, value))  # noqa: B023
            if "boolean array indexing assignment requires" in str(theirs):
                continue  # here values broadcast to a mask as to any other key
            if isinstance(theirs, Exception) or isinstance(ours, Exception):
                problem = same(ours, theirs, x)
                problem = problem or (None if np.array_equal(t.numpy(), x) else f"raised {ours!r} after writing")
            else:
                problem = same(t, want)
            if problem:
                shape = f" of shape {array.shape}"
                faults.add(
                    cause_of(problem, key),
                    f"seed {seed}: x {x.dtype}{x.shape}, x[{key!r}] = {value!r}{shape} {problem}",
                )
    tally("keys", count)
    faults.report()


def test_picking(seeds, tally):
    """take, take_along_axis and nonzero."""
    faults, count = Faults(), 0
    for seed in seeds(20):
        rng, numbers = random.Random(f"picking {seed}"), np.random.default_rng(seed)
        for _ in range(100):
            count += 1
            x = random_array(rng, numbers)
            if x.ndim == 0:
                continue
            axis = rng.randrange(-x.ndim, x.ndim) if rng.random() < 0.95 else rng.choice((-x.ndim - 1, x.ndim))
            n = x.shape[axis] if -x.ndim <= axis < x.ndim else 1
            name = rng.choice(["take", "take_along_axis", "nonzero"])
            if name == "nonzero":
                calls = [lambda lib, v: np.stack([np.asarray(p) for p in lib.nonzero(v)])] * 2
                text = "nonzero(x)"
            elif name == "take":
                indices = index_array(rng, n)
                calls = [
                    lambda lib, v: lib.take(v, indices, axis=axis),  # noqa: B023
                    lambda lib, v: lib.take(v, for_numpy(indices), axis=axis),  # noqa: B023
                ]
                text = f"take(x, {indices!r}, axis={axis})"
            else:
                shape = list(x.shape)
                if x.ndim and -x.ndim <= axis < x.ndim:
                    shape[axis] = rng.choice([0, 1, 2, 5])
                indices = np.array([position(rng, n) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)
                calls = [lambda lib, v: lib.take_along_axis(v, indices, axis=axis)] * 2  # noqa: B023
                text = f"take_along_axis(x, {indices!r}, axis={axis})"
            got, want = outcome(lambda: calls[0](tw, tw.asarray(x))), outcome(lambda: calls[1](np, x))  # noqa: B023
            problem = same(tw.asarray(got) if isinstance(got, np.ndarray) else got, want, x)
            if problem:
                faults.add(name + problem[:20], f"seed {seed}: x {x.dtype}{x.shape}, {text} {problem}")
    tally("keys", count)
    faults.report()


def summed_to(g: np.ndarray, shape) -> np.ndarray:
    """A cotangent without what broadcasting added."""
    g = g.sum(tuple(range(g.ndim - len(shape))))
    return g.sum(tuple(i for i, n in enumerate(shape) if n == 1 != g.shape[i]), keepdims=True)


def test_gradients(seeds, tally):
    """Of reading: what arrives is added at the key. Of writing: nothing passes at the key, the value gets it."""
    faults, count = Faults(), 0
    for seed in seeds(20):
        rng, numbers = random.Random(f"gradients {seed}"), np.random.default_rng(seed)
        for _ in range(50):
            x = numbers.normal(size=rng.choice(SHAPES))
            key = random_key(rng, x.shape)
            place = outcome(lambda: x[for_numpy(key)])  # noqa: B023
            if isinstance(place, Exception):
                continue
            count += 1
            leaf = tw.asarray(x.copy(), requires_grad=True)
            g = np.asarray(numbers.normal(size=np.shape(place)))
            expected = np.zeros_like(x)
            np.add.at(expected, for_numpy(key), g)
            got = outcome(lambda: tw.autograd.grad(lambda v: (v[key] * tw.asarray(g)).sum())(leaf))  # noqa: B023
            problem = same(got, expected, x)
            if problem:
                faults.add(
                    "read" + cause_of(problem, key), f"seed {seed}: x{x.shape}, gradient of x[{key!r}] {problem}"
                )

            value = numbers.normal(
                size=tuple(1 if rng.random() < 0.2 else n for n in np.shape(place))[rng.choice((0, 1)) :]
            )
            weights = numbers.normal(size=x.shape)

            def write(a, b, key=key, weights=weights):
                a = a * 1.0
                a[key] = b
                return (a * tw.asarray(weights)).sum()

            got = outcome(lambda: tw.autograd.grad(write, (0, 1))(leaf, tw.asarray(value)))  # noqa: B023
            kept = weights.copy()
            kept[for_numpy(key)] = 0
            for which, ours, want in zip(
                ("target", "value"),
                [got, got] if isinstance(got, Exception) else got,
                (kept, summed_to(weights[for_numpy(key)], value.shape)),
                strict=True,
            ):
                close = not isinstance(ours, Exception) and np.allclose(ours.numpy(), want)
                problem = None if close else same(ours, want, x)
                if problem:
                    text = (
                        f"seed {seed}: x{x.shape}, x[{key!r}] = value{value.shape}, gradient of the {which} {problem}"
                    )
                    faults.add(which + cause_of(problem, key), text)
    tally("keys", 2 * count)
    faults.report()

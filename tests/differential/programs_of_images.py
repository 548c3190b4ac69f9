"""Kinds of steps for random programs: padding, resizing, windows, and channels. Values are the axes of one image."""

from __future__ import annotations

import tilewright as tw
from cases import folding, padding, resampling

from .programs import F, Program, kind, torch

LARGEST = 60  # elements of a value that is made larger


def whole(v) -> bool:
    """An image with 1 to 3 axes that has elements, and is not large."""
    return 1 <= v.ndim <= 3 and 0 < v.size <= LARGEST


@kind("pad")
def pad(p: Program, name: str) -> None:
    """With widths of NumPy's and of PyTorch's."""
    i = p.pick(where=whole)
    if i is None:
        return
    shape = p.values[i].shape
    mode = p.rng.choice(["constant", "reflect", "replicate", "circular"])
    most = [min(2, n - (mode == "reflect")) for n in shape]
    widths = [p.rng.randint(0, m) for m in most[::-1] for _ in range(2)]
    value = 0.5 if mode == "constant" else None

    def theirs(t):
        return torch.nn.functional.pad(t[None, None], widths, mode, value)[0, 0]

    def numpy(v):
        return padding.torchs(v, widths, mode, value)

    if p.rng.random() < 0.5:
        ours = lambda v: F.pad(v, widths, mode, value)  # noqa: E731
    else:
        pairs = list(zip(widths[::2], widths[1::2], strict=True))[::-1]
        ours = lambda v: tw.pad(v, pairs, padding.MODES[mode], constant_values=value or 0)  # noqa: E731
    p.add(name, f"pad(x, {widths}, {mode})", (i,), ours, numpy, theirs)


@kind("interpolate")
def interpolate(p: Program, name: str) -> None:
    i = p.pick(where=whole)
    if i is None:
        return
    axes = p.values[i].ndim
    size = [p.rng.randint(1, 4) for _ in range(axes)]
    linear = {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]
    mode = p.rng.choice(["nearest", "nearest-exact", "area", linear, linear, "bicubic" if axes == 2 else linear])
    corners = p.rng.choice([None, True, False]) if mode in (linear, "bicubic") else None
    f = lambda function: lambda v: function(v[None, None], size, None, mode, corners)[0, 0]  # noqa: E731
    theirs = lambda t: f(torch.nn.functional.interpolate)(t)  # noqa: E731
    p.add(
        name, f"interpolate(x, {size}, {mode}, {corners})", (i,),
        f(F.interpolate), f(lambda v, size, *more: resampling.interpolate(v, tuple(size), *more)), theirs,
    )  # fmt: skip


@kind("unfold", "fold")
def windows(p: Program, name: str) -> None:
    """Columns, alone or added up again after a product with themselves."""
    i = p.pick(where=lambda v: v.ndim == 2 and 0 < v.size <= LARGEST)
    if i is None:
        return
    size = p.values[i].shape
    kernel = tuple(p.rng.randint(1, min(2, n)) for n in size)
    given = (p.rng.randint(0, 1), p.rng.randint(1, 2))

    def step(unfold, fold):
        def call(v):
            columns = unfold(v[None], kernel, 1, *given)
            return columns if name == "unfold" else fold(columns * columns, size, kernel, 1, *given)[0]

        return call

    theirs = lambda t: step(torch.nn.functional.unfold, torch.nn.functional.fold)(t)  # noqa: E731
    p.add(
        name, f"{name}(x, {kernel}, 1, {given})", (i,),
        step(F.unfold, F.fold), step(folding.unfold, folding.fold), theirs,
    )  # fmt: skip


@kind("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
def shuffling(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0 and 0 < v.size <= LARGEST and v.size % 4 == 0)
    if i is None:
        return
    shape = (1, p.values[i].size, 1, 1) if name != "pixel_unshuffle" else (1, 1, 2, p.values[i].size // 2)
    f = lambda function: lambda v: function(v.reshape(shape), 2)  # noqa: E731
    theirs = lambda t: f(getattr(torch.nn.functional, name))(t)  # noqa: E731
    p.add(name, f"{name}(x as {shape}, 2)", (i,), f(getattr(F, name)), f(getattr(folding, name)), theirs)

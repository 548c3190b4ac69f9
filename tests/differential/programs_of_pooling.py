"""Pooling as steps of random programs: values of two or three axes are (C, L) and (N, C, L), or (C, H, W)."""

from __future__ import annotations

import itertools

import numpy as np

from .programs import KINKS, ORACLES, Program, kind, of, torch


def spread(x, axes: int) -> np.ndarray:
    """Differences of any two elements of a plane: the maximum jumps where one is 0."""
    flat = x.reshape(*x.shape[:-axes], -1)
    pairs = list(itertools.combinations(range(flat.shape[-1]), 2))
    return np.stack([flat[..., i] - flat[..., j] for i, j in pairs]) if pairs else np.ones(1)


for _axes, _name in itertools.product((1, 2), ("max_pool", "adaptive_max_pool")):
    KINKS[f"{_name}{_axes}d"] = lambda x, axes=_axes: spread(x, axes)


def call(p: Program, name: str, i: int, given: dict) -> None:
    p.add(
        name,
        f"{name}({given})",
        (i,),
        lambda x: of(name)(x, **given),
        lambda x: ORACLES[name](x, **given),
        lambda t: getattr(torch.nn.functional, name)(t, **given),
        domains=("positive",) if name.startswith("lp") else ("any",),
    )


def planes(p: Program, name: str) -> int | None:
    """A value with as many axes as it takes."""
    axes = int(name[-2])
    return p.pick(where=lambda v: v.size > 0 and v.ndim in (axes + 1, axes + 2))


@kind(*(f"{name}{axes}d" for name in ("max_pool", "avg_pool", "lp_pool") for axes in (1, 2)))
def of_windows(p: Program, name: str) -> None:
    """Without padding, some are too long for the axis: NumPy refuses those steps."""
    i = planes(p, name)
    if i is None:
        return
    kernel = p.rng.choice((1, 2, 3))
    given = {"kernel_size": kernel, "stride": p.rng.choice((1, 2))}
    if name.startswith("lp"):
        given = {"norm_type": p.rng.choice((2.0, 3.0)), **given}
    else:
        given |= {"padding": kernel // 2, "ceil_mode": p.rng.choice((True, False))}
    if name.startswith("avg"):
        given["count_include_pad"] = p.rng.choice((True, False))
    call(p, name, i, given)


@kind(*(f"adaptive_{name}_pool{axes}d" for name in ("max", "avg") for axes in (1, 2)))
def of_even_windows(p: Program, name: str) -> None:
    i = planes(p, name)
    if i is not None:
        call(p, name, i, {"output_size": p.rng.choice((1, 2, 3, 5))})

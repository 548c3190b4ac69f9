"""Normalisation as steps of random programs, with an eps that keeps rows of nearly equal numbers well conditioned."""

from __future__ import annotations

import math

from .programs import ORACLES, Program, kind, of, torch
from .programs_of_losses import add


def axes(least: int):
    return lambda v: v.ndim >= least and v.size > 0


@kind("layer_norm", "rms_norm")
def of_last_axes(p: Program, name: str) -> None:
    i = p.pick(where=axes(1))
    if i is None:
        return
    shape = p.values[i].shape
    last = shape[p.rng.randrange(len(shape)) :]
    j = p.pick(where=lambda v: v.shape == last)
    given = {"normalized_shape": last, "eps": p.rng.choice((0.1, 1.0))}
    names = ("weight", "bias")[: p.rng.randrange(3 if name == "layer_norm" else 2)] if j is not None else ()
    with_parameters(p, name, (i, *[j] * len(names)), names, given)


@kind("group_norm", "batch_norm", "instance_norm")
def of_channels(p: Program, name: str) -> None:
    def takes(v):
        """More than one value to a mean; PyTorch wants that of all of `group_norm`."""
        of_channel = {"group_norm": v.size, "batch_norm": v.size // v.shape[1], "instance_norm": math.prod(v.shape[2:])}
        return of_channel[name] > 1

    i = p.pick(where=lambda v: axes(2)(v) and takes(v))
    if i is None:
        return
    channels = p.values[i].shape[1]
    j = p.pick(where=lambda v: v.shape == (channels,))
    given = {"eps": p.rng.choice((0.1, 1.0))}
    if name == "group_norm":
        given["num_groups"] = p.rng.choice(
            [n for n in range(1, channels + 1) if channels % n == 0 and p.values[i].size > n]
        )
    if name == "batch_norm":
        given |= {"running_mean": None, "running_var": None, "training": True}
    names = ("weight", "bias")[: p.rng.randrange(3)] if j is not None else ()
    with_parameters(p, name, (i, *[j] * len(names)), names, given)


def with_parameters(p: Program, name: str, inputs, names, given) -> None:
    """A step whose further inputs go by name."""

    def call(function):
        return lambda x, *more: function(x, **dict(zip(names, more, strict=True)), **given)

    theirs = None if torch is None else getattr(torch.nn.functional, name)
    p.add(name, f"{name}({names}, {given})", inputs, call(of(name)), call(ORACLES[name]), call(theirs))


@kind("local_response_norm")
def of_neighbours(p: Program, name: str) -> None:
    i = p.pick(where=axes(3))
    if i is not None:
        add(p, name, (i,), {"size": p.rng.choice((1, 2, 3, 5)), "alpha": 0.5, "beta": p.rng.choice((0.5, 1.0))})

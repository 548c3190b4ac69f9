"""Drivers of what moves and resizes images: padding, interpolation, windows as columns."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import tilewright as tw

from .contenders import Contenders, apply, operands, torch
from .shapes import label
from .work import Work

if TYPE_CHECKING:
    from .shapes import Goal


def image(name: str, shape: tuple[int, ...], arguments: dict[str, Any], goal: Goal) -> Work:
    """A function of both libraries' nn.functional; after its name stands what tells it from others."""
    function = name.partition(" ")[0]

    def make() -> Contenders:
        spaces = {"tilewright": tw.nn.functional, "pytorch": torch and torch.nn.functional}
        functions = {
            library: functools.partial(getattr(space, function), **arguments)
            for library, space in spaces.items()
            if space
        }
        return apply(
            functions, {library: values for library, values in operands(shape).items() if library in functions}
        )

    result = getattr(tw.nn.functional, function)(tw.broadcast_to(tw.zeros(()), shape), **arguments)
    return Work("images", label(name, shape), make, nbytes=4.0 * (math.prod(shape) + result.size), goal=goal)

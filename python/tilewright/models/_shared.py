"""What several networks share: starting weights, and the docstrings of the functions that make them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeVar

from .. import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..nn import Module

    F = TypeVar("F", bound=Callable[..., Module])

_DOC = """{summary}

Parameters
----------
num_classes : int
    How many numbers there are for an image.
**options
    Of `{network}`, by name.

Returns
-------
{network}

References
----------
{reference}

Examples
--------
>>> import tilewright as tw
>>> net = tw.models.{name}({example})
>>> net(tw.zeros({shape})).shape
({count}, 10)
"""


def he_normal(network: Module) -> None:
    """Normal weights of convolutions, by their fan-out, and biases of zero: He et al., Delving Deep into Rectifiers."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def weighted(network: Module) -> list[nn.Conv2d | nn.Linear]:
    """Its convolutions and linear layers, in order."""
    return [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def narrow_normal(layers: list[nn.Conv2d | nn.Linear], bias: float = 0.0) -> None:
    """Normal weights of a standard deviation of 0.01, and equal biases."""
    for layer in layers:
        nn.init.normal_(layer.weight, std=0.01)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, bias)


def documented(
    network: type, reference: str, example: str = "num_classes=10", shape: tuple[int, ...] = (2, 3, 32, 32)
) -> Callable[[F], F]:
    """Completes the docstring of a function that makes a network; its example has `shape` as input and 10 classes."""

    def complete(function: F) -> F:
        if function.__doc__ is not None:  # python -OO
            function.__doc__ = _DOC.format(
                summary=inspect.cleandoc(function.__doc__),
                network=network.__name__,
                reference=reference,
                name=function.__name__,
                example=example,
                shape=shape,
                count=shape[0],
            )
        return function

    return complete

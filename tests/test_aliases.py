"""Second names of functions, and which module an array says that it belongs to."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

import tilewright as tw
import tilewright.numpy as twnp
from tilewright import nn
from tilewright._functions.aliases import ALIASES

ROOT = Path(__file__).parent.parent
NAMES_OF_NUMPY = {
    name: value for name, value in vars(np).items() if callable(value) and not inspect.isclass(value) and name[0] != "_"
}


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_the_function(alias):
    function, name = ALIASES[alias], ALIASES[alias].__name__
    assert alias != name and getattr(tw, alias) is function is getattr(tw, name)
    assert alias in tw.__all__ and alias in dir(tw)
    assert getattr(twnp, alias) is getattr(twnp, name)
    assert alias in twnp.__all__


@pytest.mark.parametrize("alias", ALIASES)
def test_it_is_one_in_numpy(alias):
    name = ALIASES[alias].__name__
    assert hasattr(np, alias)
    if hasattr(np, name):
        assert getattr(np, alias) is getattr(np, name)


def test_every_second_name_in_numpy_is_there():
    """Where two names stand for one function of NumPy's, and tilewright has one of them, it has the other."""
    own = {id(getattr(tw, name)): name for name in tw.__all__ if name in NAMES_OF_NUMPY}
    missing = [
        f"{other}, which is NumPy's {name}"
        for name in own.values()
        for other, function in NAMES_OF_NUMPY.items()
        if function is NAMES_OF_NUMPY[name] and not hasattr(tw, other)
    ]
    assert not missing


def test_the_table_has_no_name_that_a_family_gives():
    names = {id(getattr(tw, name)): name for name in tw.__all__ if name not in ALIASES}
    assert all(names[id(function)] == function.__name__ for function in ALIASES.values())
    assert not set(ALIASES) & {name for name in tw.__all__ if getattr(tw, name).__class__ is type}


def test_type_checkers_know_them():
    stub = (ROOT / "python" / "tilewright" / "_functions" / "aliases.pyi").read_text()
    for alias, function in ALIASES.items():
        assert f"{function.__name__} as {alias}" in stub and f'"{alias}"' in stub


def test_aliases_compute():
    x = tw.asarray([-1.5, 2.0])
    assert tw.absolute(x).tolist() == [1.5, 2.0] and tw.pow(x, 2).tolist() == [2.25, 4.0]
    assert tw.concat([x, x], 0).shape == (4,) and tw.transpose(tw.zeros((2, 3))).shape == (3, 2)
    assert type(twnp.absolute([-1.0])) is twnp.ndarray


# ---- __array_namespace__ ---------------------------------------------------------------------------------------------


def test_the_namespace_of_an_array():
    for x in (tw.ones(2), tw.asarray(1), nn.Parameter(tw.ones(2)), tw.ones(2).requires_grad_() * 2):
        assert x.__array_namespace__() is tw
        for version in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            assert x.__array_namespace__(api_version=version) is tw
    assert twnp.ones(2).__array_namespace__() is twnp.array([1]).__array_namespace__(api_version="2023.12") is twnp


def test_namespace_of_what_a_function_gives():
    def f(x):
        xp = x.__array_namespace__()
        return xp.sum(xp.concat([x, xp.zeros(1)]))

    assert type(f(tw.ones(2))) is tw.Tensor and type(f(twnp.ones(2))) is twnp.ndarray


@pytest.mark.parametrize(
    ("version", "error"),
    [("2020.12", ValueError), ("", ValueError), ("latest", ValueError), (2023.12, TypeError), (b"2023.12", TypeError)],
)
def test_versions_that_are_not_known(version, error):
    with pytest.raises(error, match=r"__array_namespace__: api_version is .*, but must be"):
        tw.ones(2).__array_namespace__(api_version=version)
    with pytest.raises(TypeError, match="positional"):
        tw.ones(2).__array_namespace__("2023.12")

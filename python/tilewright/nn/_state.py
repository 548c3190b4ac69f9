"""The state of a module: what it has under which path, and taking over values, all of them or none."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written
from ._traversal import join, text, walk_all
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .._engine.tensor import Tensor
    from .module import Module


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` could not match: a pair of lists.

    Attributes
    ----------
    missing_keys
        Names that only the module has.
    unexpected_keys
        Names that only the given values have.
    """

    missing_keys: list[str]
    unexpected_keys: list[str]


def named_state(root: Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers under every path that leads to them: shared ones appear more than once."""
    for path, module in walk_all(root):
        for name, value in list(module._members()):
            if isinstance(value, Parameter):
                yield join(path, name), value
        for name, persistent in module._buffers.items():
            value = getattr(module, name)
            if persistent and value is not None:
                yield join(path, name), value


# ---- methods of Module -----------------------------------------------------------------------------------------------


def state_dict(self: Module, *, prefix: str = "") -> dict[str, Tensor]:
    """The values of all parameters and persistent buffers by dotted path.

    Parameters
    ----------
    prefix : str
        What every name begins with, such as "encoder.".

    Returns
    -------
    dict of str to Tensor
        They share memory with the module: copy what has to outlive the next training step. A module that is used in
        several places appears under each path; of modules that hold each other, no path has one twice.

    Raises
    ------
    TypeError
        For a prefix that is no str.

    Examples
    --------
    >>> from tilewright import nn
    >>> list(nn.Linear(3, 2).state_dict())
    ['weight', 'bias']
    """
    prefix = text("state_dict", "prefix", prefix)
    return {prefix + path: tensor.detach() for path, tensor in named_state(self)}


def load_state_dict(
    self: Module, state_dict: Mapping[str, Any], strict: bool = True, *, skip_mismatched: bool = False
) -> IncompatibleKeys:
    """Copy values into the parameters and persistent buffers: all of them, or on an error none.

    Parameters
    ----------
    state_dict : mapping of str to array-like
        Values by dotted path, as `state_dict` gives them; cast to the module's dtypes. They may share memory with
        the module: each counts as it was before the call.
    strict : bool
        Whether names that only one side has are an error.
    skip_mismatched : bool
        Whether a value of another shape than the module's is passed over rather than an error: the module keeps what it
        has there, as with a new head on a trained network. Its name is then in both lists of the result.

    Returns
    -------
    IncompatibleKeys
        A pair of lists of str: `missing_keys`, which `state_dict` lacks, and `unexpected_keys`, which the module lacks.

    Raises
    ------
    ValueError
        Listing every missing, unexpected and mis-shaped name, and every tensor of the module that is read-only.
        Shapes must match even where `strict` is False, unless `skip_mismatched` is True.
    TypeError
        For anything but a mapping of str to array-like, and where a value is complex but the module's is not.

    Notes
    -----
    To load a part of a bigger network, pick its names and cut off their beginning, as in the second example.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer, twin = nn.Linear(3, 2), nn.Linear(3, 2)
    >>> twin.load_state_dict(layer.state_dict())
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> values = nn.ModuleDict({"encoder": nn.Linear(3, 2), "head": nn.Linear(2, 1)}).state_dict()
    >>> part = {k.removeprefix("encoder."): v for k, v in values.items() if k.startswith("encoder.")}
    >>> twin.load_state_dict(part)
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    >>> nn.Linear(3, 5).load_state_dict(part, skip_mismatched=True)
    IncompatibleKeys(missing_keys=['weight', 'bias'], unexpected_keys=['weight', 'bias'])
    """
    strict = arguments.flag("load_state_dict", "strict", strict)
    return _load(self, state_dict, strict, arguments.flag("load_state_dict", "skip_mismatched", skip_mismatched))


# ---- loading ---------------------------------------------------------------------------------------------------------


def _load(root: Module, state_dict: Any, strict: bool, skip_mismatched: bool) -> IncompatibleKeys:
    """Everything that can raise comes before the first write."""
    own = dict(named_state(root))
    given = _read(state_dict)
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    pairs = [(name, own[name]._array, given[name]) for name in given if name in own]
    skipped = {name for name, mine, value in pairs if value.shape != mine.shape} if skip_mismatched else set()
    pairs = [pair for pair in pairs if pair[0] not in skipped]
    values, problems = _convert(pairs)
    names = [("missing", missing), ("unexpected", unexpected)] if strict else []
    listed = [f"{what}: {', '.join(which)}" for what, which in names if which]
    if listed or problems:
        head = f"load_state_dict: {type(root).__name__} cannot take these values"
        kind = TypeError if not listed and list(problems) == ["of another kind"] else ValueError
        raise kind("\n  ".join([head, *listed, *(f"{what}: {'; '.join(each)}" for what, each in problems.items())]))
    for (_, mine, _), value in zip(pairs, values, strict=True):
        _core.assign(mine, _core.to_device(value, mine.device))
    mark_written([mine for _, mine, _ in pairs])
    if skipped:
        missing = [name for name in own if name not in given or name in skipped]
        unexpected = [name for name in given if name not in own or name in skipped]
    return IncompatibleKeys(missing, unexpected)


def _read(state_dict: Any) -> dict[str, Any]:
    """The arrays that were given, by name."""
    if not hasattr(state_dict, "items"):
        hint = "; give its state_dict()" if hasattr(state_dict, "state_dict") else ""
        arguments.refuse("load_state_dict", "state_dict", state_dict, f"a mapping of names to arrays{hint}")
    given = {}
    for name, value in state_dict.items():
        if not isinstance(name, str):
            arguments.refuse("load_state_dict", "a name", name, "a str")
        given[name] = arguments.array("load_state_dict", name, value)._array
    return given


def _convert(pairs: list[tuple[str, Any, Any]]) -> tuple[list[Any], dict[str, list[str]]]:
    """What to write to each of the module's arrays, in its dtype and in memory that no write reaches; and problems."""
    problems: dict[str, list[str]] = {}
    values = []
    is_written = _overlap_with([mine for _, mine, _ in pairs])
    for name, mine, value in pairs:
        theirs = f"{name} is {value.shape}, but the module's is {mine.shape}"
        if value.shape != mine.shape:
            problems.setdefault("mis-shaped", []).append(theirs)
            continue
        if mine.readonly:
            problems.setdefault("read-only in the module", []).append(name)
        try:
            values.append(_core.astype(value, mine.dtype, is_written(value)))
        except (TypeError, ValueError):
            text = f"{name} is {value.dtype.name}, but the module's is {mine.dtype.name}"
            problems.setdefault("of another kind", []).append(text)
    return values, problems


def _overlap_with(arrays: Iterable[Any]) -> Callable[[Any], bool]:
    """A function that says whether an array may share memory with one of these."""
    spans = sorted(_span(array) for array in arrays)
    starts = [start for start, _ in spans]
    reach = list(accumulate((stop for _, stop in spans), max))

    def overlaps(array: Any) -> bool:
        start, stop = _span(array)
        before = bisect_left(starts, stop)
        return before > 0 and reach[before - 1] > start

    return overlaps


def _span(array: Any) -> tuple[int, int]:
    """The addresses between which the elements of an array lie."""
    start = stop = array.data_ptr
    if array.size:
        for extent, stride in zip(array.shape, array.strides, strict=True):
            start += min(0, (extent - 1) * stride)
            stop += max(0, (extent - 1) * stride)
        stop += array.itemsize
    return start, stop

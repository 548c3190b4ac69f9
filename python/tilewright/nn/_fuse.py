"""Whole networks as one call: recorded once, made again without Python."""

from __future__ import annotations

import os
import threading
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core
from .._engine import arguments
from .._engine.op import wrap
from .._engine.tape import OFF, state
from .._engine.tensor import Tensor, asarray
from .._engine.tree import leaves, rebuild
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fused", "fuse"]

_MOST_PROGRAMS = 32
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Recorded(NamedTuple):
    """What one kind of call was recorded as."""

    kind: Any  # of its arguments but for the tensors: see _Arguments
    plain: bool  # they were tensors by position
    program: Any  # _core.Program
    result: Any  # what the model gave, with None for tensors, if that was no single one
    places: tuple[int, ...] | None  # of the tensors among its leaves

    def give(self, results: Any) -> Any:
        """What the model gives, of the program's results."""
        if self.places is None:
            return results
        given = leaves(self.result)
        for place, tensor in zip(self.places, results if isinstance(results, tuple) else (results,), strict=True):
            given[place] = tensor
        return rebuild(self.result, given)


class _Arguments:
    """The arguments of a call, taken apart: tensors, and what they stand in, which can be compared."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.tree = (args, kwargs)
        self.leaves = [asarray(leaf) if _is_numpy(leaf) else leaf for leaf in leaves(self.tree, "fuse")]
        self.tensors = [leaf for leaf in self.leaves if isinstance(leaf, Tensor)]
        self.kind = state.casting, _kind(self.tree)

    def with_tensors(self, tensors: list[Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other tensors."""
        source = iter(tensors)
        return rebuild(self.tree, [next(source) if isinstance(leaf, Tensor) else leaf for leaf in self.leaves])


def _is_numpy(x: Any) -> bool:
    return type(x).__module__ == "numpy" and hasattr(x, "__array_interface__")


def _kind(tree: Any) -> Any:
    """Equal for trees that differ in tensors alone. TypeError for a leaf that cannot be compared."""
    if isinstance(tree, dict):
        return dict, tuple((key, _kind(branch)) for key, branch in tree.items())
    if isinstance(tree, (tuple, list)):
        return type(tree), tuple([_kind(branch) for branch in tree])
    if isinstance(tree, Tensor) or _is_numpy(tree):
        return Tensor
    if not (tree is None or isinstance(tree, (bool, int, float, complex, str, bytes, _core.DType))):
        raise TypeError(
            f"fuse: an argument holds a {type(tree).__name__}, but may hold tensors, NumPy's arrays, numbers, strings, "
            "dtypes and None, in tuples, lists and dicts"
        )
    return type(tree), tree


class Fused:
    """A model for inference that makes the calls of its kernels without Python: what `fuse` gives.

    Called as the model is. Results want no gradient.

    Parameters
    ----------
    model : Module
        See `fuse`.
    exact : bool
        See `fuse`.

    Attributes
    ----------
    model : Module
        The model.
    exact : bool
        Whether results are those of the model, bit for bit.

    Examples
    --------
    >>> import tilewright as tw
    >>> fast = tw.nn.fuse(tw.nn.Linear(4, 2))
    >>> fast(tw.zeros((3, 4)))
    tensor([[0., 0.],
            [0., 0.],
            [0., 0.]])
    """

    def __init__(self, model: Module, exact: bool = False) -> None:
        if not isinstance(model, Module):
            arguments.refuse("fuse", "model", model, "a Module")
        self.model = model
        self.exact = arguments.flag("fuse", "exact", exact)
        self._tiles = _core.set_winograd_(0)  # that hold where the model is fused, and in its recordings
        _core.set_winograd_(self._tiles)
        self._latest: _Recorded | None = None
        self._recorded: list[_Recorded] = []  # the latest first
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.model, self.exact), {"_tiles": self._tiles}

    def __repr__(self) -> str:
        return f"Fused({self.model!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        latest = self._latest
        if latest is not None and latest.plain and latest.kind[0] is state.casting and not kwargs:
            results = latest.program(*args)
            if results is not NotImplemented:
                return results if latest.places is None else latest.give(results)
        return self._call(_Arguments(args, kwargs))

    def _call(self, given: _Arguments) -> Any:
        if state.mode and any(tensor.requires_grad for tensor in given.tensors):
            raise RuntimeError(
                "fuse: an input wants a gradient, which only the model gives; detach it, or use no_grad()"
            )
        if _core.is_recording():  # a part of a model that is recorded itself
            return _evaluate(self.model, *given.with_tensors(given.tensors))
        for recorded in self._recorded:
            if recorded.kind != given.kind:
                continue
            results = recorded.program(*given.tensors)
            if results is not NotImplemented:
                self._latest = recorded
                return recorded.give(results)
        with self._lock:
            recorded = _record(self.model, given, self.exact, self._tiles)
            kept = [other for other in self._recorded if other.program.holds()]
            self._recorded = [recorded, *kept[: _MOST_PROGRAMS - 1]]
            self._latest = recorded
        results = recorded.program(*given.tensors)
        if results is NotImplemented:
            raise RuntimeError("fuse: the model was changed by another thread while it was recorded")
        return recorded.give(results)

    def explain(self) -> str:
        """What is done in a call: for each kind of call that was recorded, the latest first.

        Returns
        -------
        str
            A line for each kernel call; below it what rewrites made of it, and what they could not do, and why. At the
            end the bytes that temporaries take, with and without sharing memory.

        Raises
        ------
        RuntimeError
            Where nothing has been recorded yet.

        Examples
        --------
        >>> import tilewright as tw
        >>> from tilewright import nn
        >>> net = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 2))
        >>> print(nn.fuse(net, tw.ones((3, 4)), exact=True).explain())
        inputs: (3, 4) float32
        gemm.run (3, 4) x (4, 8) float32 + bias
        leaky_relu (24,) float32
            in place of operand 1
        gemm.run (3, 8) x (8, 2) float32 + bias
        temporaries: 96 bytes, 96 without a plan
        """
        if not self._recorded:
            raise RuntimeError("explain: nothing has been recorded yet; call the fused model, or give fuse() examples")
        return "\n\n".join(recorded.program.describe() for recorded in self._recorded)


def fuse(model: Module, /, *example_inputs: Any, exact: bool = False) -> Fused:
    """A model for inference that makes the calls of its kernels without Python.

    Parameters
    ----------
    model : Module
        Whose `forward` computes its results from its arguments by ops of tilewright.
    *example_inputs : Tensor, or tuple, list or dict of them
        Arguments of one call, which is recorded at once. Without them, and for tensors of other shapes, strides, dtypes
        or for other numbers, the first call is recorded.
    exact : bool
        Leave out the rewrites that change the order in which numbers are added or rounded, so that results are the
        model's, bit for bit.

    Returns
    -------
    Fused
        Called as the model is; `explain()` says what is done in a call.

    Raises
    ------
    TypeError
        Where `model` is no Module, or an argument holds something else than tensors, numbers, strings and None.
    RuntimeError
        For what cannot be recorded: Python that looks at values that depend on the inputs (`item`, `if x > 0`, a mask
        as an index), with the line where it does; writing to an input, or to a tensor that is older than the call;
        random numbers. When called, for a tensor that wants a gradient, unless in `no_grad`.

    Notes
    -----
    The model runs once, in evaluation mode and without recording gradients, and each call of a kernel is noted. After
    that its Python is not run again: hooks, prints and attributes that `forward` sets take no part. At most 32 kinds of
    calls are kept.

    Then the calls are rewritten. What does not depend on the inputs is computed once; sums and activations behind a
    product become a part of it; constant matrices, and the weights of convolutions that take Winograd's filtering or
    have few pixels, are laid out as they are read, which takes their memory again, or up to four times as much; taps of
    a kernel that meet nothing but padding are left out; elementwise ops write over what nobody needs any more; and
    temporaries share one block of memory.

    Convolutions take the tiles that `nn.winograd` allows where `fuse` is called, in later recordings, too.

    Weights may change. Writes to parameters and buffers by ops and optimisers, and other tensors and modules in their
    places, are noticed; where a value was used beforehand, the next call is recorded anew. Writes to a weight through
    a NumPy array that shares its memory are not noticed where the weight is packed, nor are other attributes of modules
    (`fuse` the model again).

    Any number of threads may call it. While a call is recorded, the model is in evaluation mode for other threads, too.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> x = tw.ones((3, 4))
    >>> fast = nn.fuse(net, x)
    >>> bool(tw.all(tw.abs(fast(x) - net(x)) < 1e-5))
    True
    """
    fused = Fused(model, exact)
    if example_inputs:
        fused(*example_inputs)
    return fused


# ---- recording -------------------------------------------------------------------------------------------------------


def _record(model: Module, given: _Arguments, exact: bool, tiles: int) -> _Recorded:
    recording = _core.Recording([tensor._array for tensor in given.tensors])
    parts = list(_parts(model))
    inputs = [wrap(a, None, t) for a, t in zip(recording.inputs, given.tensors, strict=True)]
    args, kwargs = given.with_tensors(inputs)
    tiles_before = _core.set_winograd_(tiles)
    recording.start()
    try:
        result = _evaluate(model, args, kwargs)
    except _core.RecordingError as error:
        raise RuntimeError(f"fuse: {error}{_where(error)}") from None
    finally:
        recording.stop()
        _core.set_winograd_(tiles_before)
    given_back = leaves(result, "fuse")
    places = [i for i, leaf in enumerate(given_back) if isinstance(leaf, Tensor)]
    tensors = [given_back[i] for i in places]
    try:
        program = recording.program(given.tensors, tensors, parts, exact)
    except _core.RecordingError as error:
        raise RuntimeError(f"fuse: {error}") from None
    single = isinstance(result, Tensor)
    frame = None if single else rebuild(result, [None if isinstance(x, Tensor) else x for x in given_back])
    plain = not kwargs and all(isinstance(arg, Tensor) for arg in given.tree[0])
    return _Recorded(given.kind, plain, program, frame, None if single else tuple(places))


def _evaluate(model: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the model in evaluation mode, without recording gradients."""
    modes = [(module, module.training) for module in model.modules() if module.training]
    recording = state.mode
    state.mode = OFF
    try:
        for module, _ in modes:
            module.training = False
        return model(*args, **kwargs)
    finally:
        state.mode = recording
        for module, mode in modes:
            module.training = mode


def _where(error: BaseException) -> str:
    """The innermost line of the traceback that is the user's."""
    lines = [
        f" (at {frame.filename}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(_PACKAGE)
    ]
    return lines[-1] if lines else ""


def _parts(model: Module) -> Iterator[tuple[dict[str, Any], str | None, Any]]:
    """What of the model a program is made from: see `Part` in csrc/bind/graph.cpp."""
    for module in model.modules():
        own = module.__dict__
        for held in (own, *(value for value in own.values() if type(value) is dict)):
            for name, value in held.items():
                if value is None or isinstance(value, (Tensor, Module, Fused)):
                    yield held, name, value
                if isinstance(value, Fused):
                    yield from _parts(value.model)
            if held is not own:
                yield held, None, None

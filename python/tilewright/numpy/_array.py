"""ndarray: the tensor that follows NumPy's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.arguments import flag, option
from .._engine.dtypes import DType, as_dtype
from .._engine.tensor import Tensor, _unpickle as _unpickle_tensor, asarray
from .._functions.indexing import _getitem, setitem
from .._functions.methods import _OPERATORS
from . import _fallback
from ._functions import FUNCTIONS
from ._layout import checked, flatiter
from ._rules import shortcut

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy


_reshape = Tensor.reshape


class ndarray(Tensor):
    """A tensor that NumPy programs take for an array of NumPy's.

    Made by `array`, `asarray` and the creation functions, not by calling the class. What an operation on an ndarray
    gives is an ndarray, other tensors among the operands or not, and has the dtype that NumPy gives it: float64 from
    Python's floats and from integers. Gradients, devices and memory are those of `tilewright.Tensor`.

    Notes
    -----
    NumPy gives numbers, its scalars, where the result has no axes. Here that is an ndarray without axes, which behaves
    as a number does: picking an element copies it, `x += 1` gives a new one and leaves the old one, and it has a hash.
    """

    __slots__ = ()

    __module__ = "tilewright.numpy"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("ndarray: cannot be called; use array(data) or zeros(shape)")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        raise TypeError("ndarray cannot be subclassed")

    # ---- as NumPy prints it ------------------------------------------------------------------------------------------

    def _printed(self) -> numpy.ndarray:
        import numpy

        array = _core.to_host("repr", self._array)
        return numpy.asarray(_core.astype(array, DType.float32, True) if array.dtype == DType.bfloat16 else array)

    def __repr__(self) -> str:
        text = repr(self._printed())
        extra = ", dtype=bfloat16" if self.dtype == DType.bfloat16 else ""
        if self._node is not None:
            plan = getattr(self._node, "plan", None)
            extra += f", op={plan.name}" if plan else ", requires_grad=True"
        return text.replace(", dtype=float32)", ")")[:-1] + extra + ")" if extra else text

    def __str__(self) -> str:
        return str(self._printed()[()])

    def __format__(self, spec: str) -> str:
        return str(self) if spec == "" else super().__format__(spec)

    @shortcut
    def __len__(self) -> int:
        return super().__len__()

    # ---- what has no axes behaves as a number ------------------------------------------------------------------------

    def __hash__(self) -> int:
        if self._node is not None:  # a parameter, whose value changes while an optimiser keeps its state
            return object.__hash__(self)
        if self._array.ndim:
            raise TypeError("unhashable type: 'ndarray'")
        return hash(self.item())

    def __round__(self, ndigits: int | None = None) -> Any:
        if self._array.ndim:
            raise TypeError("round: takes numbers and 0-d arrays; use np.round")
        return round(self.item(), ndigits)  # type: ignore[arg-type]

    @shortcut
    def __getitem__(self, key: Any, /) -> Any:
        y = _getitem(self, key)
        entries = key if type(key) is tuple else (key,)
        return y if y._array.ndim or any(entry is Ellipsis for entry in entries) else y.copy()

    @shortcut
    def __setitem__(self, key: Any, value: Any) -> None:
        _core.under_rules_of((self,), setitem, self, key, value)

    # ---- copies ------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, super().__reduce__()[1]

    # ---- methods that differ from Tensor's ---------------------------------------------------------------------------

    @shortcut
    def copy(self, order: str = "C") -> Tensor:
        """A copy, in an order (see `np.copy`); gradients flow through."""
        return FUNCTIONS["copy"](self, order)

    @shortcut
    def flatten(self, order: str = "C") -> Tensor:
        """All elements along one axis, in an order (see `ravel`); always a copy."""
        return FUNCTIONS["ravel"](self, order).copy()

    @shortcut
    def reshape(self, *shape: Any, **keywords: Any) -> Tensor:
        """The same elements under another shape; `order=` and `copy=` as in `np.reshape`."""
        if keywords:
            return FUNCTIONS["reshape"](self, *(shape if len(shape) == 1 else (shape,) if shape else ()), **keywords)
        return _reshape(self, *shape)

    @shortcut
    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Tensor:
        """The elements in another dtype, in memory of their own where `copy` is True or it is another one."""
        option("astype", "casting", casting, ("no", "equiv", "safe", "same_kind", "unsafe"))
        flag("astype", "subok", subok)
        if casting != "unsafe" and not _fallback.fallback("can_cast")(self.dtype, dtype, casting):
            raise TypeError(f"astype: {self.dtype.name} cannot become {as_dtype(dtype).name} by the rule {casting!r}")
        y = FUNCTIONS["astype"](self, dtype, copy=copy)
        letter = checked("astype", order, "CFAK", "K")
        return y if letter in "KC" else FUNCTIONS["asarray"](y, order=letter)

    @property
    def flat(self) -> flatiter:
        """The elements in C order, to be read, written and gone through."""
        return flatiter(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        flatiter(self)[...] = value

    def tobytes(self, order: str = "C") -> bytes:
        """The elements' bytes, in an order."""
        return self.detach().numpy().tobytes(checked("tobytes", order, "CFAK", "C"))  # type: ignore[arg-type]

    def dot(self, b: Any, out: Any = None) -> Any:
        """See `np.dot`."""
        return FUNCTIONS["dot"](self, b, out)

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None) -> None:
        """Put the elements in ascending order along an axis, in place."""
        self[...] = FUNCTIONS["sort"](self, axis, kind, order)

    def partition(self, kth: Any, axis: int = -1) -> None:
        """Put the element that belongs at a place there, lower ones before it, along an axis, in place."""
        self[...] = FUNCTIONS["partition"](self, kth, axis)

    def fill(self, value: complex) -> None:
        """Overwrite every element with a number."""
        self.fill_(value)


def _unpickle(*args: Any) -> ndarray:
    return _core.as_ndarray(_unpickle_tensor(*args))


_unpickle.__module__ = ndarray.__module__


def _in_place(name: str, op: Any) -> Callable[[ndarray, Any], Any]:
    """`x op= other`: writes to x, but as with NumPy's scalars gives something new where x has no axes."""
    write = getattr(Tensor, name)

    def apply(self: ndarray, other: Any) -> Any:
        if not self._array.ndim:
            return op(self, other)
        return _core.under_rules_of((self,), write, self, other)

    apply.__name__ = name
    return apply


for _name in _OPERATORS:
    setattr(ndarray, f"__i{_name}__", _in_place(f"__i{_name}__", getattr(Tensor, f"__{_name}__")))

# The functions that NumPy has as methods, with the same arguments.
_METHODS = (
    *(
        "all",
        "any",
        "argmax",
        "argmin",
        "argpartition",
        "argsort",
        "choose",
        "clip",
        "conj",
        "conjugate",
        "cumprod",
        "cumsum",
    ),
    *("diagonal", "max", "mean", "min", "nonzero", "put", "repeat"),
    *("prod", "ravel", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
)
for _name in _METHODS:
    setattr(ndarray, _name, FUNCTIONS[_name])

_core.set_ndarray_type(ndarray)


def _number(self: DType, value: Any = 0) -> Any:
    """A number, or array, of a dtype: `np.float64(3)`."""
    return _core.as_ndarray(asarray(value, self, copy=True))


setattr(DType, "__call__", _number)  # noqa: B010 - in C++ it has none


def _of_dtype(cls: type, dtype: Any, align: bool = False, copy: bool = False) -> DType:
    """The dtype that something names: `np.dtype("float64")`."""
    return _core.under_numpy_rules(as_dtype, (dtype,), {})


setattr(DType, "__new__", staticmethod(_of_dtype))  # noqa: B010 - its members are all that there are
setattr(DType, "__init__", object.__init__)  # noqa: B010

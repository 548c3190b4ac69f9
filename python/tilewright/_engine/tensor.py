"""Tensor: a `_core.Array` with its place on the tape."""

from __future__ import annotations

import sys

from .. import _core
from .arguments import device as checked_device, flag, integers, option, refuse, shown
from .backward import accumulate, run_backward
from .dtypes import DType, as_dtype
from .registry import needed
from .tape import Leaf, add_hook, retain_grad, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import numpy as np

    from .declared import Methods
else:
    Methods = object

__all__ = ["Tensor", "asarray", "from_dlpack"]

_new = object.__new__
_STANDARDS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")  # versions of the Array API standard


class Tensor(_core.TensorBase, Methods):
    """An n-dimensional array of one dtype that gradients can flow through.

    Made by `asarray` and the creation functions, not by calling the class. Methods and attributes are NumPy's, with
    `requires_grad`, `grad`, `backward()` and `detach()` beside them. Basic indexing, `reshape` where strides allow, and
    transposes are views: writing to one writes to the array it came from.
    """

    __slots__ = ("__weakref__",)

    __array_priority__ = 1000.0  # above that of NumPy's arrays and matrices, which it tells who decides

    __module__ = "tilewright._tensor"  # where pickles look for it

    _array: Any
    _node: Any
    _namespace: Any  # the module whose functions give this class, which says so

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("Tensor cannot be called; use tilewright.asarray(data)")

    # ---- what it is --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._array.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next along each axis."""
        return self._array.strides

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._array.size

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes that the elements take: `size * itemsize`."""
        return self._array.size * self._array.itemsize

    @property
    def device(self) -> str:
        """Where the data is: "cpu", or for instance "cuda:0"."""
        return self._array.device

    def __len__(self) -> int:
        shape = self._array.shape
        if not shape:
            raise TypeError("len: a 0-d array has no length")
        return shape[0]

    def __contains__(self, value: Any) -> bool:
        found = self == value  # by a class that compares itself, anything
        return bool(found.any() if isinstance(found, Tensor) else found)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        import numpy as np

        data = _core.to_host("repr", self._array)
        if data.dtype == DType.bfloat16:
            data = _core.astype(data, DType.float32, True)
        text = np.array2string(np.asarray(data), separator=", ", prefix="tensor(", threshold=1000)
        extra = "" if self.dtype in (DType.float32, DType.int64, DType.bool) else f", dtype={self.dtype.name}"
        if self._node is not None:
            plan = getattr(self._node, "plan", None)
            extra += f", op={plan.name}" if plan else ", requires_grad=True"
        return f"tensor({text}{extra})"

    def __format__(self, spec: str) -> str:
        if not isinstance(spec, str):
            refuse("__format__", "spec", spec, "a str")
        try:
            return format(self.item(), spec) if self._array.ndim == 0 else format(repr(self), spec)
        except ValueError as error:
            raise ValueError(f"__format__: {error} (shape {self.shape})") from None

    __hash__ = object.__hash__  # by identity, although == compares elements

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise RuntimeError("pickle: only tensors made by the user can be pickled; detach() this one first")
        values = self.detach()
        if self.dtype == DType.bfloat16:
            values = _wrap(_core.astype(self._array, DType.float32, True))
        return _unpickle, (values.numpy().copy(), self.dtype.name, self.requires_grad)

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({}) if self.is_leaf else self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None and not isinstance(self._node, Leaf):
            raise RuntimeError("deepcopy: only tensors made by the user can be copied deeply; detach() this one first")
        t = _new(type(self))
        t._array = _core.astype(self._array, self._array.dtype, True)
        t._node = None if self._node is None else Leaf(t._array.shape)
        memo[id(self)] = t
        return t

    # ---- to other types ----------------------------------------------------------------------------------------------

    def item(self) -> bool | int | float | complex:
        """The only element as a Python number.

        Raises
        ------
        ValueError
            Where there is not exactly one element.
        """
        return _core.item(self._array)

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return _core.tolist(self._array)

    def numpy(self) -> np.ndarray:
        """The data as a NumPy array that shares its memory; from another device than the CPU, a copy of it.

        Raises
        ------
        RuntimeError
            For a tensor that gradients flow through; `detach()` it first.
        TypeError
            For bfloat16, which NumPy does not have.
        """
        import numpy as np

        if self._node is not None and state.mode:
            raise RuntimeError("numpy: the tensor requires grad, and NumPy does not record; use x.detach().numpy()")
        if self.dtype == DType.bfloat16:
            raise TypeError("numpy: NumPy has no bfloat16; use x.astype('float32').numpy()")
        return np.asarray(_core.to_host("numpy", self._array))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        import numpy as np

        copy = None if copy is None else flag("__array__", "copy", copy)
        array = self.detach().numpy()
        if copy is False and dtype is not None and np.dtype(dtype) != array.dtype:
            raise ValueError(f"__array__: copy=False, but dtype {array.dtype} has to become {np.dtype(dtype)}")
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A DLPack capsule (https://dmlc.github.io/dlpack/latest/python_spec.html)."""
        if self.device != "cpu":
            raise BufferError(f"__dlpack__: the tensor is on {self.device}; use to('cpu') first")
        if stream is not None:
            raise ValueError(f"__dlpack__: stream is {stream!r}, but must be None for data on the CPU")
        if dl_device is not None and not (isinstance(dl_device, tuple) and dl_device == (1, 0)):
            raise BufferError(f"__dlpack__: cannot export from the CPU to device {shown(dl_device)}")
        copy = None if copy is None else flag("__dlpack__", "copy", copy)
        version = (0, 0) if max_version is None else integers("__dlpack__", "max_version", max_version)
        if self._node is not None and state.mode:
            raise BufferError("__dlpack__: the tensor requires grad, and its receiver does not record; detach() it")
        array = _core.astype(self._array, self.dtype, True) if copy else self._array
        return _core.to_dlpack(array, version >= (1, 0), bool(copy))

    def __dlpack_device__(self) -> tuple[int, int]:
        if self.device != "cpu":
            raise BufferError(f"__dlpack_device__: the tensor is on {self.device}; use to('cpu') first")
        return (1, 0)

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The module whose functions are for this array (https://data-apis.org/array-api/).

        Parameters
        ----------
        api_version : str, optional
            Of the standard that the functions should follow; by default the newest that this library follows.

        Returns
        -------
        module
            `tilewright`, of an ndarray of `tilewright.numpy` that.

        Raises
        ------
        ValueError
            For a version that is not known.
        TypeError
            For one that is no str.

        Examples
        --------
        >>> import tilewright as tw
        >>> xp = tw.ones(2).__array_namespace__()
        >>> xp.sum(xp.ones(2))
        tensor(2.)
        """
        if api_version is not None:
            option("__array_namespace__", "api_version", api_version, _STANDARDS)
        return self._namespace

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ValueError(f"bool: the truth of an array of shape {self.shape} is ambiguous; use any() or all()")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())  # type: ignore[arg-type]

    def __float__(self) -> float:
        return float(self.item())  # type: ignore[arg-type]

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        value = self.item() if self._array.ndim == 0 else None
        if not isinstance(value, int):
            raise TypeError(f"index: an array of shape {self.shape} and dtype {self.dtype.name} is not an integer")
        return value

    def to(self, device: str) -> Tensor:
        """The tensor on a device: itself where it is there already, else a copy that gradients flow back through.

        Raises
        ------
        ValueError
            For a device that there is not, or not on this machine.
        """
        target = checked_device("to", device)
        return self if target == self._array.device else needed.to_device(self, target)

    def to_device(self, device: str, /, *, stream: Any = None) -> Tensor:
        """`to(device)`, under the name that the Array API standard has for it.

        Raises
        ------
        ValueError
            For a device that there is not, or not on this machine; for a stream, since copies wait for what is queued.
        """
        if stream is not None:
            raise ValueError(f"to_device: stream is {shown(stream)}, but must be None")
        return self.to(device)

    # ---- gradients ---------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow through this tensor. Settable on tensors that no op made."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        value = flag("requires_grad", "the value", value)
        if self._node is not None and not isinstance(self._node, Leaf):
            if not value:
                raise RuntimeError("requires_grad: this tensor was made by an op; use detach() to cut it off")
            return
        if value and not self.dtype.is_inexact:
            raise TypeError(
                f"requires_grad: dtype is {self.dtype.name}, but only floating and complex dtypes have gradients"
            )
        if value and self._node is None:
            self._node = Leaf(self.shape)
        elif not value:
            self._node = None

    def requires_grad_(self, value: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = value
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made this tensor."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad(self) -> Tensor | None:
        """Gradient that backward accumulated here: of leaves, and where `retain_grad()` was called."""
        gradient = getattr(self._node, "grad", None)
        return None if gradient is None else _core.like(self, gradient)

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if self._node is None:
            if value is None:
                return
            raise RuntimeError("grad: set requires_grad first")
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"grad: got a {type(value).__name__}, but needs a Tensor or None")
        if value is not None and value.shape != self.shape:
            raise ValueError(f"grad: shape {value.shape} does not match the tensor's {self.shape}")
        if value is not None and value.dtype != self.dtype:
            raise TypeError(f"grad: dtype {value.dtype.name} does not match the tensor's {self.dtype.name}")
        self._node.grad = value

    def backward(self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Compute gradients of this tensor and add them to the `.grad` of the leaves it depends on.

        Parameters
        ----------
        gradient : array-like, optional
            Cotangent to start from, of this tensor's shape. May be left out for a single real element: 1.
        retain_graph : bool
            Keep what the ops saved, so that backward can pass again.
        create_graph : bool
            Record the backward pass, so that the gradients can be differentiated.

        Raises
        ------
        RuntimeError
            Where nothing here requires a gradient, the graph was freed, a saved tensor was overwritten, or `gradient`
            is missing for several elements or complex ones.

        Notes
        -----
        The gradient with respect to a complex x is `dL/dRe(x) + i dL/dIm(x)`, the direction in which a real L grows
        fastest, as in PyTorch. The cotangent of a complex result c stands for L = Re(sum(conj(gradient) * c)).

        Notes
        -----
        A pass that raises changes no `.grad`. A `.grad` is added to in place where nothing else refers to it; where a
        variable, a view or a NumPy array does, they keep their values, and a new tensor takes its place.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        if self._node is None:
            raise RuntimeError("backward: this tensor does not require grad, nothing recorded leads to it")
        if type(retain_graph) is not bool or type(create_graph) is not bool:
            retain_graph = flag("backward", "retain_graph", retain_graph)
            create_graph = flag("backward", "create_graph", create_graph)
        if gradient is None:
            if self.dtype.is_complex:
                raise RuntimeError(
                    f"backward: a {self.dtype.name} tensor has no gradient of its own; start from a real one, such as "
                    "real(x) or abs(x), or pass `gradient`"
                )
            if self.size != 1:
                raise RuntimeError(
                    f"backward: a tensor of shape {self.shape} has no single gradient; pass `gradient` of that shape"
                )
            seed = filled_like(self, 1)
        else:
            seed = asarray(gradient, dtype=self.dtype)
            if seed.shape != self.shape:
                raise ValueError(f"backward: gradient has shape {seed.shape}, but the tensor has {self.shape}")
        lent = [seed]
        results = run_backward(
            [self._node],
            [seed],
            retain_graph=retain_graph,
            create_graph=create_graph,
            lent=lent,
            hold=not create_graph,
        )
        accumulate(results, lent)

    def detach(self) -> Tensor:
        """The same memory, cut off from the tape."""
        return _core.wrap(self._array, None, self)

    def retain_grad(self) -> None:
        """Have backward keep the gradient of this intermediate result in `.grad`."""
        if self._node is None:
            raise RuntimeError("retain_grad: the tensor does not require grad")
        if not isinstance(self._node, Leaf):
            retain_grad(self._node)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call `hook(gradient)` when backward reaches this tensor; what it returns, if anything, replaces the gradient.

        Returns
        -------
        callable
            Removes the hook.

        Raises
        ------
        RuntimeError
            Where the tensor does not require grad.
        TypeError
            For what cannot be called; in backward, where the hook returns something else than a tensor of the
            gradient's dtype, or None. (ValueError for another shape.)
        """
        if self._node is None:
            raise RuntimeError("register_hook: the tensor does not require grad")
        return add_hook(self._node, hook)

    # ---- writing -----------------------------------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        needed.setitem(self, key, value)

    def copy_(self, value: Any) -> Tensor:
        """Overwrite the elements with `value`, broadcast and cast, from any device; returns the tensor."""
        if isinstance(value, Tensor):
            value = value.to(self._array.device)
        needed.setitem(self, ..., value, "copy_")
        return self

    def fill_(self, value: complex) -> Tensor:
        """Overwrite every element with a number; returns the tensor."""
        return self.copy_(value)

    def zero_(self) -> Tensor:
        """Overwrite every element with zero; returns the tensor."""
        return self.copy_(0)


def _wrap(array: Any) -> Tensor:
    t = _new(Tensor)
    t._array = array
    t._node = None
    return t


def filled_like(x: Tensor, value: complex) -> Tensor:
    """A constant of the shape, dtype, device and class of x."""
    return _core.wrap(_core.full_like(x._array, value), None, x)


def _unpickle(data: Any, dtype: str, requires_grad: bool) -> Tensor:
    return asarray(data, dtype=dtype, requires_grad=requires_grad)


_unpickle.__module__ = Tensor.__module__


def asarray(
    data: Any, dtype: Any = None, *, device: str | None = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor from a number, nested lists, a NumPy array, or anything with a buffer or DLPack.

    Parameters
    ----------
    data : number, nested sequence, Tensor, or object with the buffer protocol or `__dlpack__`
        Python floats become float32, ints int64, bools bool, complex numbers complex64.
    dtype : dtype-like, optional
        Element type to convert to; by default the data's own.
    device : str, optional
        Where the result lies: "cpu", or for instance "cuda:0". By default where the data is: the CPU, unless it is a
        tensor.
    copy : bool, optional
        True always copies, False never does (and raises where it would have to), None copies only where needed.
    requires_grad : bool
        Make the result a leaf that gradients are kept for.

    Returns
    -------
    Tensor
        Shares memory with `data` where it can.

    Raises
    ------
    TypeError
        Where `data` is not array-like, or its dtype is unknown.
    ValueError
        For ragged lists, `copy=False` where a copy is needed, or a device that there is not.
    RuntimeError
        For a list that holds a tensor that requires grad, while ops are recorded: `stack` and `concatenate` carry it.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.asarray([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if isinstance(data, Tensor) and dtype is None and copy is None and requires_grad is False and device is None:
        return data
    copy = None if copy is None else flag("asarray", "copy", copy)
    requires_grad = flag("asarray", "requires_grad", requires_grad)
    if isinstance(data, Tensor):
        source, foreign = data._array, False
    else:
        source, foreign = _from_foreign(data, None if dtype is None else as_dtype(dtype)), True
        if copy is not None and (_is_scalar(data) or isinstance(data, (list, tuple, range))):
            if not copy:
                raise ValueError(f"asarray: copy=False, but a {type(data).__name__} can only be copied")
            copy = None
    if device is not None and checked_device("asarray", device) != source.device:
        if copy is False:
            raise ValueError(f"asarray: copy=False, but data on {source.device} has to go to {device}")
        if not foreign and data._node is not None and not requires_grad:
            return asarray(data.to(device), dtype)
        source, foreign, copy = _core.to_device(source, device), True, None  # nobody else's memory
    wanted = source.dtype if dtype is None else as_dtype(dtype)
    if wanted != source.dtype:
        if copy is False:
            raise ValueError(f"asarray: copy=False, but dtype {source.dtype.name} has to become {wanted.name}")
        if not foreign and data._node is not None and not requires_grad:
            return needed.astype(data, wanted)
        source = _core.astype(source, wanted, True)
    elif copy:
        if not foreign and data._node is not None and not requires_grad:
            return data.copy()
        source = _core.astype(source, wanted, True)
    elif not foreign and not requires_grad:
        return data
    result = _core.wrap(source, None, data)
    if requires_grad:
        result.requires_grad = True
    return result


def _numpy() -> Any:
    """NumPy, if anybody has imported it: without that there are no arrays of its."""
    return sys.modules.get("numpy")


def _is_scalar(data: Any) -> bool:
    """Whether it is a Python number or one of NumPy's scalars."""
    np = _numpy()
    return _core.is_number(data) or (np is not None and isinstance(data, np.generic))


def _from_foreign(data: Any, dtype: DType | None) -> Any:
    np = _numpy()
    if np is not None and isinstance(data, (np.ndarray, np.generic)):
        return _from_numpy(data)
    if _core.is_number(data):
        return _core.scalar(data, _core.default_dtype(data) if dtype is None else dtype)
    if isinstance(data, _core.Array):
        return data
    if isinstance(data, (list, tuple, range)):
        return _core.from_sequence(data, dtype)
    if isinstance(data, type):
        raise TypeError(f"asarray: cannot make an array of the class {data.__name__}")
    if hasattr(data, "__array_interface__"):
        return _through_numpy(data, data)
    if hasattr(data, "__dlpack__"):
        return from_dlpack(data)._array
    try:
        return _core.from_buffer(data, False)
    except (TypeError, ValueError, BufferError) as error:
        if hasattr(data, "__array__"):
            return _through_numpy(data, data.__array__())
        reason = str(error).removeprefix("asarray: ")
        raise TypeError(f"asarray: cannot make an array of a {type(data).__name__}: {reason}") from None


def _through_numpy(data: Any, described: Any) -> Any:
    """Of what describes its memory as NumPy's arrays do, an image for instance."""
    import numpy as np

    try:
        array = np.asarray(described)
    except (TypeError, ValueError) as error:
        raise TypeError(f"asarray: cannot make an array of a {type(data).__name__}: {error}") from None
    return _from_numpy(array)


def _from_numpy(data: Any) -> Any:
    """Of an array of NumPy's; of a scalar a copy, which can be written to."""
    is_scalar = not hasattr(data, "__setitem__")
    try:
        return _core.from_buffer(data, is_scalar)
    except (TypeError, ValueError, BufferError) as error:
        kind = data.dtype.kind
        if kind in "biufc" and data.ndim <= 16:
            native = data.astype(data.dtype.newbyteorder("="))  # other bytes first, or elements across elements
            if native.dtype.itemsize <= (16 if kind == "c" else 8):
                return _core.from_buffer(native, is_scalar)
        if isinstance(error, ValueError) and kind in "biufc":  # too many axes
            raise
        raise TypeError(f"asarray: there is no dtype for NumPy's {data.dtype}") from None


def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with any object that has `__dlpack__` (PyTorch, NumPy, JAX, ...).

    Parameters
    ----------
    x : object with `__dlpack__` and `__dlpack_device__`
    device : str, optional
        Where the result lies: "cpu", or for instance "cuda:0". By default where the data is.
    copy : bool, optional
        True always copies, False never does (and raises where it would have to), None copies only where needed.

    Returns
    -------
    Tensor
        Read-only where the producer says so.

    Raises
    ------
    BufferError
        For data that is not on the CPU and that its producer does not bring there, which only `device="cpu"` asks for.
    ValueError
        For a device that there is not, or `copy=False` where a copy is needed.
    TypeError
        For an object without `__dlpack__`, or a dtype that does not exist here.

    Examples
    --------
    >>> import numpy as np
    >>> import tilewright as tw
    >>> tw.from_dlpack(np.arange(3.0))
    tensor([0., 1., 2.], dtype=float64)
    """
    if isinstance(x, type) or not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: a {type(x).__name__} has no __dlpack__")
    target = None if device is None else checked_device("from_dlpack", device)
    copy = None if copy is None else flag("from_dlpack", "copy", copy)
    if isinstance(x, Tensor):
        return asarray(_wrap(x._array), device=target, copy=copy)
    asked: dict[str, Any] = {}
    if hasattr(x, "__dlpack_device__") and x.__dlpack_device__()[0] != 1:
        if target != "cpu" or copy is False:
            raise BufferError(
                f"from_dlpack: the data is on device {x.__dlpack_device__()}, but must be on the CPU (1, 0)"
            )
        asked["dl_device"] = (1, 0)
    if getattr(x, "requires_grad", False) and hasattr(x, "detach"):
        x = x.detach()
    try:
        capsule = x.__dlpack__(max_version=(1, 0), **asked)
    except TypeError:  # a producer from before versions, which knows no other device either
        if asked:
            raise
        capsule = x.__dlpack__()
    return asarray(_wrap(_core.from_dlpack(capsule)), device=target, copy=copy)

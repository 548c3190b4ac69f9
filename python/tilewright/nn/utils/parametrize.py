"""Parameters that are computed from others: a weight of a given norm, a symmetric matrix.

A parametrization is a module whose `forward` computes the parameter from what is learned instead of it. Where it has a
method `right_inverse`, that gives what has to be learned for a given parameter, one tensor or a tuple of them; without,
it is the parameter itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ... import _core
from ..._engine import arguments
from ..._engine.tape import mark_written
from ..._engine.tensor import Tensor
from ...autograd import no_grad
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter
from ._cached import cache, cached

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, first to last, and what is learned instead of it.

    `register_parametrization` makes it: `module.parametrizations[tensor_name]`.

    Parameters
    ----------
    modules : iterable of Module
        The parametrizations.
    original : Tensor
        What they parametrize; a Parameter is learned, anything else a buffer.
    unsafe : bool
        Whether the result may have another shape or dtype than `original`.

    Attributes
    ----------
    original : Parameter or Tensor
        What is learned, where that is one tensor.
    original0, original1, ... : Parameter or Tensor
        Where it is several.

    Raises
    ------
    TypeError
        For modules that are none, and where one computes another dtype or no tensor.
    ValueError
        Where there are none, or one computes another shape.
    """

    def __init__(self, modules: Iterable[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        if not isinstance(original, Tensor):
            arguments.refuse("ParametrizationList", "original", original, "a Tensor")
        if not len(self):
            raise ValueError("ParametrizationList: there are no parametrizations, but at least one is needed")
        self.unsafe = arguments.flag("ParametrizationList", "unsafe", unsafe)
        with no_grad():
            values = self._invert(original.detach(), lenient=True)
            several = isinstance(values, tuple)
            self._names = tuple(f"original{i}" for i in range(len(values))) if several else ("original",)
            for name, value in zip(self._names, values if several else (values,), strict=True):
                self._keep(name, value.copy(), original)
            if not self.unsafe:
                _check_alike(type(self[-1]).__name__, self(), original)

    def _keep(self, name: str, value: Tensor, like: Tensor) -> None:
        """Hold a tensor as a parameter or as a buffer, like another one."""
        if isinstance(like, Parameter):
            setattr(self, name, Parameter(value, like.requires_grad and value.dtype.is_inexact))
        else:
            self.register_buffer(name, value)

    @property
    def originals(self) -> tuple[Tensor, ...]:
        """What is learned."""
        return tuple([getattr(self, name) for name in self._names])

    def forward(self) -> Tensor:
        first, *others = self
        value = first(*self.originals)
        for parametrization in others:
            value = parametrization(value)
        return value

    def _invert(self, value: Any, lenient: bool = False) -> Any:
        """What has to be learned for a value: a Tensor, or a tuple of several; lenient where there is no inverse."""
        for parametrization in reversed(list(self)):
            name = type(parametrization).__name__
            if not isinstance(value, Tensor):
                arguments.refuse(name, "what the right_inverse after it gives", value, "a Tensor")
            inverse = getattr(parametrization, "right_inverse", None)
            if inverse is not None:
                value = inverse(value)
            elif not lenient:
                raise RuntimeError(f"{name}: has no right_inverse, so what it computes cannot be assigned")
        if isinstance(value, Tensor):
            return value
        needed = "a Tensor or a sequence of Tensors"
        listed = arguments.entries(type(self[0]).__name__, "what right_inverse gives", value, needed)
        for entry in listed:
            if not isinstance(entry, Tensor):
                arguments.refuse(type(self[0]).__name__, "an entry of what right_inverse gives", entry, "a Tensor")
        return tuple(listed)

    def right_inverse(self, value: Tensor) -> None:
        """Write into what is learned, so that this value is computed.

        Parameters
        ----------
        value : Tensor
            Of the shape and dtype that are computed.

        Raises
        ------
        RuntimeError
            Where a parametrization has no `right_inverse`.
        ValueError
            For another shape or number of tensors than what is learned has.
        TypeError
            For anything but a Tensor, and for another dtype.
        """
        if not isinstance(value, Tensor):
            arguments.refuse("right_inverse", "value", value, "a Tensor")
        with no_grad():
            given = self._invert(value)
        values = given if isinstance(given, tuple) else (given,)
        if len(values) != len(self._names):
            raise ValueError(f"right_inverse: gave {len(values)} tensors, but {len(self._names)} are learned")
        for name, new, mine in zip(self._names, values, self.originals, strict=True):
            _check_alike(f"right_inverse: {name}", new, mine)
        _write(self.originals, values)


def _check_alike(what: str, value: Any, like: Tensor) -> None:
    """Raise where it cannot stand for another tensor."""
    if not isinstance(value, Tensor):
        arguments.refuse(what, "the result", value, "a Tensor")
    if value.shape != like.shape:
        raise ValueError(f"{what}: the result has shape {value.shape}, but must have {like.shape}")
    if value.dtype != like.dtype:
        raise TypeError(f"{what}: the result has dtype {value.dtype.name}, but must have {like.dtype.name}")


def _write(targets: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    """Copy values of the same shapes and dtypes."""
    arrays = [target._array for target in targets]
    copies = [_core.astype(value._array, value.dtype, True) for value in values]
    for array, copy in zip(arrays, copies, strict=True):
        _core.assign(array, _core.to_device(copy, array.device))
    mark_written(arrays)


# ---- the computed attribute ------------------------------------------------------------------------------------------


class _Computed:
    """The attribute of a module that parametrizations compute."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: Any = None) -> Any:
        if module is None:
            return self
        parametrized = module.parametrizations[self.name]
        return parametrized() if cache.values is None else cache.get(parametrized)

    def __set__(self, module: Any, value: Any) -> None:
        module.parametrizations[self.name].right_inverse(value)

    def __delete__(self, module: Any) -> None:
        raise AttributeError(f"{type(module).__name__}: {self.name} is parametrized; use remove_parametrizations first")


_classes: WeakValueDictionary[tuple[type, tuple[str, ...]], type] = WeakValueDictionary()


def _with_computed(base: type, names: tuple[str, ...]) -> type:
    """The class of modules of class `base` some of whose attributes are computed: `base` itself for none."""
    if not names:
        return base
    found = _classes.get((base, names))
    if found is None:
        body: dict[str, Any] = {name: _Computed(name) for name in names}
        body |= {"__module__": base.__module__, "__doc__": base.__doc__, "__reduce_ex__": _reduce}
        found = type(base)(f"Parametrized{base.__name__}", (base,), {**body, "_unparametrized": base})
        _classes[base, names] = found
    return found


def _reduce(self: Any, protocol: Any) -> tuple[Any, ...]:
    """For copies and pickles: the class is made again where they are opened."""
    return _restore, (type(self)._unparametrized, tuple(self.parametrizations)), self.__getstate__()


def _restore(base: type, names: tuple[str, ...]) -> Any:
    return object.__new__(_with_computed(base, names))


def _set_parametrizations(module: Module, lists: dict[str, ParametrizationList]) -> None:
    """Give a module these and no other ones."""
    held = ModuleDict(lists)
    module.__class__ = _with_computed(type_before_parametrizations(module), tuple(lists))
    if lists:
        setattr(module, "parametrizations", held)  # noqa: B010 - no attribute of every module
    else:
        del module.__dict__["parametrizations"]


def type_before_parametrizations(module: Module) -> type:
    """The class of a module without its parametrizations.

    Parameters
    ----------
    module : Module

    Returns
    -------
    type

    Raises
    ------
    TypeError
        For anything but a Module.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> type(layer).__name__, nn.utils.parametrize.type_before_parametrizations(layer).__name__
    ('ParametrizedLinear', 'Linear')
    """
    _require_module("type_before_parametrizations", module)
    return getattr(type(module), "_unparametrized", type(module))


def _require_module(op: str, module: Any) -> None:
    if not isinstance(module, Module):
        arguments.refuse(op, "module", module, "a Module")


def _lists(module: Module) -> dict[str, ParametrizationList]:
    return dict(module.parametrizations.items()) if hasattr(type(module), "_unparametrized") else {}  # type: ignore[attr-defined]


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of its tensors has.

    Parameters
    ----------
    module : Module
    tensor_name : str, optional
        The attribute; any, where it is left out.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    >>> nn.utils.parametrize.is_parametrized(layer), nn.utils.parametrize.is_parametrized(layer, "bias")
    (True, False)
    """
    _require_module("is_parametrized", module)
    if tensor_name is None:
        return bool(_lists(module))
    if not isinstance(tensor_name, str):
        arguments.refuse("is_parametrized", "tensor_name", tensor_name, "a str")
    return tensor_name in _lists(module)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Have a parameter or buffer of a module computed by another module.

    Parameters
    ----------
    module : Module
        Whose attribute it is.
    tensor_name : str
        The attribute. It is computed anew at every use.
    parametrization : Module
        Computes it from what is learned; `right_inverse`, if it has that, gives what is learned from it. Where the
        attribute is parametrized already, it takes what is computed so far.
    unsafe : bool
        Whether what is computed may have another shape or dtype than the attribute had.

    Returns
    -------
    Module
        The module, now of a subclass of its class.

    Raises
    ------
    ValueError
        Where the module has no such parameter or buffer, or another shape is computed. On an error nothing changes.
    TypeError
        For arguments of another kind, and where another dtype or no tensor is computed.

    Notes
    -----
    State dicts have PyTorch's names: `parametrizations.weight.original` for what is learned instead of `weight`, or
    `original0`, `original1` where that is several tensors, and `parametrizations.weight.0` for the parameters and
    buffers of the first parametrization. One tensor that is learned stays the same Parameter, so an optimiser that has
    it goes on; several are new.

    Assigning to the attribute sets what is learned. To write into it in place changes a result, and nothing else.

    Examples
    --------
    A square weight that is orthogonal, by the Cayley transform of a skew-symmetric matrix:

    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> class Orthogonal(nn.Module):
    ...     def forward(self, x):
    ...         skew = (x - x.T) / 2
    ...         eye = tw.eye(len(x))
    ...         return (eye - skew) @ tw.linalg.inv(eye + skew)
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(4, 4), "weight", Orthogonal())
    >>> bool(abs(layer.weight @ layer.weight.T - tw.eye(4)).max() < 1e-5)
    True
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    op = "register_parametrization"
    _require_module(op, module)
    if not isinstance(tensor_name, str):
        arguments.refuse(op, "tensor_name", tensor_name, "a str")
    if not isinstance(parametrization, Module):
        arguments.refuse(op, "parametrization", parametrization, "a Module")
    unsafe = arguments.flag(op, "unsafe", unsafe)
    lists = _lists(module)
    if tensor_name in lists:
        _append(lists[tensor_name], parametrization, unsafe)
        return module
    original = module.__dict__.get(tensor_name)
    if not (isinstance(original, Parameter) or (isinstance(original, Tensor) and tensor_name in module._buffers)):
        raise ValueError(f"{op}: {type(module).__name__} has no parameter or buffer {arguments.shown(tensor_name)}")
    made = ParametrizationList([parametrization], original, unsafe)
    if made._names == ("original",) and _same_kind(made.original, original):
        _write([original], [made.original])
        object.__setattr__(made, "original", original)
    _set_parametrizations(module, {**lists, tensor_name: made})
    del module.__dict__[tensor_name]
    module._forget_buffer(tensor_name)
    return module


def _same_kind(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and not b._array.readonly


def _append(parametrized: ParametrizationList, parametrization: Module, unsafe: bool) -> None:
    """Add one that takes what the others compute."""
    if not unsafe:
        with no_grad():
            before = parametrized()
            value = parametrization(before)
            _check_alike(type(parametrization).__name__, value, before)
            if hasattr(parametrization, "right_inverse"):
                inverse = parametrization.right_inverse(value)
                _check_alike(f"{type(parametrization).__name__}.right_inverse", inverse, before)
    parametrized.append(parametrization)
    parametrized.unsafe = parametrized.unsafe or unsafe


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized attribute an ordinary parameter or buffer again.

    Parameters
    ----------
    module : Module
    tensor_name : str
        The attribute.
    leave_parametrized : bool
        Whether it keeps the value that is computed, or takes that of what was learned.

    Returns
    -------
    Module
        The module; of its first class, where this was the last parametrization.

    Raises
    ------
    ValueError
        Where the attribute is not parametrized, or what was learned is several tensors and `leave_parametrized` is
        False.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> nn.utils.parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=3, out_features=2, bias=True)
    """
    op = "remove_parametrizations"
    leave_parametrized = arguments.flag(op, "leave_parametrized", leave_parametrized)
    if not is_parametrized(module, tensor_name) or tensor_name is None:
        raise ValueError(f"{op}: {arguments.shown(tensor_name)} of {type(module).__name__} is not parametrized")
    lists = _lists(module)
    parametrized = lists.pop(tensor_name)
    learned = parametrized.originals
    if len(learned) > 1 and not leave_parametrized:
        raise ValueError(f"{op}: {len(learned)} tensors are learned instead of {tensor_name!r}; none of them can stay")
    result = learned[0]
    if leave_parametrized:
        with no_grad():
            value = parametrized()
        if len(learned) == 1 and _same_kind(value, result):
            _write([result], [value])
        elif isinstance(result, Parameter):
            result = Parameter(value.copy(), any(x.requires_grad for x in learned))
        else:
            result = value.copy()
    _set_parametrizations(module, lists)
    if isinstance(result, Parameter):
        setattr(module, tensor_name, result)
    else:
        module.register_buffer(tensor_name, result)
    return module

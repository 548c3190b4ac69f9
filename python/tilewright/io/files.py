"""safetensors files: written whole or not at all, checked before anything is believed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from ._whole import require_file, text_of_path, write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from ..nn.module import Module

__all__ = ["FormatError", "load", "metadata", "save"]

# https://huggingface.co/docs/safetensors: the dtypes that exist here.
_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}


_METADATA = "__metadata__"  # what a file has under this name is text


class FormatError(ValueError):
    """A file is not what it should be: truncated, damaged, or of another format."""


def _library() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError(
            "tilewright.io: saving and loading need the safetensors package: pip install 'tilewright[io]'"
        ) from None
    return safetensors


def save(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Any] | Module,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write tensors to a safetensors file, so that `path` holds either the whole new file or what it held before.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        Where to; its directory must exist.
    tensors : mapping of str to array-like, or Module
        What to write; of a module, its `state_dict()`. Not under the name "__metadata__", which the format keeps for
        itself.
    metadata : mapping of str to str, optional
        Text to keep with them.

    Raises
    ------
    TypeError
        For anything but a mapping of names to tensors, or a module; for complex128, for which the format has no type;
        for metadata that is not text; and for a path that is none, such as an open file.
    ValueError
        For the name "__metadata__", for text that is not Unicode (a lone surrogate), and for more names and metadata
        than a file can have, 100 MB.
    OSError
        Where the file cannot be written. Nothing is left behind.
    ImportError
        Without the safetensors package.

    Notes
    -----
    The data goes to a temporary file in the same directory, which is flushed to the disk and then renamed: a process
    that is killed half-way leaves the old file, and at most a file named `.<name>.<random>.tmp` beside it.

    Examples
    --------
    >>> import tempfile, tilewright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tw.io.save(f"{folder}/x.safetensors", {"x": tw.arange(3)})
    ...     tw.io.load(f"{folder}/x.safetensors")
    {'x': tensor([0, 1, 2])}
    """
    library = _library()
    path = text_of_path("save", path)
    arrays = _arrays_of(tensors)
    spec = library.TensorSpec
    specs = {
        name: spec(dtype=a.dtype.name, shape=list(a.shape), data_ptr=a.data_ptr, data_len=a.size * a.itemsize)
        for name, a in arrays.items()
    }
    notes = _notes(metadata)
    target = require_file("save", path)
    try:
        content = library.serialize(specs, notes or None)
    except library.SafetensorError as error:
        raise ValueError(f"save: a safetensors file cannot hold this: {error}") from None
    write_whole("save", target, content, path)


def _require_unicode(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"save: {what} {arguments.shown(text)} has a surrogate, which is no Unicode text") from None


def _notes(metadata: Any) -> dict[str, str]:
    if metadata is None:
        return {}
    if not hasattr(metadata, "items"):
        arguments.refuse("save", "metadata", metadata, "a mapping of text to text")
    notes = dict(metadata.items())
    for item in notes.items():
        for text in item:
            if not isinstance(text, str):
                raise TypeError(f"save: metadata is {notes!r}, but must map text to text")
            _require_unicode("metadata", text)
    return notes


def _arrays_of(tensors: Any) -> dict[str, Any]:
    """The arrays to write, contiguous."""
    if hasattr(tensors, "state_dict") and not isinstance(tensors, type):
        tensors = tensors.state_dict()
    if not hasattr(tensors, "items") or isinstance(tensors, type):
        raise TypeError(f"save: got a {type(tensors).__name__}, but needs a Module or a dict of names to tensors")
    arrays = {}
    for name, value in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"save: the name {name!r} is not a str")
        if name == _METADATA:
            raise ValueError(f"save: no tensor can have the name {name!r}, under which a file keeps its metadata")
        _require_unicode("the name", name)
        array = _core.to_host("save", arguments.array("save", name or "the tensor without a name", value)._array)
        if array.dtype.name not in _DTYPES.values():
            raise TypeError(f"save: {name} is {array.dtype.name}, for which safetensors files have no type")
        arrays[name] = _core.contiguous(array)
    return arrays


def load(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A file that `save` wrote, or PyTorch or any other library.

    Returns
    -------
    dict of str to Tensor
        By name, in new memory.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    FormatError
        For a file that is truncated, damaged, of another format, has a name twice, or a dtype that does not exist here.
    TypeError
        For a path that is none, such as an open file or its number.
    ImportError
        Without the safetensors package.

    Examples
    --------
    >>> import tempfile, tilewright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tw.io.save(f"{folder}/net.safetensors", tw.nn.Linear(3, 2))
    ...     values = tw.io.load(f"{folder}/net.safetensors")
    >>> tw.nn.Linear(3, 2).load_state_dict(values)
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    """
    library = _library()
    path = text_of_path("load", path)
    with open(path, "rb") as file:
        content = file.read()
    try:
        entries = library.deserialize(content)
    except library.SafetensorError as error:
        raise FormatError(f"load: {path!r} is not a whole safetensors file: {error}") from None
    _refuse_duplicates("load", path, content[8 : 8 + int.from_bytes(content[:8], "little")])
    del content
    return {name: _tensor(path, name, entry) for name, entry in sorted(entries)}


def _refuse_duplicates(op: str, path: str, header: bytes) -> None:
    """Raise where a name is there twice: readers differ in which of the entries they take."""

    def distinct(pairs: list[tuple[str, Any]]) -> None:
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise FormatError(f"{op}: {path!r} has the name {name!r} twice")
            seen.add(name)

    json.loads(header.decode(), object_pairs_hook=distinct, parse_int=str)


def _tensor(path: Any, name: str, entry: dict[str, Any]) -> Tensor:
    import ctypes

    if entry["dtype"] not in _DTYPES:
        raise FormatError(f"load: {name} in {path!r} has dtype {entry['dtype']}, which does not exist here")
    dtype = _DTYPES[entry["dtype"]]
    data, shape = entry["data"], tuple(entry["shape"])
    try:
        if math.prod(max(extent, 1) for extent in shape) >= 2**60:
            raise ValueError("it is too large even without its axes of length 0")
        array = _core.empty(shape, _core.DType.__members__["uint8" if dtype == "bool" else dtype])
    except ValueError as error:
        raise FormatError(f"load: {name} in {path!r} has shape {shape}: {error}") from None
    ctypes.memmove(array.data_ptr, (ctypes.c_char * len(data)).from_buffer(data), len(data))
    # A byte that is neither 0 nor 1 is no bool.
    return asarray(_core.astype(array, _core.DType.bool, True) if dtype == "bool" else array)


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The text that is kept with the tensors of a safetensors file.

    Parameters
    ----------
    path : str, bytes or os.PathLike

    Returns
    -------
    dict of str to str

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    FormatError
        For a file that is truncated, damaged, of another format, or has a name twice.
    TypeError
        For a path that is none, such as an open file or its number.
    ImportError
        Without the safetensors package.

    Examples
    --------
    >>> import tempfile, tilewright as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tw.io.save(f"{folder}/x.safetensors", {"x": tw.arange(3)}, metadata={"made by": "me"})
    ...     tw.io.metadata(f"{folder}/x.safetensors")
    {'made by': 'me'}
    """
    library = _library()
    path = text_of_path("metadata", path)
    with open(path, "rb") as content:  # raises what the operating system says
        try:
            with library.safe_open(path, framework="numpy") as file:
                notes = dict(file.metadata() or {})
        except library.SafetensorError as error:
            raise FormatError(f"metadata: {path!r} is not a whole safetensors file: {error}") from None
        _refuse_duplicates("metadata", path, content.read(int.from_bytes(content.read(8), "little")))
    return notes

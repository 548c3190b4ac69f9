"""What NumPy does for this module beside functions of arrays: its files, and its kinds of dtypes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .. import _core
from .._engine.arguments import refuse
from .._functions.by_numpy import from_numpy
from ._fallback import fallback


class NpzFile(Mapping[str, Any]):
    """The arrays of an .npz file by name, each read when it is asked for; closed by `close` or at the end of `with`.

    Attributes
    ----------
    files : list of str
        The names.
    """

    def __init__(self, archive: Any) -> None:
        self._archive = archive
        self.files: list[str] = archive.files

    def __getitem__(self, name: str) -> Any:
        return from_numpy(self._archive[name], _core.as_ndarray)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __enter__(self) -> NpzFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; arrays that were read stay."""
        self._archive.close()


def load(file: Any, mmap_mode: Literal["r", "r+", "w+", "c"] | None = None, *, max_header_size: int = 10_000) -> Any:
    """Read what `save`, `savez` or NumPy wrote.

    Parameters
    ----------
    file : path or binary file
    mmap_mode : {"r", "r+", "w+", "c"}, optional
        Share the memory of the file in place of reading it.
    max_header_size : int
        The longest header, in bytes, that is read.

    Returns
    -------
    ndarray, or NpzFile
        Of an .npy file its array, of an .npz file its arrays by name.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    TypeError
        For a file that is neither.
    ValueError
        Where it is none of NumPy's, or holds objects, which are code: these are never read.

    Examples
    --------
    >>> import io
    >>> import tilewright.numpy as np
    >>> file = io.BytesIO()
    >>> np.save(file, np.arange(3))
    >>> _ = file.seek(0)
    >>> np.load(file)
    array([0, 1, 2])
    """
    import numpy

    if not (isinstance(file, (str, bytes, os.PathLike)) or hasattr(file, "read")):
        refuse("load", "file", file, "a path or a file")
    found = numpy.load(file, mmap_mode=mmap_mode, allow_pickle=False, max_header_size=max_header_size)
    return NpzFile(found) if hasattr(found, "files") else from_numpy(found, _core.as_ndarray)


def issubdtype(arg1: Any, arg2: Any) -> bool:
    """Whether a dtype is of a kind, `np.integer`, `np.floating`, `np.number` and the like, or another dtype.

    Parameters
    ----------
    arg1, arg2 : dtype, its name, or one of NumPy's kinds

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        Where one of them is neither.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.issubdtype(np.zeros(2).dtype, np.floating)
    True
    """
    return bool(fallback("issubdtype")(arg1, arg2))

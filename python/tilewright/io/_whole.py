"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from typing import Any

from .._engine import arguments


def text_of_path(op: str, path: Any, name: str = "path") -> str:
    """A path as text. An integer would be taken for an open file, and closed."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        arguments.refuse(op, name, path, "a str, bytes or os.PathLike")
    if "\0" in text:
        raise ValueError(f"{op}: {name} is {text!r}, but no path has a zero in it")
    return text


def require_file(op: str, path: str) -> str:
    """Where a path leads to, by way of links; IsADirectoryError for a directory."""
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, f"{op}: is a directory", path)
    return target


def write_whole(op: str, target: str, content: bytes, shown: str) -> None:
    """Have `target` hold this content, or on an error what it held before."""
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.tmp")
    try:
        file = open(temporary, "xb")  # noqa: SIM115 (closed below, its errors are others)
    except OSError as error:
        raise OSError(error.errno, f"{op}: {os.strerror(error.errno or 0)}", shown) from None
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the rename is on the disk, too
    finally:
        os.close(handle)

"""What this build is, what machine it found, and how many threads it uses."""

from __future__ import annotations

from .. import _core
from .arguments import integer, option, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["__version__", "get_num_threads", "set_num_threads", "show_config"]

__version__: str = _core.config()["version"]


def get_num_threads() -> int:
    """How many threads a large operation is split between.

    By default OMP_NUM_THREADS, else the CPUs that the affinity mask and the container's CPU quota grant.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(count: int, /) -> None:
    """Set how many threads a large operation is split between. Results do not depend on it, bit by bit.

    Parameters
    ----------
    count : int
        At least 1. More than there are CPUs is allowed, and slower.

    Raises
    ------
    ValueError
        Where `count` is below 1, or 2**31 and more.
    TypeError
        Where it is not an integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.set_num_threads(1)
    >>> tw.get_num_threads()
    1
    """
    count = integer("set_num_threads", "count", count, at_least=1)
    if count >= 2**31:
        raise ValueError(f"set_num_threads: count is {shown(count)}, but must be below 2**31")
    _core.set_num_threads(count)


def show_config(*, mode: str = "stdout") -> dict[str, Any] | None:
    """Show what this build is and what machine it found: worth adding to every bug report.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print, or return as a dict.

    Returns
    -------
    dict or None
        With "dicts": version, compiler, the ISA level in use and those built and available, OpenMP's version, threads,
        the caches of the first core in bytes, and whether CUDA is built in.

    Raises
    ------
    ValueError
        Where `mode` is neither.
    TypeError
        Where it is no string.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.show_config(mode="dicts")["cuda"]
    False
    """
    mode = option("show_config", "mode", mode, ("stdout", "dicts"))
    config = {**_core.config(), "threads": get_num_threads(), "caches": _caches(), "cuda": False}
    if mode == "dicts":
        return config
    rows = {
        "tilewright": config["version"],
        "compiler": config["compiler"],
        "ISA in use": config["isa"],
        "ISA built": ", ".join(config["isa_built"]),
        "ISA available": ", ".join(config["isa_available"]),
        "OpenMP": config["openmp"],
        "threads": config["threads"],
        "caches": ", ".join(f"{name} {_size(nbytes)}" for name, nbytes in config["caches"].items()) or "unknown",
        "CUDA": "yes" if config["cuda"] else "no",
    }
    for name, value in rows.items():
        print(f"{name:<14} {value}")
    return None


def _caches() -> dict[str, int]:
    """Bytes of each cache of the first core, as Linux lists them; empty elsewhere."""
    import os

    root = "/sys/devices/system/cpu/cpu0/cache"
    sizes: dict[str, int] = {}
    try:
        for index in sorted(os.listdir(root)):
            if not index.startswith("index"):
                continue
            level, kind, size = (_read(f"{root}/{index}/{name}") for name in ("level", "type", "size"))
            suffix = {"Data": "d", "Instruction": "i"}.get(kind, "")
            sizes[f"L{level}{suffix}"] = int(size.rstrip("KM")) * (1 << 20 if size.endswith("M") else 1 << 10)
    except (OSError, ValueError):
        return sizes
    return sizes


def _read(path: str) -> str:
    with open(path) as file:
        return file.read().strip()


def _size(nbytes: int) -> str:
    return f"{nbytes >> 20} MiB" if nbytes >= 1 << 20 else f"{nbytes >> 10} KiB"

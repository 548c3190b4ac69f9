"""One number, and patterns of zeros and ones."""

from __future__ import annotations

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ._fill import check, documented, fill, fill_from_numpy, fill_with_number

__all__ = [
    "constant_",
    "dirac_",
    "eye_",
    "ones_",
    "zeros_",
]


@documented(floating=False)
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.zeros_(tw.ones(3))
    tensor([0., 0., 0.])
    """
    check("zeros_", tensor)
    return fill(tensor, 0)


@documented(floating=False)
def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.ones_(tw.zeros(3))
    tensor([1., 1., 1.])
    """
    check("ones_", tensor)
    return fill(tensor, 1)


@documented(
    values="a value that the dtype cannot hold",
    kinds="a value that is no number, or complex where the tensor is not",
    floating=False,
)
def constant_(tensor: Tensor, value: float) -> Tensor:
    """Fill with a number.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.constant_(tw.zeros(3), 0.5)
    tensor([0.5, 0.5, 0.5])
    """
    return fill_with_number("constant_", tensor, value)


@documented("(m, n)", "another number of axes", floating=False)
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: 1 on the diagonal, 0 elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.eye_(tw.empty((2, 3)))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    import numpy as np

    check("eye_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"eye_: tensor has shape {tensor.shape}, but needs two axes")
    return fill_from_numpy(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


@documented(
    "(out, in, ...), three to five axes",
    "another number of axes, channels that the groups do not divide",
    "groups that are no integer",
    floating=False,
)
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it gives its input back, as far as there are channels.

    Parameters
    ----------
    groups : int
        Of the convolution: each gives its own channels back.

    Returns
    -------
    Tensor
        The same tensor: 1 at the centre of kernel `[i, i]` of each group, 0 elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.dirac_(tw.empty((2, 2, 3)))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    import numpy as np

    check("dirac_", tensor)
    groups = arguments.integer("dirac_", "groups", groups, at_least=1)
    shape = tensor.shape
    if not 3 <= len(shape) <= 5:
        raise ValueError(f"dirac_: tensor has shape {shape}, but needs three to five axes")
    if shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} output channels cannot be divided among {groups} groups")
    values = np.zeros(shape)
    centre = tuple(length // 2 for length in shape[2:])
    for first in range(0, shape[0], shape[0] // groups or 1):
        for i in range(min(shape[0] // groups, shape[1]) if 0 not in shape else 0):
            values[(first + i, i, *centre)] = 1
    return fill_from_numpy(tensor, values)

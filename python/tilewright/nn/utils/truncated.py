"""Truncated backpropagation through time: a long sequence in windows, between which the state goes on, but no gradient.

References
----------
R. Williams, J. Peng, An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories,
Neural Computation 2, 1990.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments, tree
from ..._engine.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bptt_windows", "detach_state"]


def detach_state(state: Any) -> Any:
    """The state of a recurrent network without its history: gradients stop here.

    Parameters
    ----------
    state : Tensor, None, or tuples, lists and dicts of them
        As a recurrent layer gives it, or several of them: (h, c) of an LSTM.

    Returns
    -------
    Tensor, None, or tuples, lists and dicts of them
        Alike, with every tensor detached. They share memory with those of `state`.

    Raises
    ------
    TypeError
        For anything else in it.
    ValueError
        For containers nested more than 100 levels deep.

    Examples
    --------
    Truncated backpropagation through time; the network reads a text in parallel streams:

    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> embedding, lstm, head = nn.Linear(7, 8), nn.LSTM(8, 16), nn.Linear(16, 7)
    >>> parameters = [p for module in (embedding, lstm, head) for p in module.parameters()]
    >>> optimizer = tw.optim.SGD(parameters, lr=0.1)
    >>> streams = tw.data.text.TextStreams(tw.arange(100) % 7, batch_size=4, length=10)
    >>> state = None
    >>> for inputs, targets in streams:
    ...     state = nn.utils.detach_state(state)
    ...     output, state = lstm(embedding(nn.functional.one_hot(inputs, 7).astype("float32")), state)
    ...     loss = nn.functional.cross_entropy(head(output).reshape((-1, 7)), targets.reshape((-1,)))
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    >>> state[0].shape
    (1, 4, 16)
    """
    leaves = tree.leaves(state, "detach_state")
    for leaf in leaves:
        if leaf is not None and not isinstance(leaf, Tensor):
            arguments.refuse("detach_state", "an entry of state", leaf, "a Tensor, None, or a container of them")
    return tree.rebuild(state, [leaf if leaf is None else leaf.detach() for leaf in leaves])


def bptt_windows(*sequences: Any, length: int, dim: int = 0) -> Iterator[tuple[Tensor, ...]]:
    """Go through sequences from start to end, some steps at a time: the windows of truncated backpropagation.

    Parameters
    ----------
    *sequences : Tensor
        Of the same number of steps, T: inputs (T, B, I), for instance, and targets (T, B).
    length : int
        Steps in a window; the last one has those that are left.
    dim : int
        The axis of the steps; 1 for inputs of layers with `batch_first`.

    Yields
    ------
    tuple of Tensor
        The window of each sequence: views, through which gradients flow.

    Raises
    ------
    ValueError
        For no sequences, sequences of different numbers of steps, and a `length` below 1.
    IndexError
        For an axis that is not there.
    TypeError
        For what is not array-like.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> gru = nn.GRU(1, 8)
    >>> inputs, targets, state = tw.zeros((10, 2, 1)), tw.zeros((10, 2, 8)), None
    >>> for x, y in nn.utils.bptt_windows(inputs, targets, length=4):
    ...     output, state = gru(x, nn.utils.detach_state(state))
    ...     nn.functional.mse_loss(output, y).backward()
    ...     print(output.shape)
    (4, 2, 8)
    (4, 2, 8)
    (2, 2, 8)
    """
    op = "bptt_windows"
    listed = [arguments.array(op, f"sequence {i}", sequence) for i, sequence in enumerate(sequences)]
    if not listed:
        raise ValueError(f"{op}: got no sequences")
    length = arguments.integer(op, "length", length, at_least=1)
    dim = arguments.integer(op, "dim", dim)
    for i, sequence in enumerate(listed):
        if not -sequence.ndim <= dim < sequence.ndim:
            raise IndexError(f"{op}: dim is {dim}, but sequence {i} has shape {sequence.shape}")
    steps = [sequence.shape[dim] for sequence in listed]
    if len(set(steps)) > 1:
        raise ValueError(f"{op}: the sequences have {steps} steps along dim {dim}, but must have as many")
    return _windows(listed, length, dim, steps[0])


def _windows(sequences: list[Tensor], length: int, dim: int, steps: int) -> Iterator[tuple[Tensor, ...]]:
    for start in range(0, steps, length):
        window = slice(start, start + length)
        yield tuple([sequence[(slice(None),) * (dim % sequence.ndim) + (window,)] for sequence in sequences])

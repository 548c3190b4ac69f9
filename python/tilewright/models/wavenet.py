"""WaveNet: a stack of dilated causal convolutions that predicts the next sample, or token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.activations import relu, sigmoid
from .._functions.manipulation import expand_dims, split, swapaxes
from .._functions.trigonometric import tanh
from ..nn._traversal import evaluating
from ..nn.functional._checks import operands
from . import generation

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

    States = tuple[Tensor, ...]  # what each causal convolution has seen last, (B, channels, reach)

__all__ = ["WaveNet"]


class _Block(nn.Module):
    """A gated causal convolution, and what of it goes on to the next block and to the sum over all blocks."""

    def __init__(self, residual: int, gated: int, skip: int, kernel_size: int, dilation: int, condition: int) -> None:
        self.conv = nn.CausalConv1d(residual, 2 * gated, kernel_size, dilation=dilation)
        self.condition = nn.Conv1d(condition, 2 * gated, 1, bias=False) if condition else None
        self.residual = nn.Conv1d(gated, residual, 1)
        self.skip = nn.Conv1d(gated, skip, 1)

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return self._gate(x, self.conv(x), condition)

    def step(self, x: Tensor, state: Tensor | None, condition: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """As a call, with what the convolution has seen last, before and after."""
        seen, state = self.conv.step(x, state)
        return *self._gate(x, seen, condition), state

    def _gate(self, x: Tensor, seen: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.condition is not None and condition is not None:
            seen = seen + self.condition(condition)
        features, gates = split(seen, 2, axis=1)
        gated = tanh(features) * sigmoid(gates)
        return x + self.residual(gated), self.skip(gated)


class WaveNet(nn.Module):
    """Dilated causal convolutions in gated residual blocks, which give the logits of the next sample or token.

    Parameters
    ----------
    vocab_size : int
        Into how many levels a signal is quantised, or how many tokens there are: the integers below it; V.
    residual_channels, gate_channels, skip_channels : int
        Numbers for each place: what goes from block to block, the gated units of a block, what all blocks add up to.
    layers : int
        Blocks in a stack, with dilations 1, 2, 4, .., `2 ** (layers - 1)`.
    stacks : int
        How often the dilations are gone through.
    kernel_size : int
        Of the causal convolutions; at least 2.
    condition_channels : int
        Numbers of a condition, such as a speaker or what is to be said; 0 for none.

    Attributes
    ----------
    embedding : Embedding
    first : CausalConv1d
    blocks : ModuleList
    end : Conv1d
    output : Conv1d

    Raises
    ------
    ValueError
        For sizes that are out of range; when called, for tokens that are not (B, T), and where a condition does not fit
        or is missing.
    TypeError
        For sizes that are not integers; when called, for tokens that are not.
    IndexError
        When called, for tokens that are not below `vocab_size`.

    Notes
    -----
    A block computes `z = tanh(F * x + A h) sigmoid(G * x + B h)` with causal convolutions F and G and the condition h;
    it hands on `x + R z`, and adds `S z` to what all blocks give, from which two layers make the logits. F and G, and A
    and B, are one convolution each. The causal convolution of one-hot vectors that the paper begins with is a table of
    vectors and a causal convolution here.

    References
    ----------
    A. van den Oord et al., WaveNet: A Generative Model for Raw Audio, arXiv:1609.03499, 2016. T. Le Paine et al., Fast
    Wavenet Generation Algorithm, arXiv:1611.09482, 2016 (`step`).

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.WaveNet(16, 8, 8, 12, layers=4, stacks=2)
    >>> net.receptive_field
    32
    >>> net(tw.zeros((2, 40), dtype="int64")).shape
    (2, 40, 16)
    >>> net.generate([[1, 2, 3]], 5, top_k=4, generator=tw.random.Generator(0)).shape
    (1, 8)
    """

    def __init__(
        self,
        vocab_size: int,
        residual_channels: int = 32,
        gate_channels: int = 32,
        skip_channels: int = 256,
        *,
        layers: int = 10,
        stacks: int = 3,
        kernel_size: int = 2,
        condition_channels: int = 0,
    ) -> None:
        name = "WaveNet"
        self.vocab_size = arguments.integer(name, "vocab_size", vocab_size, at_least=1)
        residual = arguments.integer(name, "residual_channels", residual_channels, at_least=1)
        gated = arguments.integer(name, "gate_channels", gate_channels, at_least=1)
        skip = arguments.integer(name, "skip_channels", skip_channels, at_least=1)
        layers = arguments.integer(name, "layers", layers, at_least=1, at_most=30)
        stacks = arguments.integer(name, "stacks", stacks, at_least=1, at_most=1 << 10)
        kernel_size = arguments.integer(name, "kernel_size", kernel_size, at_least=2)
        self.condition_channels = arguments.integer(name, "condition_channels", condition_channels, at_least=0)
        self.embedding = nn.Embedding(self.vocab_size, residual)
        self.first = nn.CausalConv1d(residual, residual, kernel_size)
        self.blocks = nn.ModuleList(
            [
                _Block(residual, gated, skip, kernel_size, 2**layer, self.condition_channels)
                for _ in range(stacks)
                for layer in range(layers)
            ]
        )
        self.end = nn.Conv1d(skip, skip, 1)
        self.output = nn.Conv1d(skip, self.vocab_size, 1)

    @property
    def receptive_field(self) -> int:
        """How many tokens the logits depend on, the latest one included."""
        return 1 + self.first.reach + sum(block.conv.reach for block in self._blocks())

    def forward(self, input: Any, condition: Any = None) -> Tensor:
        """Logits of the token after each of some.

        Parameters
        ----------
        input : array-like of int, shape (B, T)
        condition : array-like, shape (B, condition_channels) or (B, condition_channels, T), optional
            The same everywhere, or one for each token that is to come.

        Returns
        -------
        Tensor, shape (B, T, vocab_size)

        Raises
        ------
        ValueError
            For tokens of another shape, and where the condition does not fit or is missing.
        TypeError
            For tokens that are not integers.
        IndexError
            For tokens that are not below `vocab_size`.
        """
        x, condition = self._read("WaveNet", input, condition)
        x, skips = self.first(x), []
        for block in self._blocks():
            x, skip = block(x, condition)
            skips.append(skip)
        return self._logits(skips)

    def step(self, input: Any, state: States | None = None, condition: Any = None) -> tuple[Tensor, States]:
        """Logits after the next tokens, given what was seen before: the work of one token, not of the receptive field.

        Parameters
        ----------
        input : array-like of int, shape (B, T)
            One token or several.
        state : tuple of Tensor, optional
            What the step before returned; None at the beginning.
        condition : array-like, shape (B, condition_channels) or (B, condition_channels, T), optional
            For these tokens.

        Returns
        -------
        logits : Tensor, shape (B, T, vocab_size)
            What a call with all tokens gives for these.
        state : tuple of Tensor
            For each causal convolution the last results that it has read.

        Raises
        ------
        ValueError
            As a call, and for a state of another network or batch.
        TypeError
            For tokens that are not integers, and a state that is no tuple.
        IndexError
            For tokens that are not below `vocab_size`.
        """
        op = "WaveNet.step"
        x, condition = self._read(op, input, condition)
        blocks = self._blocks()
        states: Any = (None,) * (1 + len(blocks)) if state is None else state
        if not isinstance(states, (tuple, list)):
            arguments.refuse(op, "state", state, "a tuple of tensors")
        if len(states) != 1 + len(blocks):
            raise ValueError(f"{op}: state has {len(states)} entries, but must have {1 + len(blocks)}")
        x, first = self.first.step(x, states[0])
        seen, skips = [first], []
        for block, before in zip(blocks, states[1:], strict=True):
            x, skip, after = block.step(x, before, condition)
            seen.append(after)
            skips.append(skip)
        return self._logits(skips), tuple(seen)

    def generate(
        self,
        prompt: Any,
        length: int,
        *,
        condition: Any = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Continue signals or texts, token by token, with `step`.

        Parameters
        ----------
        prompt : array-like of int, shape (B, T)
            Their beginnings, of at least one token.
        length : int
            How many tokens are added.
        condition : array-like, shape (B, condition_channels) or (B, condition_channels, T + length), optional
            The last one of these is not read: it is for the token after the end.
        temperature, top_k, top_p, generator
            See `tilewright.models.generation.sample`.

        Returns
        -------
        Tensor of int64, shape (B, T + length)

        Raises
        ------
        ValueError
            For a prompt without tokens or of another shape, a negative length, and a condition that does not fit.
        TypeError
            For tokens that are not integers.
        """
        op = "WaveNet.generate"
        start = generation.tokens_of(op, "prompt", prompt)
        if start.ndim != 2 or not start.shape[1]:
            raise ValueError(f"{op}: prompt has shape {start.shape}, but must be (B, T) with at least one token")
        length = arguments.integer(op, "length", length, at_least=0, at_most=generation.MOST_TOKENS)
        if condition is not None:
            condition = self._condition(op, condition, start.shape[0], start.shape[1] + length)

        def step(tokens: Tensor, before: Any) -> tuple[Tensor, Any]:
            place, state = before
            after = place + tokens.shape[1]
            given = condition
            if given is not None and given.shape[2] > 1:
                given = given[:, :, place:after]
            logits, state = self.step(tokens, state, given)
            return logits[:, -1], (after, state)

        with evaluating(self):
            return generation.continued(op, step, start, length, temperature, top_k, top_p, generator, (0, None))

    def _blocks(self) -> list[Any]:
        return list(self.blocks)

    def _read(self, op: str, input: Any, condition: Any) -> tuple[Tensor, Tensor | None]:
        """Vectors (B, residual_channels, T) of the tokens, and the condition (B, condition_channels, 1 or T)."""
        tokens = generation.tokens_of(op, "input", input)
        if tokens.ndim != 2:
            raise ValueError(f"{op}: input has shape {tokens.shape}, but must be (B, T)")
        if condition is not None:
            condition = self._condition(op, condition, *tokens.shape)
        elif self.condition_channels:
            raise ValueError(f"{op}: condition is None, but the network has {self.condition_channels} channels for one")
        return swapaxes(self.embedding(tokens), 1, 2), condition

    def _condition(self, op: str, condition: Any, batch: int, length: int) -> Tensor:
        (given,) = operands(op, condition=condition)
        channels = self.condition_channels
        if given.shape not in ((batch, channels), (batch, channels, 1), (batch, channels, length)):
            needed = f"({batch}, {channels}) or ({batch}, {channels}, {length})"
            raise ValueError(f"{op}: condition has shape {given.shape}, but must be {needed}")
        return expand_dims(given, -1) if given.ndim == 2 else given

    def _logits(self, skips: list[Tensor]) -> Tensor:
        total = skips[0]
        for skip in skips[1:]:
            total = total + skip
        return swapaxes(self.output(relu(self.end(relu(total)))), 1, 2)

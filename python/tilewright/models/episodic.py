"""A reader that goes through a text several times, each time with what it remembers from before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._functions.activations import sigmoid
from .._functions.arithmetic import abs
from .._functions.indexing import where
from .._functions.manipulation import broadcast_to, concatenate, expand_dims, squeeze, stack
from ..autograd import no_grad
from ..nn._sequences import within
from ..nn._traversal import evaluating
from ._decoding import read_tokens, run_padded

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["EpisodicReader"]


class EpisodicReader(nn.Module):
    """Classifies a text after several passes over it: a dynamic memory network.

    Parameters
    ----------
    num_tokens : int
        How many different words there are.
    num_classes : int
        How many classes.
    embedding_dim, hidden_size : int
        Lengths of the vectors of words, and of states and memory.
    passes : int
        How often the text is gone through.
    bidirectional : bool
        Whether what is known of a word comes from both sides of it: the sum of two directions.
    dropout : float
        Probability with which embeddings, and the last memory, are dropped in training.

    Attributes
    ----------
    question : Parameter, shape (hidden_size,)
        What is asked where no question is given.

    Raises
    ------
    ValueError
        For sizes below 1.
    TypeError
        For arguments of another kind.

    Notes
    -----
    A GRU reads the words, which gives c_t, and another the question, q. A pass goes over c_1, c_2, .. with a GRU whose
    step counts as much as a gate says, `h_t = g_t GRU(c_t, h_(t-1)) + (1 - g_t) h_(t-1)`. The gate g_t is a sigmoid of
    a network of two layers on `[c, m, q, c q, c m, |c - q|, |c - m|, c^T W q, c^T W m]`, where m is the memory from the
    passes before. The last h is what the pass has found; a third GRU writes it to the memory, which starts as q.

    References
    ----------
    A. Kumar et al., Ask Me Anything: Dynamic Memory Networks for Natural Language Processing, ICML 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.EpisodicReader(50, 2, embedding_dim=8, hidden_size=16, passes=3)
    >>> text = tw.full((4, 9), 7)
    >>> model(text, lengths=[9, 5, 1, 3]).shape
    (4, 2)
    >>> model.gates(text).shape
    (4, 3, 9)
    """

    def __init__(
        self,
        num_tokens: int,
        num_classes: int,
        embedding_dim: int = 32,
        hidden_size: int = 64,
        *,
        passes: int = 3,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        op = "EpisodicReader"
        self.num_tokens = arguments.integer(op, "num_tokens", num_tokens, at_least=1)
        num_classes = arguments.integer(op, "num_classes", num_classes, at_least=1)
        embedding_dim = arguments.integer(op, "embedding_dim", embedding_dim, at_least=1)
        size = self.hidden_size = arguments.integer(op, "hidden_size", hidden_size, at_least=1)
        self.passes = arguments.integer(op, "passes", passes, at_least=1)
        both = arguments.flag(op, "bidirectional", bidirectional)
        self.embedding = nn.Embedding(self.num_tokens, embedding_dim)
        self.dropout = nn.Dropout(arguments.probability(op, "dropout", dropout))
        self.reader = nn.GRU(embedding_dim, size, batch_first=True, bidirectional=both)
        self.asker = nn.GRU(embedding_dim, size, batch_first=True)
        self.question = nn.Parameter(random.normal(0, 0.1, size=(size,)))
        self.bilinear = nn.Linear(size, size, bias=False)
        self.gate = nn.Sequential(nn.Linear(7 * size + 2, size, activation="tanh"), nn.Linear(size, 1))
        self.episode = nn.GRUCell(size, size)
        self.memory = nn.GRUCell(size, size)
        self.output = nn.Linear(size, num_classes)

    def forward(self, text: Any, lengths: Any = None, question: Any = None, question_lengths: Any = None) -> Tensor:
        """Logits of the classes.

        Parameters
        ----------
        text : array-like of int, shape (N, S)
            Words, padded with any.
        lengths : array-like of int, shape (N,), optional
            Of the texts; by default all are S long.
        question : array-like of int, shape (N, Q), optional
            Words of a question to each text. By default one is learned that is the same for all.
        question_lengths : array-like of int, shape (N,), optional
            Of the questions.

        Returns
        -------
        Tensor, shape (N, num_classes)

        Raises
        ------
        ValueError
            For words and lengths out of range, and shapes that do not fit.
        TypeError
            For words and lengths that are no integers.
        """
        memory, _ = self._read(text, lengths, question, question_lengths)
        return self.output(self.dropout(memory))

    def gates(self, text: Any, lengths: Any = None, question: Any = None, question_lengths: Any = None) -> Tensor:
        """How much each word counts in each pass, from 0 to 1, without dropout; 0 for padding.

        Parameters
        ----------
        text, lengths, question, question_lengths
            As in a call.

        Returns
        -------
        Tensor, shape (N, passes, S)

        Raises
        ------
        ValueError
            As a call.
        TypeError
            As a call.
        """
        with no_grad(), evaluating(self):
            return stack(self._read(text, lengths, question, question_lengths)[1], axis=1)

    def _read(self, text: Any, lengths: Any, question: Any, question_lengths: Any) -> tuple[Tensor, list[Tensor]]:
        """The memory (N, hidden_size) after all passes, and the gates (N, S) of each."""
        words, inside = self._words("text", text, lengths)
        count, longest = words.shape
        facts, _ = self._run(self.reader, words, inside, lengths)
        if self.reader.bidirectional:
            facts = facts[..., : self.hidden_size] + facts[..., self.hidden_size :]
        if question is None:
            q = broadcast_to(self.question, (count, self.hidden_size))
        else:
            asked, within_question = self._words("question", question, question_lengths)
            if len(asked) != count:
                raise ValueError(f"EpisodicReader: question has shape {asked.shape}, but text {words.shape}")
            q = self._run(self.asker, asked, within_question, question_lengths)[1][0]
        memory, gates = q, []
        for _ in range(self.passes):
            gate = sigmoid(self._gate(facts, memory, q))
            if inside is not None:
                gate = where(inside, gate, 0.0)
            h = facts[:, 0] * 0.0
            for t in range(longest):
                h = h + gate[:, t : t + 1] * (self.episode(facts[:, t], h) - h)
            memory = self.memory(h, memory)
            gates.append(gate)
        return memory, gates

    def _gate(self, facts: Tensor, memory: Tensor, question: Tensor) -> Tensor:
        """What the gates are sigmoids of, (N, S), for facts (N, S, H), memory and question (N, H)."""
        m, q = (broadcast_to(expand_dims(x, axis=1), facts.shape) for x in (memory, question))
        looks = [facts @ expand_dims(self.bilinear(x), axis=2) for x in (question, memory)]
        seen = [facts, m, q, facts * q, facts * m, abs(facts - q), abs(facts - m), *looks]
        return squeeze(self.gate(concatenate(seen, axis=-1)), axis=-1)

    def _words(self, name: str, words: Any, lengths: Any) -> tuple[Tensor, Tensor | None]:
        """Checked words, and which of them are no padding."""
        op = "EpisodicReader"
        words = read_tokens(op, name, words, self.num_tokens)
        if not words.shape[1]:
            raise ValueError(f"{op}: {name} has shape {words.shape}, but must have words")
        return words, None if lengths is None else within(op, lengths, words.shape[0], words.shape[1], words.device)

    def _run(self, layer: nn.GRU, words: Tensor, inside: Tensor | None, lengths: Any) -> tuple[Tensor, Tensor]:
        x = self.dropout(self.embedding(words))
        return run_padded(layer, x, None if inside is None else arguments.array("EpisodicReader", "lengths", lengths))

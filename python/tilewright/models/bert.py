"""BERT: a Transformer that reads a text in both directions, and what is put on it for a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import nn
from .._engine import arguments
from .._functions.creation import arange, zeros_like
from .._functions.manipulation import reshape
from ..nn._heads import heads_of, joined
from ..nn.functional import linear, scaled_dot_product_attention
from ._bert_names import Pretrained
from ._decoding import read_tokens

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = [
    "BERT",
    "BERTForMaskedLM",
    "BERTForNextSentencePrediction",
    "BERTForPreTraining",
    "BERTForSequenceClassification",
    "BERTOutput",
    "bert_base",
    "bert_large",
]

_MOST_LAYERS = 1000  # more take longer to make than anyone waits


class BERTOutput(NamedTuple):
    """What `BERT` gives.

    Attributes
    ----------
    last_hidden_state : Tensor, shape (N, T, hidden_size)
        A vector for each token.
    pooler_output : Tensor, shape (N, hidden_size), or None
        Of the first token, after a linear map and tanh; None without a pooler.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None


class _Embeddings(nn.Module):
    def __init__(self, vocabulary: int, size: int, positions: int, types: int, dropout: float, eps: float) -> None:
        self.word_embeddings = nn.Embedding(vocabulary, size)
        self.position_embeddings = nn.Embedding(positions, size)
        self.token_type_embeddings = nn.Embedding(types, size)
        self.LayerNorm = nn.LayerNorm(size, eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, types: Tensor) -> Tensor:
        places = self.position_embeddings(arange(tokens.shape[1], device=tokens.device))
        x = self.word_embeddings(tokens) + places + self.token_type_embeddings(types)
        return self.dropout(self.LayerNorm(x))


class _SelfAttention(nn.Module):
    def __init__(self, size: int, heads: int, dropout: float) -> None:
        self.heads = heads
        self.p = dropout
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(N, T, size); `mask` broadcasts to (N, heads, T, T)."""
        q, k, v = (heads_of(layer(x), self.heads) for layer in (self.query, self.key, self.value))
        return joined(scaled_dot_product_attention(q, k, v, mask, self.p if self.training else 0.0))


class _AddNorm(nn.Module):
    """A linear map, dropout, the sum with what stood before, layer norm."""

    def __init__(self, read: int, size: int, dropout: float, eps: float) -> None:
        self.dense = nn.Linear(read, size)
        self.LayerNorm = nn.LayerNorm(size, eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(x)) + before)


class _Attention(nn.Module):
    def __init__(self, size: int, heads: int, dropout: float, attention_dropout: float, eps: float) -> None:
        self.self = _SelfAttention(size, heads, attention_dropout)
        self.output = _AddNorm(size, size, dropout, eps)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return self.output(self.self(x, mask), x)


class _Dense(nn.Module):
    """A linear map and its activation, under the name that checkpoints have for it."""

    def __init__(self, read: int, size: int, activation: str) -> None:
        self.dense = nn.Linear(read, size, activation=activation)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x)


class _Layer(nn.Module):
    def __init__(
        self, size: int, heads: int, between: int, dropout: float, attention_dropout: float, eps: float
    ) -> None:
        self.attention = _Attention(size, heads, dropout, attention_dropout, eps)
        self.intermediate = _Dense(size, between, "gelu")
        self.output = _AddNorm(between, size, dropout, eps)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.attention(x, mask)
        return self.output(self.intermediate(x), x)


class _Encoder(nn.Module):
    def __init__(self, layers: list[_Layer]) -> None:
        self.layer = nn.ModuleList(layers)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        for layer in self.layer:
            x = layer(x, mask)
        return x


class BERT(Pretrained):
    """Reads a text in both directions: embeddings of words, positions and segments, and layers of self-attention.

    Parameters
    ----------
    vocab_size : int
        Tokens are the integers below it.
    hidden_size : int
        Length of a token's vector.
    num_hidden_layers, num_attention_heads : int
        The heads divide `hidden_size`.
    intermediate_size : int
        Between the two linear maps of a layer.
    max_position_embeddings : int
        Tokens of the longest text.
    type_vocab_size : int
        How many kinds of segments there are.
    hidden_dropout_prob, attention_probs_dropout_prob : float
        Of vectors and of the weights of attention, in training.
    layer_norm_eps : float
    pooler : bool
        Whether the first token's vector goes through a linear map and tanh, for tasks that concern the whole text.

    Attributes
    ----------
    embeddings, encoder, pooler : Module
        The pooler may be None.

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide, and probabilities outside [0, 1].
    TypeError
        For arguments of another kind.

    Notes
    -----
    A layer is `x = LayerNorm(x + attention(x))`, then `x = LayerNorm(x + W2 gelu(W1 x))`, with the exact GELU. Weights
    start normal with a standard deviation of 0.02, biases at 0.

    The names in the state dict are those of Hugging Face's models. `load_state_dict` takes them with and without
    "bert." in front, LayerNorm's older names `gamma` and `beta`, and passes over `embeddings.position_ids`: 0, 1, 2, ..
    `load_bert` reads a folder with a model.

    References
    ----------
    J. Devlin, M.-W. Chang, K. Lee, K. Toutanova, BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding, NAACL 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.BERT(100, 32, 2, 4, 64).eval()
    >>> tokens, mask = tw.asarray([[1, 5, 7, 2], [1, 9, 2, 0]]), tw.asarray([[1, 1, 1, 1], [1, 1, 1, 0]])
    >>> output = net(tokens, mask)
    >>> output.last_hidden_state.shape, output.pooler_output.shape
    ((2, 4, 32), (2, 32))
    """

    def __init__(
        self,
        vocab_size: int = 30522,
        hidden_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        intermediate_size: int = 3072,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        hidden_dropout_prob: float = 0.1,
        attention_probs_dropout_prob: float = 0.1,
        layer_norm_eps: float = 1e-12,
        *,
        pooler: bool = True,
    ) -> None:
        op = "BERT"
        self.vocab_size = arguments.integer(op, "vocab_size", vocab_size, at_least=1)
        size = self.hidden_size = arguments.integer(op, "hidden_size", hidden_size, at_least=1)
        limits = {"at_least": 1, "at_most": _MOST_LAYERS}
        layers = arguments.integer(op, "num_hidden_layers", num_hidden_layers, **limits)
        heads = arguments.integer(op, "num_attention_heads", num_attention_heads, at_least=1)
        if size % heads:
            raise ValueError(f"{op}: hidden_size is {size}, which num_attention_heads, {heads}, does not divide")
        between = arguments.integer(op, "intermediate_size", intermediate_size, at_least=1)
        positions = arguments.integer(op, "max_position_embeddings", max_position_embeddings, at_least=1)
        self.max_position_embeddings = positions
        self.type_vocab_size = arguments.integer(op, "type_vocab_size", type_vocab_size, at_least=1)
        dropout = arguments.probability(op, "hidden_dropout_prob", hidden_dropout_prob)
        inner = arguments.probability(op, "attention_probs_dropout_prob", attention_probs_dropout_prob)
        eps = arguments.number(op, "layer_norm_eps", layer_norm_eps)
        pooled = arguments.flag(op, "pooler", pooler)
        self.embeddings = _Embeddings(self.vocab_size, size, positions, self.type_vocab_size, dropout, eps)
        self.encoder = _Encoder([_Layer(size, heads, between, dropout, inner, eps) for _ in range(layers)])
        self.pooler = _Dense(size, size, "tanh") if pooled else None
        start_weights(self)

    def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> BERTOutput:
        """Vectors of tokens, and of whole texts.

        Parameters
        ----------
        input_ids : array-like of int, shape (N, T)
            Tokens, padded with any.
        attention_mask : array-like of bool or int, shape (N, T), optional
            1 for a token, 0 for padding; by default there is no padding.
        token_type_ids : array-like of int, shape (N, T), optional
            The segment that each token belongs to; by default 0.

        Returns
        -------
        BERTOutput
            last_hidden_state (N, T, hidden_size) and pooler_output (N, hidden_size).

        Raises
        ------
        ValueError
            For tokens and segments that there are not, texts that are too long, a mask of other numbers, and shapes
            that do not fit.
        TypeError
            For tokens, masks and segments of other dtypes.
        """
        tokens, mask, types = self._read(input_ids, attention_mask, token_type_ids)
        x = self.encoder(self.embeddings(tokens, types), mask)
        return BERTOutput(x, self.pooler(x[:, 0]) if self.pooler is not None else None)

    def _read(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> tuple[Tensor, Tensor | None, Tensor]:
        """Tokens and segments (N, T), and a mask (N, 1, 1, T)."""
        op = "BERT"
        tokens = read_tokens(op, "input_ids", input_ids, self.vocab_size)
        length = tokens.shape[1]
        if not 1 <= length <= self.max_position_embeddings:
            needed = f"from 1 to {self.max_position_embeddings} tokens"
            raise ValueError(f"{op}: input_ids has shape {tokens.shape}, but texts have {needed}")
        types = zeros_like(tokens)
        if token_type_ids is not None:
            types = read_tokens(op, "token_type_ids", token_type_ids, self.type_vocab_size)
            _require_shape(op, "token_type_ids", types, tokens)
        if attention_mask is None:
            return tokens, None, types
        mask = arguments.array(op, "attention_mask", attention_mask)
        if mask.dtype.name != "bool":
            mask = read_tokens(op, "attention_mask", mask, 2)
        _require_shape(op, "attention_mask", mask, tokens)
        return tokens, reshape(mask != 0, (tokens.shape[0], 1, 1, length)), types


def _require_shape(op: str, name: str, given: Tensor, tokens: Tensor) -> None:
    if given.shape != tokens.shape:
        raise ValueError(f"{op}: {name} has shape {given.shape}, but input_ids {tokens.shape}")


def start_weights(network: nn.Module) -> None:
    """Normal weights, biases of zero: the starting weights of the paper's program."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


# ---- heads -----------------------------------------------------------------------------------------------------------


class _Transform(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        self.dense = nn.Linear(size, size, activation="gelu")
        self.LayerNorm = nn.LayerNorm(size, eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x))


class _Predictions(nn.Module):
    """Logits of tokens, by the embeddings of words."""

    def __init__(self, bert: BERT) -> None:
        self.transform = _Transform(bert.hidden_size, bert.embeddings.LayerNorm.eps)
        self.bias = nn.Parameter([0.0] * bert.vocab_size)

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        return linear(self.transform(x), words, self.bias)


class _Heads(nn.Module):
    def __init__(self, bert: BERT, tokens: bool, sentences: bool) -> None:
        self.predictions = _Predictions(bert) if tokens else None
        self.seq_relationship = nn.Linear(bert.hidden_size, 2) if sentences else None


class _WithHead(Pretrained):
    """A BERT, `bert`, and what stands on it."""

    bert: BERT
    cls: _Heads

    def _take(self, bert: Any) -> BERT:
        op = type(self).__name__
        if not isinstance(bert, BERT):
            arguments.refuse(op, "bert", bert, "a BERT")
        if self._needs_pooler and bert.pooler is None:
            raise ValueError(f"{op}: bert has no pooler, but must have one; make it with pooler=True")
        self.bert = bert
        return bert

    def _words(self, hidden: Tensor, at: Any) -> Tensor:
        """Logits of tokens, (N, T, vocab_size), or (n, vocab_size) at n chosen places."""
        op = type(self).__name__
        if at is not None:
            at = arguments.array(op, "at", at)
            if at.dtype.name != "bool":
                raise TypeError(f"{op}: at has dtype {at.dtype.name}, but must be bool")
            if at.shape != hidden.shape[:2]:
                raise ValueError(f"{op}: at has shape {at.shape}, but input_ids {hidden.shape[:2]}")
            hidden = hidden[at]
        assert self.cls.predictions is not None
        return self.cls.predictions(hidden, self.bert.embeddings.word_embeddings.weight)


class BERTForMaskedLM(_WithHead):
    """Logits of the tokens that stood at masked places, by the same vectors as the embeddings of words.

    Parameters
    ----------
    bert : BERT
        Its pooler is not used.

    Attributes
    ----------
    bert : BERT
    cls : Module
        With `cls.predictions`: a linear map, GELU, layer norm; a bias for each token.

    Raises
    ------
    TypeError
        For anything but a BERT.

    Examples
    --------
    The loss counts at the places that were masked alone: so only their logits are computed.

    >>> import tilewright as tw
    >>> net = tw.models.BERTForMaskedLM(tw.models.BERT(100, 32, 2, 4, 64, pooler=False))
    >>> tokens = tw.asarray([[1, 5, 7, 2], [1, 9, 8, 2]])
    >>> masked, targets = tw.data.text.mask_tokens(tokens, 100, mask=3, special=[0, 1, 2, 3], probability=1.0)
    >>> at = targets != -100
    >>> logits = net(masked, at=at)
    >>> logits.shape
    (4, 100)
    >>> loss = tw.nn.functional.cross_entropy(logits, targets[at])
    """

    def __init__(self, bert: BERT) -> None:
        self.cls = _Heads(self._take(bert), tokens=True, sentences=False)
        start_weights(self.cls)

    def forward(
        self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None, *, at: Any = None
    ) -> Tensor:
        """Logits of tokens.

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids
            As `BERT` takes them.
        at : array-like of bool, shape (N, T), optional
            The places that are asked for; by default all are.

        Returns
        -------
        Tensor, shape (N, T, vocab_size), or with `at` (n, vocab_size)
            In the latter case those of n places, row by row.

        Raises
        ------
        ValueError, TypeError
            As `BERT`, and for another shape or dtype of `at`.
        """
        return self._words(self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state, at)


class BERTForNextSentencePrediction(_WithHead):
    """Whether the second segment of a text follows the first (class 0) or not (class 1).

    Parameters
    ----------
    bert : BERT
        With a pooler.

    Attributes
    ----------
    bert : BERT
    cls : Module
        With `cls.seq_relationship`, a linear map.

    Raises
    ------
    TypeError
        For anything but a BERT.
    ValueError
        For one without a pooler.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.BERTForNextSentencePrediction(tw.models.BERT(100, 32, 2, 4, 64))
    >>> net([[1, 5, 2, 7, 2]], token_type_ids=[[0, 0, 0, 1, 1]]).shape
    (1, 2)
    """

    _needs_pooler = True

    def __init__(self, bert: BERT) -> None:
        self.cls = _Heads(self._take(bert), tokens=False, sentences=True)
        start_weights(self.cls)

    def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> Tensor:
        """Logits (N, 2), of the arguments of `BERT`."""
        assert self.cls.seq_relationship is not None
        return self.cls.seq_relationship(self.bert(input_ids, attention_mask, token_type_ids).pooler_output)


class BERTForPreTraining(_WithHead):
    """Both tasks of the paper's training at once: masked tokens, and whether the second segment follows.

    Parameters
    ----------
    bert : BERT
        With a pooler.

    Attributes
    ----------
    bert : BERT
    cls : Module
        With `cls.predictions` and `cls.seq_relationship`.

    Raises
    ------
    TypeError
        For anything but a BERT.
    ValueError
        For one without a pooler.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.BERTForPreTraining(tw.models.BERT(100, 32, 2, 4, 64))
    >>> words, follows = net([[1, 5, 2, 7, 2]], token_type_ids=[[0, 0, 0, 1, 1]])
    >>> words.shape, follows.shape
    ((1, 5, 100), (1, 2))
    """

    _needs_pooler = True

    def __init__(self, bert: BERT) -> None:
        self.cls = _Heads(self._take(bert), tokens=True, sentences=True)
        start_weights(self.cls)

    def forward(
        self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None, *, at: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Logits of tokens, as of `BERTForMaskedLM`, and (N, 2), as of `BERTForNextSentencePrediction`."""
        assert self.cls.seq_relationship is not None
        output = self.bert(input_ids, attention_mask, token_type_ids)
        return self._words(output.last_hidden_state, at), self.cls.seq_relationship(output.pooler_output)


class BERTForSequenceClassification(_WithHead):
    """Classes of whole texts, or of pairs of them: dropout and a linear map on what the pooler gives.

    Parameters
    ----------
    bert : BERT
        With a pooler.
    num_labels : int
        How many classes.
    dropout : float
        In training.

    Attributes
    ----------
    bert : BERT
    classifier : Linear

    Raises
    ------
    TypeError
        For anything but a BERT, and arguments of another kind.
    ValueError
        For a BERT without a pooler, no class, and a probability outside [0, 1].

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.BERTForSequenceClassification(tw.models.BERT(100, 32, 2, 4, 64), 3)
    >>> net([[1, 5, 7, 2]]).shape
    (1, 3)
    """

    _needs_pooler = True

    def __init__(self, bert: BERT, num_labels: int = 2, dropout: float = 0.1) -> None:
        op = "BERTForSequenceClassification"
        size = self._take(bert).hidden_size
        self.dropout = nn.Dropout(arguments.probability(op, "dropout", dropout))
        self.classifier = nn.Linear(size, arguments.integer(op, "num_labels", num_labels, at_least=1))
        start_weights(self.classifier)

    def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> Tensor:
        """Logits (N, num_labels), of the arguments of `BERT`."""
        return self.classifier(self.dropout(self.bert(input_ids, attention_mask, token_type_ids).pooler_output))


# ---- sizes of the paper ----------------------------------------------------------------------------------------------


def bert_base(**options: Any) -> BERT:
    """The smaller network of the paper: 12 layers of 12 heads on 768 numbers, 109,482,240 parameters.

    Parameters
    ----------
    **options
        Of `BERT`, by name, in place of the paper's.

    Returns
    -------
    BERT

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.bert_base(vocab_size=100, num_hidden_layers=1)
    >>> net([[1, 5, 2]]).last_hidden_state.shape
    (1, 3, 768)
    """
    return BERT(**options)


def bert_large(**options: Any) -> BERT:
    """The larger network of the paper: 24 layers of 16 heads on 1024 numbers, 335,141,888 parameters.

    Parameters
    ----------
    **options
        Of `BERT`, by name, in place of the paper's.

    Returns
    -------
    BERT

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.bert_large(vocab_size=100, num_hidden_layers=1)
    >>> net([[1, 5, 2]]).last_hidden_state.shape
    (1, 3, 1024)
    """
    sizes = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
    return BERT(**{**sizes, **options})

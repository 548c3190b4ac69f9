"""A BERT from a folder as Hugging Face's models come in."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

from .._engine import arguments
from ..io import FormatError, load
from ..io._whole import text_of_path
from ._bert_names import BODY, Pretrained, renamed
from .bert import BERT

__all__ = ["load_bert"]

# What the entries of config.json are called here is the same; these are read.
_SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "layer_norm_eps",
)
_FIXED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


def read_json(op: str, folder: str, name: str) -> Any:
    """A file of a folder: FormatError where it is no JSON."""
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        content = file.read()
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{op}: {path!r} is no JSON: {error}") from None


def read_config(op: str, folder: str, name: str) -> dict[str, Any]:
    """A file of a folder that holds an object."""
    config = read_json(op, folder, name)
    if not isinstance(config, dict):
        raise FormatError(f"{op}: {os.path.join(folder, name)!r} holds no object")
    return config


def load_bert(folder: str | os.PathLike[str], network: Any = BERT, **options: Any) -> Any:
    """Read a trained BERT, or one with a head, from a folder with `config.json` and `model.safetensors`.

    Parameters
    ----------
    folder : str, bytes or os.PathLike
        As Hugging Face's models come.
    network : class
        `BERT`, or one of those with a head, such as `BERTForMaskedLM`.
    **options
        Of the class, by name: `num_labels`.

    Returns
    -------
    Module
        Of that class, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        Where a file is missing.
    FormatError
        For files that are damaged, and for another network than BERT.
    ValueError
        Where weights of the body are missing, or have other shapes than `config.json` says.
    TypeError
        For a class that is none of these.
    ImportError
        Without the safetensors package.

    Warns
    -----
    UserWarning
        Where the file lacks weights of the head, which are then drawn anew: before fine-tuning that is as it should be.

    Notes
    -----
    A pooler is there where the file has one, and new where the head needs it. Heads in the file that the class does not
    have are left out.

    Examples
    --------
    >>> import json, tempfile, tilewright as tw
    >>> config = {"model_type": "bert", "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 1}
    >>> config.update(num_attention_heads=4, intermediate_size=64, max_position_embeddings=16)
    >>> net = tw.models.BERT(100, 32, 1, 4, 64, 16)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/config.json", "w") as file:
    ...         json.dump(config, file)
    ...     tw.io.save(f"{folder}/model.safetensors", net)
    ...     read = tw.models.load_bert(folder)
    >>> bool((read.pooler.dense.weight == net.pooler.dense.weight).all())
    True
    """
    op = "load_bert"
    folder = text_of_path(op, folder, "folder")
    known = isinstance(network, type) and issubclass(network, Pretrained)
    if not known:
        arguments.refuse(op, "network", network, "BERT or a class with it, such as BERTForMaskedLM")
    config = read_config(op, folder, "config.json")
    for name, needed in _FIXED.items():
        if config.get(name, needed) != needed:
            shown = arguments.shown(config[name])
            raise FormatError(f"{op}: {name} in {folder!r} is {shown}, but is read only as {needed!r}")
    state = load(os.path.join(folder, "model.safetensors"))
    sizes = {name: config[name] for name in _SIZES if name in config}
    has_pooler = any(name.removeprefix("bert.").startswith("pooler.") for name in state)
    body = BERT(**{**sizes, "pooler": has_pooler or network._needs_pooler, **(options if network is BERT else {})})
    made: Any = body if network is BERT else network(body, **options)
    own = made.state_dict()
    values = {name: value for name, value in renamed(made, state).items() if name in own}
    missing = [name for name in own if name not in values]
    lacking = [name for name in missing if name.removeprefix("bert.").startswith(BODY[:2])]
    if lacking:
        raise ValueError(f"{op}: the file in {folder!r} lacks {', '.join(lacking[:5])}{' ..' * (len(lacking) > 5)}")
    made.load_state_dict(values, strict=False)
    if missing:
        warnings.warn(f"{op}: new weights, which {folder!r} lacks: {', '.join(missing)}", UserWarning, stacklevel=2)
    return made.eval()

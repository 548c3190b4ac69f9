"""BERT, its heads, checkpoints and masked training; sentences as vectors, by real weights where a package has them."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.data.text import mask_tokens
from tilewright.nn import functional as F

try:
    import torch
except ImportError:
    torch = None

SIZES = (31, 12, 2, 3, 20, 9)  # of `BERT`: vocabulary, vectors, layers, heads, between, positions
HEADS = ("BERTForMaskedLM", "BERTForNextSentencePrediction", "BERTForPreTraining", "BERTForSequenceClassification")
MASK = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]])
TOKENS = tw.random.Generator(0).integers(0, 31, size=MASK.shape).numpy()
TYPES = np.array([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]])


def drawn(net, seed=0):
    """The network in float64 without dropout, its weights far from their start."""
    rng, net = np.random.default_rng(seed), net.double().eval()
    with tw.no_grad():
        for parameter in net.parameters():
            parameter[...] = rng.normal(size=parameter.shape) * 0.3 + (0.8 if parameter.ndim == 1 else 0)
    return net


def bert(**options):
    return models.BERT(*SIZES, **options)


def made(name):
    return models.BERT(*SIZES) if name == "BERT" else getattr(models, name)(bert())


def close(got, wanted, atol=1e-10):
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-8, atol=atol)


# ---- names and sizes -------------------------------------------------------------------------------------------------


def layer_names(i):
    dense = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
    dense += ["attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"]
    return [f"encoder.layer.{i}.{name}" for name in dense]


BODY = [
    *(f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")),
    *(f"{name}.{kind}" for name in ("embeddings.LayerNorm", *layer_names(0), *layer_names(1), "pooler.dense")
      for kind in ("weight", "bias")),
]  # fmt: skip
WORDS = [f"cls.predictions.transform.{name}" for name in ("dense.weight", "dense.bias", "LayerNorm.weight",
                                                          "LayerNorm.bias")]  # fmt: skip
WORDS.append("cls.predictions.bias")
FOLLOWS = ["cls.seq_relationship.weight", "cls.seq_relationship.bias"]


def test_names_are_hugging_faces():
    assert set(bert().state_dict()) == set(BODY)
    assert set(bert(pooler=False).state_dict()) == {name for name in BODY if not name.startswith("pooler")}
    heads = WORDS, FOLLOWS, WORDS + FOLLOWS, ["classifier.weight", "classifier.bias"]
    for name, head in zip(HEADS, heads, strict=True):
        assert set(made(name).state_dict()) == {*(f"bert.{name}" for name in BODY), *head}


def test_numbers_of_parameters(monkeypatch):
    for function in nn.init.__all__:  # drawing these takes seconds
        if function.endswith("_"):
            monkeypatch.setattr(nn.init, function, lambda tensor, *args, **options: tensor)
    for size, layers, count in ((768, 12, 109_482_240), (1024, 24, 335_141_888)):
        embeddings = (30_522 + 512 + 2) * size + 2 * size
        layer = 4 * (size * size + size) + 2 * 4 * size * size + 5 * size + 4 * size
        assert embeddings + layers * layer + size * size + size == count
        if size == 768:
            assert sum(p.size for p in models.bert_base().parameters()) == count
    large = models.bert_large(num_hidden_layers=1, vocab_size=1)
    assert sum(p.size for p in large.parameters()) == count - 23 * layer - 30_521 * size
    monkeypatch.setattr(sys.modules["tilewright.models.bert"], "BERT", lambda **options: options)
    assert models.bert_large()["num_hidden_layers"] == 24 and models.bert_large()["num_attention_heads"] == 16


def test_starting_weights():
    tw.random.seed(0)
    net = models.BERTForPreTraining(models.BERT(500, 64, 2, 4, 256))
    for name, parameter in net.named_parameters():
        values = parameter.detach().numpy()
        if "LayerNorm.weight" in name:
            assert (values == 1).all()
        elif name.endswith("bias"):
            assert not values.any()
        else:
            assert abs(values.std() / 0.02 - 1) < 0.15 and abs(values.mean()) < 0.004, name


# ---- results ---------------------------------------------------------------------------------------------------------


class Transcription:
    """The paper's network, in PyTorch's tensor functions, from a state dict with names of the body alone."""

    def __init__(self, state, heads, eps=1e-12):
        self.state, self.heads, self.eps = state, heads, eps

    def dense(self, x, name):
        return x @ self.state[f"{name}.weight"].T + self.state[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + self.eps).sqrt()
        return scaled * self.state[f"{name}.weight"] + self.state[f"{name}.bias"]

    def attention(self, x, mask, name):
        count, length, size = x.shape

        def heads(part):
            return self.dense(x, f"{name}.self.{part}").view(count, length, self.heads, -1).transpose(1, 2)

        scores = heads("query") @ heads("key").transpose(2, 3) / math.sqrt(size // self.heads)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, -math.inf)
        mixed = (scores.softmax(-1) @ heads("value")).transpose(1, 2).reshape(count, length, size)
        return self.norm(self.dense(mixed, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")

    def hidden(self, tokens, mask, types):
        of = "embeddings.{}_embeddings.weight".format
        x = self.state[of("word")][tokens] + self.state[of("position")][: tokens.shape[1]]
        x = self.norm(x + self.state[of("token_type")][types], "embeddings.LayerNorm")
        i = 0
        while (name := f"encoder.layer.{i}") + ".output.dense.weight" in self.state:
            x = self.attention(x, mask, f"{name}.attention")
            y = self.gelu(self.dense(x, f"{name}.intermediate.dense"))
            x, i = self.norm(self.dense(y, f"{name}.output.dense") + x, f"{name}.output.LayerNorm"), i + 1
        return x

    @staticmethod
    def gelu(x):
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2

    def pooled(self, x):
        return self.dense(x[:, 0], "pooler.dense").tanh()

    def words(self, x):
        name = "cls.predictions.transform"
        x = self.norm(self.gelu(self.dense(x, f"{name}.dense")), f"{name}.LayerNorm")
        return x @ self.state["embeddings.word_embeddings.weight"].T + self.state["cls.predictions.bias"]


def transcribed(name, net):
    """Results by PyTorch, and its leaves by the names of the network's."""
    leaves = {key: torch.tensor(value.numpy(), requires_grad=True) for key, value in net.state_dict().items()}
    ref = Transcription({key.removeprefix("bert."): value for key, value in leaves.items()}, heads=SIZES[3])
    x = ref.hidden(*(torch.from_numpy(array) for array in (TOKENS, MASK, TYPES)))
    results = {
        "BERT": lambda: (x, ref.pooled(x)),
        "BERTForMaskedLM": lambda: (ref.words(x),),
        "BERTForNextSentencePrediction": lambda: (ref.dense(ref.pooled(x), "cls.seq_relationship"),),
        "BERTForPreTraining": lambda: (ref.words(x), ref.dense(ref.pooled(x), "cls.seq_relationship")),
        "BERTForSequenceClassification": lambda: (ref.dense(ref.pooled(x), "classifier"),),
    }
    return results[name](), leaves


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", ["BERT", *HEADS])
def test_results_and_gradients_are_those_of_pytorch(name):
    net = drawn(made(name))
    wanted, leaves = transcribed(name, net)
    got = net(TOKENS, MASK, TYPES)
    got, rng = got if isinstance(got, tuple) else (got,), np.random.default_rng(1)
    assert len(got) == len(wanted)
    total, reference = 0.0, 0.0
    for y, ref in zip(got, wanted, strict=True):
        close(y, ref)
        direction = rng.normal(size=y.shape)
        total, reference = total + (y * direction).sum(), reference + (ref * torch.from_numpy(direction)).sum()
    total.backward()
    reference.backward()
    for path, parameter in net.named_parameters():
        if leaves[path].grad is None:
            assert parameter.grad is None and "pooler" in path
        else:
            close(parameter.grad, leaves[path].grad, atol=1e-8)


def test_padding_has_no_influence():
    net = drawn(bert())
    whole, other = net(TOKENS, MASK != 0, TYPES), np.where(MASK, TOKENS, 3)
    np.testing.assert_array_equal(net(other, MASK, TYPES).pooler_output.detach(), whole.pooler_output.detach())
    for i, length in enumerate(MASK.sum(1)):
        alone = net(TOKENS[i : i + 1, :length], None, TYPES[i : i + 1, :length])
        close(alone.last_hidden_state[0], whole.last_hidden_state[i, :length])
    close(net(TOKENS).last_hidden_state, net(TOKENS, np.ones_like(MASK), 0 * TYPES).last_hidden_state, atol=0)


def test_logits_of_chosen_places_are_those_of_all():
    for name in ("BERTForMaskedLM", "BERTForPreTraining"):
        net, at = drawn(made(name)), TOKENS % 3 == 0
        whole, chosen = net(TOKENS, MASK, TYPES), net(TOKENS, MASK, TYPES, at=at)
        if name == "BERTForPreTraining":
            close(chosen[1], whole[1])
            whole, chosen = whole[0], chosen[0]
        close(chosen, whole[tw.asarray(at)])
        assert net(TOKENS, at=at & False).shape == (0, 31) if name == "BERTForMaskedLM" else True


def test_dropout_is_of_training_alone():
    net = bert(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.5)
    a, b = (net(TOKENS).last_hidden_state.detach().numpy() for _ in range(2))
    assert (a != b).any()
    net.eval()
    a, b = (net(TOKENS).last_hidden_state.detach().numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    net = bert(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.0)
    assert (net(TOKENS).last_hidden_state.detach().numpy() != net(TOKENS).last_hidden_state.detach().numpy()).any()


def test_masked_tokens_are_learned():
    """Of texts that count upwards, a hidden number follows from its neighbours; its place leaves ten."""
    tw.random.seed(0)
    net = models.BERTForMaskedLM(models.BERT(20, 32, 1, 4, 64, 8, pooler=False, hidden_dropout_prob=0.0))
    optimizer, losses = tw.optim.Adam(net.parameters(), lr=5e-3), []
    for _ in range(100):
        texts = tw.random.integers(0, 10, size=(32, 1)) + tw.arange(8) + 2
        inputs, targets = mask_tokens(texts, 20, mask=1, special=[0])
        at = targets != -100
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs, at=at), targets[at])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 1.3 < math.log(10) < losses[0]


# ---- masking ---------------------------------------------------------------------------------------------------------


def test_shares_of_masked_tokens():
    tokens = tw.random.Generator(1).integers(3, 1000, size=(200, 500))
    tokens[:, 0], tokens[:, -1] = 1, 2
    inputs, targets = mask_tokens(tokens, 1000, mask=0, special=[1, 2], generator=tw.random.Generator(2))
    given, inputs, targets = tokens.numpy(), inputs.numpy(), targets.numpy()
    found = targets != -100
    assert not found[:, [0, -1]].any() and (inputs[~found] == given[~found]).all()
    assert (targets[found] == given[found]).all() and abs(found[:, 1:-1].mean() - 0.15) < 0.004
    hidden, kept = inputs[found] == 0, inputs[found] == given[found]
    other = inputs[found][~hidden & ~kept]
    shares = hidden.mean(), kept.mean(), other.size / found.sum()
    np.testing.assert_allclose(shares, (0.8, 0.1, 0.1), atol=0.01)
    assert other.min() >= 3 and abs(other.mean() - 501) < 25
    again = mask_tokens(tokens, 1000, mask=0, special=[1, 2], generator=tw.random.Generator(2))
    np.testing.assert_array_equal(again[0], inputs)


def test_bounds_of_masking():
    tokens = tw.asarray([5, 0, 7])
    inputs, targets = mask_tokens(tokens, 8, mask=1, probability=0.0, ignore_index=-1)
    assert inputs.tolist() == [5, 0, 7] and targets.tolist() == [-1] * 3 and tokens.tolist() == [5, 0, 7]
    _, targets = mask_tokens(tokens, 8, mask=1, probability=1.0)
    assert targets.tolist() == [5, 0, 7] and mask_tokens([], 8, mask=1)[0].shape == (0,)


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def older(state):
    """As the first checkpoints were."""
    state = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
             for name, value in state.items()}  # fmt: skip
    return {**state, "bert.embeddings.position_ids": tw.arange(9)[None]}


@pytest.mark.parametrize("name", ["BERT", *HEADS])
def test_checkpoints_of_all_ages_load(name):
    net, state = drawn(made(name)), None
    wanted = net.state_dict()
    bare = {key.removeprefix("bert."): value for key, value in wanted.items()}
    full = {f"bert.{key}" if key.split(".")[0] in ("embeddings", "encoder", "pooler") else key: value
            for key, value in bare.items()}  # fmt: skip
    for state in (bare, full, older(full)):
        fresh = made(name).double()
        assert fresh.load_state_dict(state) == ([], [])
        for key, value in fresh.state_dict().items():
            np.testing.assert_array_equal(value, wanted[key])


def test_a_decoder_beside_the_embeddings():
    net = drawn(made("BERTForMaskedLM"))
    state = dict(net.state_dict())
    words, bias = state["bert.embeddings.word_embeddings.weight"], state.pop("cls.predictions.bias")
    state |= {"cls.predictions.decoder.weight": words, "cls.predictions.decoder.bias": bias}
    fresh = made("BERTForMaskedLM").double()
    assert fresh.load_state_dict(state) == ([], [])
    np.testing.assert_array_equal(fresh.cls.predictions.bias.detach(), bias)
    state["cls.predictions.decoder.weight"] = words + 1
    with pytest.raises(ValueError, match=r"decoder\.weight is not bert\.embeddings\.word_embeddings\.weight"):
        fresh.load_state_dict(state)
    with pytest.raises(ValueError, match=r"embeddings\.LayerNorm\.gamma is there twice"):
        bert().load_state_dict({**bert().state_dict(), "embeddings.LayerNorm.gamma": tw.ones(12)})
    with pytest.raises(ValueError, match=r"cls\.predictions\.bias"):
        bert().load_state_dict({**bert().state_dict(), "cls.predictions.bias": tw.ones(31)})
    with pytest.raises(TypeError, match="load_state_dict"):
        bert().load_state_dict([1])


CONFIG = {
    **dict(zip(("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                "max_position_embeddings"), SIZES, strict=True)),
    "model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": 1e-6, "hidden_dropout_prob": 0.2,
}  # fmt: skip


def write(folder, net, config=CONFIG, **files):
    pytest.importorskip("safetensors")
    files = {"config": config, **files}
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    tw.io.save(folder / "model.safetensors", net)


def test_load_bert(tmp_path):
    net = drawn(made("BERTForPreTraining"))
    write(tmp_path, net)
    read = models.load_bert(tmp_path)
    assert not read.training and read.embeddings.dropout.p == 0.2 and read.embeddings.LayerNorm.eps == 1e-6
    for name, value in read.state_dict().items():
        np.testing.assert_array_equal(value, net.state_dict()[f"bert.{name}"].astype("float32"))
    masked = models.load_bert(tmp_path, models.BERTForMaskedLM)
    np.testing.assert_array_equal(
        masked.cls.predictions.bias.detach(), net.cls.predictions.bias.detach().astype("float32")
    )
    with pytest.warns(UserWarning, match=r"new weights, .*: classifier.weight, classifier.bias"):
        head = models.load_bert(tmp_path, models.BERTForSequenceClassification, num_labels=5)
    assert head.classifier.weight.shape == (5, 12)
    write(tmp_path, bert(pooler=False))
    assert models.load_bert(tmp_path).pooler is None
    with pytest.warns(UserWarning, match="pooler.dense.weight"):
        models.load_bert(tmp_path, models.BERTForSequenceClassification)


BROKEN = [
    ({"model_type": "gpt2"}, tw.io.FormatError, "model_type .* is 'gpt2', but is read only as 'bert'"),
    ({"hidden_act": "relu"}, tw.io.FormatError, "hidden_act .* is 'relu'"),
    ({"num_hidden_layers": 3}, ValueError, r"lacks encoder\.layer\.2\.attention\.self\.query\.weight"),
    ({"hidden_size": 6}, ValueError, "shape"),
]


@pytest.mark.parametrize(("change", "error", "message"), BROKEN)
def test_folders_that_do_not_fit(change, error, message, tmp_path):
    write(tmp_path, bert(), {**CONFIG, **change})
    with pytest.raises(error, match=message):
        models.load_bert(tmp_path)


def test_folders_that_are_broken(tmp_path):
    with pytest.raises(FileNotFoundError):
        models.load_bert(tmp_path)
    write(tmp_path, bert(), "{")
    with pytest.raises(tw.io.FormatError, match=r"load_bert: .*config\.json' is no JSON"):
        models.load_bert(tmp_path)
    write(tmp_path, bert(), "[]")
    with pytest.raises(tw.io.FormatError, match="holds no object"):
        models.load_bert(tmp_path)
    with pytest.raises(TypeError, match=r"load_bert: folder is 3, but must be a str, bytes or os\.PathLike"):
        models.load_bert(3)
    with pytest.raises(TypeError, match=r"load_bert: network is .* but must be BERT"):
        models.load_bert(tmp_path, nn.Linear)


# ---- arguments -------------------------------------------------------------------------------------------------------

ERRORS = [
    (ValueError, "BERT: hidden_size is 10, which num_attention_heads, 3, does", lambda: models.BERT(5, 10, 1, 3, 4)),
    (ValueError, "BERT: num_hidden_layers is 1001, but must", lambda: models.BERT(5, 10, 1001)),
    (ValueError, r"BERT: hidden_dropout_prob is 2.0", lambda: bert(hidden_dropout_prob=2)),
    (TypeError, "BERT: pooler is", lambda: bert(pooler="yes")),
    (ValueError, r"BERT: input_ids\[0, 1\] is 31, but tokens are numbers below 31", lambda: bert()([[1, 31]])),
    (ValueError, r"BERT: input_ids has shape \(1, 10\), but texts have from 1 to 9", lambda: bert()([[1] * 10])),
    (ValueError, r"BERT: input_ids has shape \(2,\)", lambda: bert()([1, 2])),
    (TypeError, "BERT: input_ids has dtype float32", lambda: bert()([[1.0, 2.0]])),
    (ValueError, r"BERT: token_type_ids\[0, 0\] is 2", lambda: bert()([[1]], token_type_ids=[[2]])),
    (ValueError, r"BERT: token_type_ids has shape \(1, 2\)", lambda: bert()([[1]], token_type_ids=[[0, 0]])),
    (ValueError, r"BERT: attention_mask\[0, 0\] is -1", lambda: bert()([[1]], [[-1]])),
    (ValueError, r"BERT: attention_mask has shape \(2, 1\), but input_ids \(1, 1\)", lambda: bert()([[1]], [[1], [1]])),
    (TypeError, "BERT: attention_mask has dtype float32", lambda: bert()([[1]], [[0.5]])),
    (TypeError, "BERTForMaskedLM: bert is a Linear, but must", lambda: models.BERTForMaskedLM(nn.Linear(1, 1))),
    (ValueError, "BERTForPreTraining: bert has no pooler", lambda: models.BERTForPreTraining(bert(pooler=False))),
    (ValueError, r"BERTForMaskedLM: at has shape \(1,\)", lambda: made(HEADS[0])([[1]], at=[True])),
    (TypeError, "BERTForMaskedLM: at has dtype int64", lambda: made(HEADS[0])([[1]], at=[[1]])),
    (ValueError, "BERTForSequenceClassification: num_labels is 0", lambda: getattr(models, HEADS[3])(bert(), 0)),
    (ValueError, "mask_tokens: mask is 8", lambda: mask_tokens([1], 8, mask=8)),
    (ValueError, "mask_tokens: an entry of special is -1", lambda: mask_tokens([1], 8, mask=1, special=[-1])),
    (ValueError, "mask_tokens: special has all 2", lambda: mask_tokens([1], 2, mask=1, special=[0])),
    (ValueError, r"mask_tokens: tokens\[1\] is 9, but must be from 0 to 7", lambda: mask_tokens([1, 9], 8, mask=1)),
    (TypeError, "mask_tokens: tokens have dtype float32", lambda: mask_tokens([1.0], 8, mask=1)),
    (ValueError, "SentenceEncoder: max_length is 10", lambda: models.SentenceEncoder(bert(), None, 10)),
    (ValueError, "SentenceEncoder: pooling is 'sum'", lambda: models.SentenceEncoder(bert(), pooling="sum")),
    (TypeError, "SentenceEncoder: tokenizer is a str|tokenizer is 'x'", lambda: models.SentenceEncoder(bert(), "x")),
    (TypeError, "SentenceEncoder: bert is None", lambda: models.SentenceEncoder(None)),
    (RuntimeError, "SentenceEncoder.encode: there is no tok", lambda: models.SentenceEncoder(bert()).encode(["a"])),
    (TypeError, "SentenceEncoder.encode: an entry", lambda: models.SentenceEncoder(bert()).encode([1])),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()

"""GPT, GPT-2 and LLaMA: state dicts, results against PyTorch's, and generating with and without a cache."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.models import GPT1, GPT2, LLaMA, generation

try:
    import torch
    from torch.nn import functional as F
except ImportError:
    torch = None

SMALL = {"vocab_size": 23, "context": 16, "embedding_dim": 12, "num_layers": 2, "num_heads": 3}
CASES = [
    (GPT2, {}),
    (GPT2, {"tie_weights": False, "hidden_size": 20}),
    (GPT1, {}),
    (LLaMA, {"num_heads": 6, "num_kv_heads": 2, "hidden_size": 20, "base": 300.0}),
    (LLaMA, {"tie_weights": True, "eps": 1e-3}),
]
PROMPTS = [[1, 2, 3], [4, 5], [7, 8, 9, 10, 11], [6]]


def each():
    return pytest.mark.parametrize(("kind", "options"), CASES, ids=lambda x: getattr(x, "__name__", str(x)))


def drawn(kind, options, seed=0, **more):
    """In float64, and with weights so large that tokens differ."""
    net = kind(**{**SMALL, **options, **more}).double().eval()
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(0, 0.8 if x.ndim > 1 else 0.1, x.shape) for name, x in net.state_dict().items()}
    net.load_state_dict({name: x + (x.ndim == 1 and name.endswith("weight")) for name, x in values.items()})
    return net


def tokens(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, SMALL["vocab_size"], shape)


def close(got, want, atol=1e-11):
    got, want = (x.detach().numpy() for x in (got, want))
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=atol)


# ---- sizes and names -------------------------------------------------------------------------------------------------


@pytest.fixture
def unallocated(monkeypatch):
    """Weights are one number each, seen everywhere: what has billions is counted in no time."""
    full = tw._core.full
    monkeypatch.setattr(tw._core, "full", lambda shape, x, *rest: tw._core.broadcast_to(full((), x, *rest), shape))
    for name in nn.init.__all__:
        if name.endswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (models.gpt1, 116_534_784),
        (models.gpt2, 124_439_808),
        (lambda: models.gpt2(tie_weights=False), 124_439_808 + 50257 * 768),
        (models.gpt2_medium, 354_823_168),
        (models.gpt2_large, 774_030_080),
        (models.gpt2_xl, 1_557_611_200),
        (lambda: LLaMA(32000, 2048, 2048, 22, 32, 4), 1_100_048_384),  # TinyLlama
        (lambda: LLaMA(32000, 2048, 4096, 32, 32), 6_738_415_616),  # LLaMA 7B
        (lambda: LLaMA(128256, 8192, 2048, 16, 32, 8, hidden_size=8192, tie_weights=True), 1_235_814_400),  # 3.2 1B
    ],
)
def test_numbers_of_parameters(make, count, unallocated):
    assert sum(p.size for p in make().parameters()) == count


def test_starting_weights():
    tw.random.seed(0)
    net = GPT2(1000, 64, 96, num_layers=8, num_heads=4)
    deviation = {name: float(p.detach().std()) for name, p in net.named_parameters()}
    for name, std in deviation.items():
        if name.endswith("bias"):
            assert std == 0 and not net.get_parameter(name).any()
        elif "ln_" in name:
            assert (net.get_parameter(name) == 1).all()
        else:
            assert std == pytest.approx(0.02 / math.sqrt(16) if "c_proj" in name else 0.02, rel=0.1), name
    assert float(GPT1(1000, 64, 96, 2, 4).h[0].mlp.c_proj.weight.detach().std()) == pytest.approx(0.02, rel=0.1)


NAMES = {
    GPT2: "ln_1 attn.c_attn:12x36 attn.c_proj:12x12 ln_2 mlp.c_fc:12x48 mlp.c_proj:48x12",
    GPT1: "attn.c_attn:12x36 attn.c_proj:12x12 ln_1 mlp.c_fc:12x48 mlp.c_proj:48x12 ln_2",
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_those_of_the_files(kind):
    tables = (
        {"wte": (23, 12), "wpe": (16, 12)} if kind is GPT2 else {"tokens_embed": (23, 12), "positions_embed": (16, 12)}
    )
    want = {f"{name}.weight": shape for name, shape in tables.items()}
    paths = [f"h.{i}.{entry}" for i in range(2) for entry in NAMES[kind].split()] + ["ln_f"] * (kind is GPT2)
    for path, _, size in (path.partition(":") for path in paths):
        shape = tuple(map(int, size.split("x"))) if size else (12,)
        want |= {f"{path}.weight": shape, f"{path}.bias": shape[-1:]}
    assert {name: value.shape for name, value in kind(**SMALL).state_dict().items()} == want


def test_names_of_llama():
    layer = {"self_attn.q_proj": (12, 12), "self_attn.k_proj": (4, 12), "self_attn.v_proj": (4, 12)}
    layer |= {"self_attn.o_proj": (12, 12), "mlp.gate_proj": (20, 12), "mlp.up_proj": (20, 12)}
    layer |= {"mlp.down_proj": (12, 20), "input_layernorm": (12,), "post_attention_layernorm": (12,)}
    want = {f"model.layers.{i}.{name}.weight": shape for i in range(2) for name, shape in layer.items()}
    want |= {"model.embed_tokens.weight": (23, 12), "model.norm.weight": (12,), "lm_head.weight": (23, 12)}
    net = LLaMA(**{**SMALL, "num_kv_heads": 1, "hidden_size": 20})
    assert {name: value.shape for name, value in net.state_dict().items()} == want


def test_files_of_others_load(tmp_path):
    """With another prefix, masks of old versions and a copy of the tied weight."""
    pytest.importorskip("safetensors")
    net, twin = drawn(GPT2, {}), drawn(GPT2, {}, seed=1)
    file = {f"transformer.{name}": value for name, value in net.state_dict().items()}
    file |= {f"transformer.h.{i}.attn.bias": tw.ones((1, 1, 16, 16)) for i in range(2)}
    file |= {f"transformer.h.{i}.attn.masked_bias": tw.asarray(-1e4) for i in range(2)}
    tw.io.save(tmp_path / "a.safetensors", file | {"lm_head.weight": net.wte.weight.detach()})
    found = twin.load_state_dict(tw.io.load(tmp_path / "a.safetensors"))
    assert found == ([], [])
    assert (twin(tokens(2, 5)) == net(tokens(2, 5))).all()
    old = {"model.layers.0.self_attn.rotary_emb.inv_freq": tw.ones(2)}
    LLaMA(**SMALL).load_state_dict(LLaMA(**SMALL).state_dict() | old)
    untied = GPT2(**SMALL, tie_weights=False)
    assert untied.load_state_dict(untied.state_dict(prefix="transformer.") | {"lm_head.weight": tw.ones((23, 12))})
    assert (untied.lm_head.weight == 1).all()
    with pytest.raises(ValueError, match=r"lm_head.weight is not wte.weight, but the weights of this GPT2 are tied"):
        net.load_state_dict(net.state_dict() | {"lm_head.weight": tw.ones((23, 12))})
    with pytest.raises(ValueError, match=r"missing: wpe.weight\n  unexpected: h.2.ln_1.bias"):
        state = net.state_dict()
        net.load_state_dict(
            {name: value for name, value in state.items() if name != "wpe.weight"} | {"h.2.ln_1.bias": 1}
        )
    with pytest.raises(TypeError, match="load_state_dict: state_dict is 3, but must be a mapping"):
        net.load_state_dict(3)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


def torch_attention(q, k, v, heads):
    q, k, v = (x.unflatten(-1, (-1, q.shape[-1] // heads)).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True).transpose(1, 2).flatten(2)


def torch_gpt(state, x, net):
    w = state.__getitem__
    second = net.__class__ is GPT2
    names = ("wte", "wpe") if second else ("tokens_embed", "positions_embed")
    table, places = (w(f"{name}.weight") for name in names)

    def norm(path, x):
        return F.layer_norm(x, x.shape[-1:], w(f"{path}.weight"), w(f"{path}.bias"), 1e-5)

    def linear(path, x):
        return x @ w(f"{path}.weight") + w(f"{path}.bias")

    def attention(path, x):
        return linear(f"{path}.c_proj", torch_attention(*linear(f"{path}.c_attn", x).chunk(3, -1), net.num_heads))

    def mlp(path, x):
        return linear(f"{path}.c_proj", F.gelu(linear(f"{path}.c_fc", x), approximate="tanh"))

    x = table[x] + places[: x.shape[1]]
    for path in (f"h.{i}" for i in range(net.num_layers)):
        if second:
            x = x + attention(f"{path}.attn", norm(f"{path}.ln_1", x))
            x = x + mlp(f"{path}.mlp", norm(f"{path}.ln_2", x))
        else:
            x = norm(f"{path}.ln_1", x + attention(f"{path}.attn", x))
            x = norm(f"{path}.ln_2", x + mlp(f"{path}.mlp", x))
    x = norm("ln_f", x) if second else x
    return F.linear(x, state.get("lm_head.weight", table))


def torch_llama(state, x, net):
    w = state.__getitem__
    first = net.model.layers[0]
    heads, eps, base = first.self_attn.num_heads, first.input_layernorm.eps, net.model.rotary_emb.base
    table = w("model.embed_tokens.weight")
    size = table.shape[1] // heads
    angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * base ** -(
        torch.arange(0, size, 2).double() / size
    )

    def norm(path, x):
        return F.rms_norm(x, x.shape[-1:], w(f"{path}.weight"), eps)

    def linear(path, x):
        return F.linear(x, w(f"{path}.weight"))

    def turned(x):
        a, b = x.unflatten(-1, (-1, 2, size // 2)).unbind(-2)  # (B, T, heads, size / 2)
        cos, sin = (f(angles)[:, None] for f in (torch.cos, torch.sin))
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).flatten(2)

    x = table[x]
    for path in (f"model.layers.{i}" for i in range(net.num_layers)):
        y = norm(f"{path}.input_layernorm", x)
        q, k, v = (linear(f"{path}.self_attn.{name}_proj", y) for name in "qkv")
        x = x + linear(f"{path}.self_attn.o_proj", torch_attention(turned(q), turned(k), v, heads))
        y = norm(f"{path}.post_attention_layernorm", x)
        y = F.silu(linear(f"{path}.mlp.gate_proj", y)) * linear(f"{path}.mlp.up_proj", y)
        x = x + linear(f"{path}.mlp.down_proj", y)
    return F.linear(norm("model.norm", x), state.get("lm_head.weight", table))


@each()
@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
def test_logits_and_gradients_are_pytorchs(kind, options):
    net = drawn(kind, options)
    state = {name: torch.from_numpy(p.detach().numpy().copy()).requires_grad_() for name, p in net.named_parameters()}
    x = tokens(3, 9)
    want = (torch_llama if kind is LLaMA else torch_gpt)(state, torch.from_numpy(x), net)
    close(net(x), want)
    loss = net.loss(x)
    of_torch = F.cross_entropy(want[:, :-1].flatten(0, 1), torch.from_numpy(x[:, 1:]).flatten())
    assert loss.item() == pytest.approx(of_torch.item(), rel=1e-12)
    loss.backward()
    of_torch.backward()
    for name, p in net.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), state[name].grad.numpy(), rtol=0, atol=1e-11, err_msg=name)


@each()
def test_losses(kind, options):
    net = drawn(kind, options)
    x = tokens(3, 9)
    masked = np.where(np.arange(1, 9) < 5, x[:, 1:], -100)
    close(net.loss(x[:, :5]), net.loss(x[:, :-1], masked))
    close(net.loss(x, np.where(x == 3, 3, x)), nn.functional.cross_entropy(net(x).swapaxes(1, 2), x))


@each()
def test_no_token_sees_later_ones(kind, options):
    net, x = drawn(kind, options), tokens(2, 8)
    other = x.copy()
    other[:, 5:] = tokens(2, 3, seed=1)
    assert (other != x).any()
    close(net(other)[:, :5], net(x)[:, :5])
    assert (net(other)[:, 5:] != net(x)[:, 5:]).any()


@each()
def test_dropout_in_training_alone(kind, options):
    if kind is LLaMA:
        pytest.skip("has none")
    net, x = drawn(kind, options, dropout=0.5).train(), tokens(2, 8)
    assert (net(x) != net(x)).any()
    net.eval()
    assert (net(x) == net(x)).all()
    for drop in (net.drop, net.h[0].attn.resid_dropout, net.h[0].mlp.dropout):
        net.eval()
        drop.training = True
        assert (net(x) != net(x)).any()
    net.eval()
    net.h[0].attn.training = True
    assert (net(x) != net(x)).any()  # dropped weights of the attention


# ---- generating ------------------------------------------------------------------------------------------------------


@each()
def test_logits_with_a_cache_are_those_without(kind, options):
    net, x = drawn(kind, options), tokens(3, 12)
    want = net(x)
    for cuts in ([5, 6, 7, 12], [1, 12], list(range(1, 13))):
        cache, start = net.new_cache(12), 0
        with tw.no_grad():
            for stop in cuts:
                close(net(x[:, start:stop], cache), want[:, start:stop])
                start = stop
    start = tw.asarray([2, 0, 5])
    padded = net(x, start=start)
    cache = net.new_cache()
    with tw.no_grad():
        close(tw.concatenate([net(x[:, :7], cache, start), net(x[:, 7:], cache, start)], 1)[:, 5:], padded[:, 5:])
    for i, first in enumerate(start.tolist()):
        close(padded[i : i + 1, first:], net(x[i : i + 1, first:]))


@each()
def test_each_row_is_what_it_is_alone(kind, options):
    net = drawn(kind, options)
    together = net.generate(PROMPTS, 8, temperature=0)
    assert together.shape == (4, 13) and together.dtype == tw.int64
    uncached = net.generate(PROMPTS, 8, temperature=0, use_cache=False)
    padded = np.full((4, 5), 22)
    for i, prompt in enumerate(PROMPTS):
        padded[i, : len(prompt)] = prompt
    by_lengths = net.generate(padded, 8, lengths=[len(prompt) for prompt in PROMPTS], temperature=0)
    streamed = tw.stack(list(net.stream(PROMPTS, 8, temperature=0)), 1)
    greedy = net.beam_search(PROMPTS, 8, end=0, width=1)
    beams = net.beam_search(PROMPTS, 8, end=0, width=3, length_penalty=0.6)
    assert together.tolist() == uncached.tolist() == by_lengths.tolist()
    for i, prompt in enumerate(PROMPTS):
        alone = net.generate(prompt, 8, temperature=0)
        row = together[i].tolist()
        assert row == alone.tolist() + [row[-1]] * (5 - len(prompt)) and row[: len(prompt)] == prompt
        assert streamed[i].tolist() == alone.tolist()[len(prompt) :]
        length = greedy.lengths[i, 0].item()
        assert greedy.tokens[i, 0, :length].tolist() == alone.tolist()[len(prompt) :][:length]
        single = net.beam_search(prompt, 8, end=0, width=3, length_penalty=0.6)
        steps = single.tokens.shape[2]
        assert beams.tokens[i : i + 1, :, :steps].tolist() == single.tokens.tolist()
        close(beams.scores[i : i + 1], single.scores)
    assert len({tuple(row) for row in together.tolist()}) == 4


@each()
def test_a_wide_beam_finds_the_best(kind, options):
    """As wide as there are beginnings: each score is the sum of log-probabilities, and none is better."""
    net = drawn(kind, options, vocab_size=3)
    found = net.beam_search([[1, 0, 2], [0, 0, 1]], 3, end=2, width=40)
    every = [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]
    for row, prompt in enumerate(([1, 0, 2], [0, 0, 1])):
        scores = {}
        for text in every:
            ended = text[: text.index(2) + 1] if 2 in text else text
            logits = nn.functional.log_softmax(net([[*prompt, *ended]])[0], -1)
            scores[ended] = sum(logits[2 + i, token].item() for i, token in enumerate(ended))
        best = sorted(scores.items(), key=lambda item: -item[1])
        for place, (text, score) in enumerate(best):
            assert found.tokens[row, place, : len(text)].tolist() == list(text)
            assert found.scores[row, place].item() == pytest.approx(score, rel=1e-5)


def test_drawing():
    net = drawn(GPT2, {})

    def draw(seed, **options):
        return net.generate(tokens(50, 3), 6, generator=tw.random.Generator(seed), **options).tolist()

    assert draw(1) == draw(1) != draw(2)
    assert draw(1, temperature=0.7, top_k=5, top_p=0.9) == draw(1, temperature=0.7, top_k=5, top_p=0.9, use_cache=False)
    assert draw(1, top_k=1) == draw(2, temperature=0)
    streamed = tw.stack(list(net.stream(tokens(50, 3), 6, generator=tw.random.Generator(1))), 1)
    assert [row[3:] for row in draw(1)] == streamed.tolist()
    first = nn.functional.softmax(net([[1, 2, 3]])[0, -1], -1).detach().numpy()
    often = np.bincount(
        net.generate([[1, 2, 3]] * 4000, 1, generator=tw.random.Generator(0))[:, -1].numpy(), minlength=23
    )
    assert np.abs(often / 4000 - first).max() < 4 * math.sqrt(0.25 / 4000)


def test_stop_tokens():
    net = drawn(GPT2, {})
    free = net.generate(PROMPTS, 10, temperature=0)
    added = [row[len(prompt) : len(prompt) + 10] for row, prompt in zip(free.tolist(), PROMPTS, strict=True)]
    stops = [22, 4]
    stopped = net.generate(PROMPTS, 10, temperature=0, stop=stops)
    ends = [min((row.index(s) for s in stops if s in row), default=9) for row in added]
    assert len(set(ends)) > 1
    assert stopped.shape == (4, 5 + max(ends) + 1)
    for row, prompt, text, end in zip(stopped.tolist(), PROMPTS, added, ends, strict=True):
        want = prompt + text[: end + 1]
        assert row == want + [want[-1]] * (len(row) - len(want))
    assert len(list(net.stream([1, 2], 10, temperature=0, stop=range(23)))) == 1
    assert net.generate([1, 2], 10, temperature=0, stop=np.int64(22)).shape[0] <= 12
    assert net.generate([1, 2], 0).tolist() == [1, 2]


def test_generating_leaves_the_model_as_it_is():
    net = drawn(GPT2, {}, dropout=0.5).train()
    net.h[1].eval()
    modes = [module.training for module in net.modules()]
    want = net.generate(PROMPTS, 5, temperature=0).tolist()
    assert want == net.generate(PROMPTS, 5, temperature=0).tolist()
    added = []
    for token in net.stream(PROMPTS, 5, temperature=0):
        assert [module.training for module in net.modules()] == modes
        net.loss(tokens(1, 4)).backward()  # gradients are recorded between tokens
        added.append(token.tolist())
    assert [row[len(p) : len(p) + 5] for row, p in zip(want, PROMPTS, strict=True)] == [
        list(row) for row in zip(*added, strict=True)
    ]
    net.beam_search(PROMPTS, 3, end=0, width=2)
    assert [module.training for module in net.modules()] == modes


def test_generation_stops_and_streams():
    def count(tokens, state):
        return nn.functional.one_hot((tokens[..., -1] + 1) % 7, 7) * 1e3, state

    options = {"temperature": 0, "stop": [5, 0]}
    assert generation.generate(count, [[1], [3], [6]], 9, **options).tolist() == [
        [1, 2, 3, 4, 5], [3, 4, 5, 5, 5], [6, 0, 0, 0, 0],
    ]  # fmt: skip
    assert [t.tolist() for t in generation.stream(count, [[1], [3]], 2, **options)] == [[2, 4], [3, 5]]
    assert next(generation.stream(count, [1], 10, temperature=0)).item() == 2
    with pytest.raises(ValueError, match="stream: length is -1"):
        generation.stream(count, [1], -1)
    with pytest.raises(ValueError, match="generate: an entry of stop is -1, but must be at least 0"):
        generation.generate(count, [1], 2, stop=[3, -1])
    with pytest.raises(TypeError, match=r"generate: an entry of stop is 1\.5, but must be an integer"):
        generation.generate(count, [1], 2, stop=[1.5])


@pytest.mark.parametrize(("to", "atol"), [("half", 0.02), ("bfloat16", 0.15)])
@each()
def test_half_precision(kind, options, to, atol):
    net, x = drawn(kind, options), tokens(2, 9)
    want = net(x).detach().numpy()
    getattr(net, to)()
    cache = net.new_cache()
    with tw.no_grad():
        parts = [net(x[:, :5], cache), net(x[:, 5:], cache)]
        together = net(x)
    assert together.dtype.name == cache[0].keys.dtype.name == {"half": "float16"}.get(to, to)
    scale = atol * np.abs(want).max()
    np.testing.assert_allclose(together.astype("float32").numpy(), want, rtol=0, atol=scale)
    np.testing.assert_allclose(tw.concatenate(parts, 1).astype("float32").numpy(), want, rtol=0, atol=scale)
    assert net.generate(PROMPTS, 3, temperature=0).shape == (4, 8)


# ---- what is refused -------------------------------------------------------------------------------------------------

NET = drawn(GPT2, {})


def filled(texts=2, net=NET):
    cache = net.new_cache()
    with tw.no_grad():
        net(tokens(texts, 10), cache)
    return cache


def uneven():
    cache = filled()
    cache[1].truncate(4)
    return cache


ERRORS = [
    (ValueError, r"GPT2: input has shape \(3,\), but must be \(B, T\)", lambda: NET([1, 2, 3])),
    (TypeError, "GPT2: input has dtype float32, but tokens are integers", lambda: NET([[0.5]])),
    (ValueError, "GPT2: input has 17 tokens, but the context is 16", lambda: NET(tokens(1, 17))),
    (
        ValueError,
        "GPT2: input has 7 tokens, which with the 10 in the cache are 17, but the context is 16",
        lambda: NET(tokens(2, 7), filled()),
    ),
    (ValueError, "GPT2: input has 3 texts, but the cache has 2", lambda: NET(tokens(3, 1), filled())),
    (TypeError, "GPT2: cache is a KeyValueCache, but must be a list", lambda: NET(tokens(3, 1), nn.KeyValueCache())),
    (TypeError, "GPT2: cache is a list, but must be a list of KeyValueCache", lambda: NET(tokens(3, 1), [None, None])),
    (ValueError, "GPT2: cache has 1 layers, but must have 2", lambda: NET(tokens(3, 1), [nn.KeyValueCache()])),
    (ValueError, "layers of cache have lengths from 4 to 10, but must have one", lambda: NET(tokens(2, 1), uneven())),
    (
        TypeError,
        "GPT2: cache has dtype float32, but must be float64 as the parameters are",
        lambda: NET(tokens(2, 1), filled(net=GPT2(**SMALL))),
    ),
    (RuntimeError, "wants a gradient", lambda: NET(tokens(2, 1), filled())),
    (ValueError, "GPT2: start has 1 entries, but input has 2 texts", lambda: NET(tokens(2, 3), start=[1])),
    (ValueError, r"GPT2: start\[1\] is 4, but must be from 0 to 3", lambda: NET(tokens(2, 3), start=[1, 4])),
    (IndexError, "23", lambda: NET([[1, 23]])),
    (ValueError, "GPT2.loss: target has shape", lambda: NET.loss(tokens(2, 3), tokens(2, 2))),
    (ValueError, r"GPT2.loss: input has shape \(2, 0\), which leaves no token", lambda: NET.loss(tokens(2, 1))),
    (ValueError, r"GPT2.loss: input has shape \(3,\)", lambda: NET.loss([1, 2, 3])),
    (
        ValueError,
        "GPT2.generate: prompt has 10 tokens, which with 7 more are 17, but the context is 16",
        lambda: NET.generate(tokens(1, 10), 7),
    ),
    (ValueError, r"GPT2.generate: prompt has shape \(2, 0\)", lambda: NET.generate(tokens(2, 0), 1)),
    (ValueError, r"GPT2.generate: prompt\[1\] has shape \(0,\)", lambda: NET.generate([[1], []], 1)),
    (ValueError, r"GPT2.generate: prompt\[0\] has shape \(\)", lambda: NET.generate([3, [1, 2]], 1)),
    (ValueError, "GPT2.generate: lengths contain 0", lambda: NET.generate([[1], [2]], 1, lengths=[0, 1])),
    (ValueError, "GPT2.generate: there are 1 lengths, but 2 seq", lambda: NET.generate([[1], [2]], 1, lengths=[1])),
    (ValueError, "GPT2.generate: lengths are those of rows", lambda: NET.generate([1, 2], 1, lengths=[2])),
    (ValueError, "GPT2.generate: length is -1", lambda: NET.generate([1], -1)),
    (ValueError, "GPT2.stream: top_k is 0", lambda: NET.stream([1], 3, top_k=0)),
    (TypeError, "GPT2.generate: use_cache is 'no'", lambda: NET.generate([1], 3, use_cache="no")),
    (ValueError, "GPT2.beam_search: width is 0", lambda: NET.beam_search([1], 3, end=0, width=0)),
    (ValueError, "GPT2.beam_search: end is 23, but must be at most 22", lambda: NET.beam_search([1], 3, end=23)),
    (ValueError, "GPT2.beam_search: prompt has 15 tokens", lambda: NET.beam_search(tokens(1, 15), 3, end=0)),
    (ValueError, "GPT2: embedding_dim is 10, but must be a multiple of num_heads, 3", lambda: GPT2(5, 5, 10, 1, 3)),
    (ValueError, "GPT1: num_layers is 0, but must be at least 1", lambda: GPT1(5, 5, 10, 0, 2)),
    (TypeError, "GPT2: context is 1.5, but must be an integer", lambda: GPT2(5, 1.5, 10, 1, 2)),
    (ValueError, "GPT2: dropout is 2.0, but must lie", lambda: GPT2(5, 5, 10, 1, 2, dropout=2)),
    (ValueError, "LLaMA: embedding_dim is 12, but must be a multiple of 2 num_heads, 8", lambda: LLaMA(5, 5, 12, 1, 4)),
    (ValueError, "LLaMA: num_kv_heads is 2, but must divide num_heads, 3", lambda: LLaMA(5, 5, 12, 1, 3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()

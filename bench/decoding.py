"""Tokens per second of GPT-2 small that continues one text, with a cache: `python -m bench.decoding`.

Each contender has the same weights, drawn with a fixed seed, and goes on from a text of `CONTEXT` tokens, always taking
the likeliest next token. What bounds it is reading the weights, and keys and values of the cache, once for each token:
the limit is the speed at which the machine reads memory, measured beside each batch.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import measure
from .contenders import library, set_threads, torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], list[int]]  # decodes TOKENS tokens, and gives them

CONTEXT, TOKENS = 120, 16  # of the text; decoded behind it, so that the context is 128 in the mean
LAYERS, HEADS, WIDTH, VOCABULARY = 12, 12, 768, 50257
MATRICES = LAYERS * 12 * WIDTH**2 + VOCABULARY * WIDTH  # elements of the weights that are read for a token
CACHE = LAYERS * 2 * (CONTEXT + TOKENS // 2) * WIDTH * 4  # bytes


def weights() -> dict[str, tw.Tensor]:
    tw.random.seed(1)
    return dict(tw.models.gpt2().eval().state_dict())


def ours(state: dict[str, tw.Tensor], prompt: np.ndarray, dtype: str | None) -> Call:
    net = tw.models.gpt2().eval()
    net.load_state_dict(state)
    if dtype:
        tw.nn.compress(net, dtype)
    with tw.no_grad():
        cache = net.new_cache(CONTEXT + TOKENS)
        first = int(net(prompt[None], cache)[0, -1].argmax().item())

    def run() -> list[int]:
        tokens = [first]
        with tw.no_grad():
            for layer in cache:
                layer.truncate(CONTEXT)
            for _ in range(TOKENS):
                tokens.append(int(net([[tokens[-1]]], cache)[0, -1].argmax().item()))
        return tokens[1:]

    return run


def with_pytorch(state: dict[str, tw.Tensor], prompt: np.ndarray, dtype: str) -> Call:
    """The same network in PyTorch's functions, keys and values written where they stay."""
    functional = torch.nn.functional
    w = {name: torch.tensor(value.detach().numpy()).to(getattr(torch, dtype)) for name, value in state.items()}
    w |= {name: w[name].T.contiguous() for name in w if name.endswith(".weight") and name.count("c_")}
    caches = torch.zeros(LAYERS, 2, 1, HEADS, CONTEXT + TOKENS, WIDTH // HEADS, dtype=getattr(torch, dtype))

    def linear(x: Any, name: str) -> Any:
        return functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: Any, name: str) -> Any:
        return functional.layer_norm(x, (WIDTH,), w[f"{name}.weight"], w[f"{name}.bias"])

    def logits(tokens: Any, past: int) -> Any:
        count = tokens.shape[1]
        x = w["wte.weight"][tokens] + w["wpe.weight"][past : past + count]
        for i in range(LAYERS):
            parts = linear(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn").view(1, count, 3, HEADS, -1)
            q, k, v = parts.permute(2, 0, 3, 1, 4)
            caches[i, 0, :, :, past : past + count], caches[i, 1, :, :, past : past + count] = k, v
            k, v = caches[i, :, :, :, : past + count]
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=count > 1)
            x = x + linear(y.transpose(1, 2).reshape(1, count, WIDTH), f"h.{i}.attn.c_proj")
            y = functional.gelu(linear(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc"), approximate="tanh")
            x = x + linear(y, f"h.{i}.mlp.c_proj")
        return functional.linear(norm(x[:, -1], "ln_f"), w["wte.weight"])

    with torch.inference_mode():
        first = int(logits(torch.tensor(prompt[None]), 0).argmax())

    def run() -> list[int]:
        tokens = [first]
        with torch.inference_mode():
            for i in range(TOKENS):
                tokens.append(int(logits(torch.tensor([[tokens[-1]]]), CONTEXT + i).argmax()))
        return tokens[1:]

    return run


def with_ctranslate2(state: dict[str, tw.Tensor], prompt: np.ndarray, compute: str, folder: Path) -> Call:
    """It keeps no cache between calls: the text goes in again, and the time for that is taken off in `main`."""
    import ctranslate2
    from ctranslate2.specs import common_spec, transformer_spec

    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        LAYERS, HEADS, pre_norm=True, activation=common_spec.Activation.GELUTanh
    )

    def set_(layer: Any, name: str, norm: bool = False) -> None:
        weight, bias = (state[f"{name}.{part}"].detach().numpy() for part in ("weight", "bias"))
        if norm:
            layer.gamma, layer.beta = weight, bias
        else:
            layer.weight, layer.bias = np.ascontiguousarray(weight.T), bias

    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = state["wte.weight"].detach().numpy()
    decoder.position_encodings.encodings = state["wpe.weight"].detach().numpy()
    set_(decoder.layer_norm, "ln_f", norm=True)
    decoder.projection.weight = decoder.embeddings.weight
    for i, layer in enumerate(decoder.layer):
        set_(layer.self_attention.layer_norm, f"h.{i}.ln_1", norm=True)
        set_(layer.self_attention.linear[0], f"h.{i}.attn.c_attn")
        set_(layer.self_attention.linear[1], f"h.{i}.attn.c_proj")
        set_(layer.ffn.layer_norm, f"h.{i}.ln_2", norm=True)
        set_(layer.ffn.linear_0, f"h.{i}.mlp.c_fc")
        set_(layer.ffn.linear_1, f"h.{i}.mlp.c_proj")
    spec.register_vocabulary([f"t{i}" for i in range(VOCABULARY)])
    spec.config.unk_token = spec.config.bos_token = spec.config.eos_token = "t0"
    spec.validate()
    folder.mkdir()
    spec.save(str(folder))
    generator = ctranslate2.Generator(str(folder), "cpu", compute_type=compute, intra_threads=tw.get_num_threads())
    text = [f"t{i}" for i in prompt]

    def run(tokens: int = TOKENS + 1) -> list[int]:
        (result,) = generator.generate_batch(
            [text], max_length=tokens, min_length=tokens, sampling_topk=1, include_prompt_in_result=False, end_token=[]
        )
        return list(result.sequences_ids[0][1:])

    return run


def seconds_of(call: Call) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=tw.get_num_threads())
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    set_threads(args.threads)
    state = weights()
    prompt = np.random.default_rng(2).integers(1, VOCABULARY, CONTEXT)
    sizes = {"float32": 4, "bfloat16": 2, "int8": 1}
    calls: dict[tuple[str, str], Call] = {
        ("tilewright", dtype): ours(state, prompt, None if dtype == "float32" else dtype) for dtype in sizes
    }
    prompts: dict[tuple[str, str], Call] = {}  # what takes as long as the text alone
    if torch:
        calls |= {("pytorch", dtype): with_pytorch(state, prompt, dtype) for dtype in ("float32", "bfloat16")}
    if library("ctranslate2"):
        with tempfile.TemporaryDirectory() as folder:
            for dtype in ("float32", "int8"):
                run: Any = with_ctranslate2(state, prompt, dtype, Path(folder) / dtype)
                calls["ctranslate2", dtype] = run
                prompts["ctranslate2", dtype] = lambda run=run: run(1)
    tokens = {key: call() for key, call in calls.items()}
    times: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    read = []
    for _ in range(args.rounds):
        for key, call in calls.items():
            time.sleep(measure.REST)
            seconds = seconds_of(call)
            if key in prompts:
                seconds -= seconds_of(prompts[key])
            times[key].append(seconds / TOKENS)
            read.append(measure.reading())
    speed = statistics.median(read)
    print(
        f"GPT-2 small, one text, context {CONTEXT + TOKENS // 2}, {args.threads} threads; {speed / 1e9:.1f} GB/s read"
    )
    print("| who | weights | tokens / s | of what memory gives | the same tokens |")
    print("|---|---|---:|---:|---|")
    for (who, dtype), taken in times.items():
        median = statistics.median(taken)
        limit = (MATRICES * sizes[dtype] + CACHE) / speed
        same = sum(a == b for a, b in zip(tokens[who, dtype], tokens["tilewright", "float32"], strict=True))
        print(f"| {who} | {dtype} | {1 / median:.1f} | {limit / median:.0%} | {same} of {TOKENS} |")


if __name__ == "__main__":
    main()

"""Softmax-attention as an op: `nn.functional.scaled_dot_product_attention` and what else is made of it."""

import itertools

import numpy as np

import tilewright as tw
from tilewright._functions.attention import scaled_dot_product_attention

from .opcase import A, OpCase, Raises, S


def counted(shape, keep, band, sequences, added):
    """Which scores count."""
    lower_right, left, right = band
    seen = np.zeros(shape, bool)
    for item, query, its_queries, key, its_keys in sequences:
        shift = its_keys - its_queries if lower_right else 0
        for i in range(its_queries):
            first = 0 if left < 0 else max(0, i + shift - left)
            last = its_keys if right < 0 else min(its_keys, i + shift + right + 1)
            seen[item, :, query + i, key + first : key + max(first, last)] = True
    for x in added:
        seen = seen & (x != -np.inf)
    return seen if keep is None else seen & keep


def of_distance(relative, shape, sequences):
    bias = np.zeros(shape)
    for item, query, its_queries, key, its_keys in sequences:
        for i in range(its_queries):
            for j in range(its_keys):
                bias[item, :, query + i, key + j] = relative[:, j - i + shape[2] - 1]
    return bias


def attention(q, k, v, keep, bias, relative, scale, softcap, lower_right, left, right, sequences, p, seed, offset):
    batch, heads, queries, _ = q.shape
    shape = (batch, heads, queries, k.shape[2])
    k, v = (np.repeat(x, heads // k.shape[1], axis=1) for x in (k, v))
    numbers = [x for b in range(batch) for x in (b, 0, queries, 0, shape[3])] if sequences is None else sequences
    sequences = [numbers[at : at + 5] for at in range(0, len(numbers), 5)]
    added = [np.broadcast_to(bias, shape)] if bias is not None else []
    added += [of_distance(relative, shape, sequences)] if relative is not None else []
    seen = counted(shape, keep, (lower_right, left, right), sequences, added)
    score = np.einsum("bhid,bhjd->bhij", q, k) * scale
    if softcap:
        score = softcap * np.tanh(score / softcap)
    score = np.where(seen, score + sum(added), -np.inf)
    most = np.max(score, axis=-1, initial=-1e300, keepdims=True)
    power = np.where(seen, np.exp(np.where(seen, score - most, 0)), 0)
    total = power.sum(-1, keepdims=True)
    weights = power / np.where(total == 0, 1, total)
    if p:
        drawn = tw.random.Generator(seed).bernoulli(1 - p, shape).numpy() if offset == 0 else None
        weights = np.where(drawn, weights / (1 - p), 0)
    with np.errstate(divide="ignore"):
        lse = np.where(total > 0, most + np.log(total), -np.inf)[..., 0]
    return np.einsum("bhij,bhjv->bhiv", weights, v), lse


def of_function(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, causal=None, window=-1):
    """Output and weights."""
    keep, bias = (attn_mask, None) if attn_mask is None or attn_mask.dtype == bool else (None, attn_mask)
    right = 0 if is_causal or causal else -1
    statics = query.shape[-1] ** -0.5, 0.0, causal == "lower_right", window, right, None, dropout_p, 0, 0
    operands = query, key, value, keep, bias, None
    identity = np.broadcast_to(np.eye(key.shape[2]), (*key.shape[:3], key.shape[2]))
    return attention(*operands, *statics)[0], attention(query, key, identity, keep, bias, None, *statics)[0]


def of_rows(query, key, value, query_offsets, key_offsets, causal=None):
    """`varlen_attention`, a sequence at a time."""
    output = np.zeros((*query.shape[:2], value.shape[2]))
    for (start, end), (key_start, key_end) in zip(
        itertools.pairwise(query_offsets), itertools.pairwise(key_offsets), strict=True
    ):
        rows = query[start:end], key[key_start:key_end], value[key_start:key_end]
        one = of_function(*(x.swapaxes(0, 1)[None] for x in rows), causal=causal)[0]
        output[start:end] = one[0].swapaxes(0, 1)
    return output


def of(
    batch,
    heads,
    queries,
    keys,
    size,
    value_size=None,
    kv_heads=None,
    keep=None,
    bias=None,
    relative=None,
    scale=None,
    softcap=0.0,
    lower_right=False,
    left=-1,
    right=-1,
    sequences=None,
    p=0.0,
):
    """The call; `keep`, `bias` and `relative` are arrays."""
    kv_heads = kv_heads or heads
    rows = (A((batch, n, rows, width), -1, 1) for n, rows, width in
            ((heads, queries, size), (kv_heads, keys, size), (kv_heads, keys, value_size or size)))  # fmt: skip
    scale = size**-0.5 if scale is None else scale
    return S(*rows, keep, bias, relative, scale, softcap, lower_right, left, right, sequences, p, 7, 0)


def mask(*shape):
    return A(shape, dtype="bool")


def holes(*shape):
    """A bias, a third of it -inf."""
    x = np.random.default_rng(3).uniform(-1, 1, shape)
    return A(shape, values=np.where(x < -1 / 3, -np.inf, x))


def shapes(**changed):
    given = {"q": (1, 4, 2, 3), "k": (1, 2, 5, 3), "v": (1, 2, 5, 6), "keep": None, "bias": None, "relative": None}
    given |= {name: changed.pop(name) for name in list(changed) if name in given}
    options = {"scale": 1.0, "softcap": 0.0, "lower_right": False, "left": -1, "right": -1, "sequences": None, "p": 0.0}
    options |= changed
    arrays = [None if s is None else tw.zeros(s, dtype="bool" if n == "keep" else "float32") for n, s in given.items()]
    return arrays, (*options.values(), 0, 0)


def refused(message, error=ValueError, **changed):
    def call():
        arrays, options = shapes(**changed)
        scaled_dot_product_attention(*arrays, *options)

    return Raises(error, "^scaled_dot_product_attention: " + message, call)


def of_dtypes(**dtypes):
    arrays, options = shapes(keep=(2, 5))
    for name, dtype in dtypes.items():
        place = "qkv".index(name) if name != "keep" else 3
        arrays[place] = arrays[place].astype(dtype)
    return scaled_dot_product_attention(*arrays, *options)


ERRORS = (
    refused(r"q has shape \(2, 3\), but must be \(batch, heads, length, size\)", q=(2, 3)),
    refused(r"k has shape \(1, 2, 5, 4\), but q \(1, 4, 2, 3\) needs \(1, 2, 5, 3\)", k=(1, 2, 5, 4)),
    refused(r"k has shape \(2, 2, 5, 3\), but q", k=(2, 2, 5, 3)),
    refused(r"v has shape \(1, 2, 4, 6\), but q .* needs \(1, 2, 5, 6\)", v=(1, 2, 4, 6)),
    refused(r"q has 4 heads, which the 3 of k do not divide", k=(1, 3, 5, 3), v=(1, 3, 5, 6)),
    refused(r"q has 4 heads, which the 0 of k do not divide", k=(1, 0, 5, 3), v=(1, 0, 5, 6)),
    refused(r"keep has shape \(3, 5\), which does not broadcast to the scores \(1, 4, 2, 5\)", keep=(3, 5)),
    refused(r"bias has shape \(2, 4, 2, 5\), which does not broadcast to the scores", bias=(2, 4, 2, 5)),
    refused(r"relative has shape \(4, 5\), but 4 heads of 2 queries and 5 keys need \(4, 6\)", relative=(4, 5)),
    refused(r"relative has shape \(2, 6\)", relative=(2, 6)),
    refused(r"softcap is -1, but must not be negative", softcap=-1.0),
    refused(r"p is 1.5, but a probability", p=1.5),
    refused(r"the band reaches -2 keys", left=-2),
    refused(r"sequences has 4 numbers, but needs five for each", sequences=(0, 0, 2, 0)),
    refused(r"sequence 0 is \(0, 0, 3, 0, 5\), which 1 items of 2 queries", sequences=(0, 0, 3, 0, 5)),
    refused(r"sequence 1 is \(0, 1, 1, 5, 1\)", sequences=(0, 0, 1, 0, 5, 0, 1, 1, 5, 1)),
    refused(r"sequences must be in the order of their queries", sequences=(0, 1, 1, 0, 5, 0, 0, 1, 0, 5)),
    refused(r"sequences must be in the order", sequences=(0, 0, 2, 0, 2, 0, 1, 1, 2, 2)),
    refused(r"sequences must be in the order of their keys", sequences=(0, 0, 1, 0, 3, 0, 1, 1, 2, 3)),
    Raises(
        TypeError, "^scaled_dot_product_attention: q is complex64, but must be real", lambda: of_dtypes(k="complex64")
    ),
    Raises(
        TypeError, "^scaled_dot_product_attention: keep is int64, but must be bool", lambda: of_dtypes(keep="int64")
    ),
)

CASES = (
    OpCase(
        "scaled_dot_product_attention[op]",
        attention,
        (
            of(2, 4, 3, 5, 4, value_size=3, kv_heads=2, keep=mask(2, 1, 3, 5), bias=A((4, 1, 5))),
            of(1, 1, 1, 1, 1),
            of(1, 2, 4, 4, 3, right=0),
            of(2, 2, 5, 3, 20, right=0, lower_right=True),
            of(1, 2, 3, 6, 2, right=0, lower_right=True, left=2),
            of(1, 1, 6, 6, 2, left=1, right=2, softcap=0.5),
            of(2, 2, 4, 5, 3, bias=holes(2, 1, 4, 5)),
            of(2, 2, 4, 5, 40, bias=holes(5), keep=mask(4, 1), right=1),
            of(1, 3, 4, 5, 3, relative=A((3, 8))),
            of(1, 3, 4, 2, 30, relative=holes(1, 5), softcap=2.0, scale=-0.7),
            of(1, 2, 3, 0, 2),
            of(2, 2, 0, 3, 2),
            of(0, 2, 3, 3, 2),
            of(1, 2, 3, 4, 0, value_size=2, scale=1.0),
            of(1, 6, 2, 4, 2, kv_heads=1),
            of(2, 2, 6, 7, 2, sequences=(0, 0, 3, 0, 4, 0, 3, 3, 4, 3, 1, 0, 6, 2, 5), right=0, relative=A((2, 12))),
            of(2, 2, 6, 7, 20, sequences=(0, 0, 3, 0, 4, 0, 4, 1, 4, 3, 1, 1, 4, 2, 5), right=0, relative=A((2, 12))),
            of(2, 2, 4, 4, 20, sequences=(0, 0, 4, 0, 2, 1, 0, 4, 0, 0), lower_right=True, left=1),
        ),
        fn=scaled_dot_product_attention,
        result=("same", "computed"),
        tolerance=16,
        products=True,
        lengths=lambda n: of(1, 2, 3, n, 5, kv_heads=1, right=n // 2),
        large=of(2, 4, 150, 260, 20, kv_heads=2, keep=mask(2, 1, 1, 260), right=100),
        errors=ERRORS,
    ),
    OpCase(
        "scaled_dot_product_attention[dropout]",
        attention,
        (of(1, 2, 3, 4, 40, keep=mask(1, 2, 3, 4), p=0.4), of(2, 2, 5, 7, 3, kv_heads=1, p=0.4, right=0)),
        fn=scaled_dot_product_attention,
        result=("same", "computed"),
        tolerance=16,
        products=True,
    ),
    OpCase(
        "nn.functional.scaled_dot_product_attention",
        lambda *args, **options: of_function(*args, **options)[0],
        (
            S(A((2, 2, 3, 4)), A((2, 2, 5, 4)), A((2, 2, 5, 3)), mask(2, 1, 3, 5)),
            S(A((1, 2, 3, 4)), A((1, 2, 3, 4)), A((1, 2, 3, 4)), None, 0.0, True),
            S(A((1, 1, 3, 2)), A((1, 1, 6, 2)), A((1, 1, 6, 2)), A((3, 6)), causal="lower_right", window=2),
            S(A((1, 2, 0, 4)), A((1, 2, 3, 4)), A((1, 2, 3, 4))),
        ),
        tolerance=16,
        products=True,
    ),
    OpCase(
        "nn.functional.attention_weights",
        of_function,
        (
            S(A((2, 2, 3, 4)), A((2, 2, 5, 4)), A((2, 2, 5, 3)), mask(2, 1, 3, 5)),
            S(A((1, 2, 3, 4)), A((1, 2, 3, 4)), A((1, 2, 3, 4)), None, 0.0, True),
            S(A((1, 1, 3, 2)), A((1, 1, 6, 2)), A((1, 1, 6, 2)), A((3, 6)), causal="lower_right", window=2),
        ),
        result=("same", "same"),
        tolerance=16,
        products=True,
    ),
    OpCase(
        "nn.functional.varlen_attention",
        of_rows,
        (
            S(A((7, 2, 3)), A((9, 2, 3)), A((9, 2, 4)), [0, 2, 7], [0, 5, 9]),
            S(A((7, 2, 3)), A((7, 2, 3)), A((7, 2, 3)), [0, 2, 2, 7], [0, 2, 2, 7], causal="upper_left"),
        ),
        tolerance=16,
        products=True,
    ),
)

"""More kinds of steps for random programs: products, shapes, picking, and creation."""

from __future__ import annotations

import numpy as np

import tilewright as tw

from .programs import ORACLES, F, Program, broadcastable, kind, of, torch
from .test_indexing import for_numpy, random_key

# ---- products --------------------------------------------------------------------------------------------------------


@kind("matmul")
def matmul(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    n = p.values[i].shape[-1]
    j = p.pick(where=lambda v: v.ndim > 0 and v.shape[max(-2, -v.ndim)] == n)
    if j is None:  # with its own transpose
        p.add(
            name,
            "x @ x.mT",
            (i,),
            lambda x: x @ tw.asarray(x).mT,
            lambda x: x @ np.swapaxes(x, -1, -2),
            lambda t: t @ t.mT,
        )
        return
    p.add(name, name, (i, j), tw.matmul, np.matmul, lambda t, u: torch.matmul(t, u))


@kind("linear")
def linear(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    n = p.values[i].shape[-1]
    j = p.pick(where=lambda v: v.ndim == 2 and v.shape[1] == n)
    if j is None:
        return
    k = p.pick(where=lambda v: v.shape == p.values[j].shape[:1])
    activation = p.rng.choice(["none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"])

    def theirs(t, w, b=None):
        g = torch.nn.functional
        y = g.linear(t, w, b)
        return {
            "none": lambda: y, "relu": lambda: g.relu(y), "gelu": lambda: g.gelu(y), "tanh": lambda: torch.tanh(y),
            "gelu_tanh": lambda: g.gelu(y, approximate="tanh"), "sigmoid": lambda: g.sigmoid(y),
            "silu": lambda: g.silu(y),
        }[activation]()  # fmt: skip

    inputs = (i, j) if k is None else (i, j, k)
    ours = lambda *a: F.linear(*a, activation=activation)  # noqa: E731
    p.add(
        name,
        f"linear(activation={activation})",
        inputs,
        ours,
        lambda *a: ORACLES["linear"](*a, activation=activation),
        theirs,
    )


# ---- shapes ----------------------------------------------------------------------------------------------------------


def same_in_all(p: Program, name: str, text: str, i, ours, numpy, theirs=None) -> None:
    p.add(name, text, (i,), ours, numpy, theirs or numpy)


@kind("reshape", "ravel", "squeeze", "expand_dims", "broadcast_to", "astype", "flip")
def reshaping(p: Program, name: str) -> None:
    i = p.pick()
    x = p.values[i]
    if name == "reshape":
        shape = p.rng.choice([x.shape[::-1], (-1,) if x.size else (0,), (1, *x.shape), (*x.shape, 1)])
        same_in_all(p, name, f"reshape(x, {shape})", i, lambda v: tw.reshape(v, shape), lambda v: v.reshape(shape))
    elif name == "ravel":
        same_in_all(p, name, name, i, tw.ravel, lambda v: v.reshape(-1))
    elif name == "squeeze":
        same_in_all(p, name, name, i, tw.squeeze, lambda v: v.squeeze())
    elif name == "expand_dims":
        axis = p.rng.randint(-x.ndim - 1, x.ndim)
        f = lambda v: np.expand_dims(v, axis)  # noqa: E731
        same_in_all(
            p, name, f"expand_dims({axis})", i, lambda v: tw.expand_dims(v, axis=axis), f, lambda t: t.unsqueeze(axis)
        )
    elif name == "broadcast_to":
        shape = (2, *(3 if n == 1 else n for n in x.shape))
        f = lambda v: np.broadcast_to(v, shape)  # noqa: E731
        same_in_all(
            p, name, f"broadcast_to{shape}", i, lambda v: tw.broadcast_to(v, shape), f, lambda t: t.expand(shape)
        )
    elif name == "astype":
        ours = lambda v: tw.astype(tw.astype(v, "float64"), v.dtype)  # noqa: E731
        same_in_all(p, name, "astype(astype(x, float64), own)", i, ours, lambda v: v * 1.0)
    else:
        axes = tuple(p.rng.sample(range(x.ndim), p.rng.randint(0, x.ndim)))
        f = lambda v: np.flip(v, axes)  # noqa: E731
        same_in_all(p, name, f"flip(axis={axes})", i, lambda v: tw.flip(v, axis=axes), f, lambda t: torch.flip(t, axes))


@kind("permute_dims", "transpose", "swapaxes", "moveaxis", "matrix_transpose")
def transposing(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 1)
    if i is None:
        return
    ndim = p.values[i].ndim
    a, b = p.rng.randrange(-ndim, ndim), p.rng.randrange(-ndim, ndim)
    axes = tuple(p.rng.sample(range(ndim), ndim))
    if name in ("permute_dims", "transpose"):
        f = lambda v: np.transpose(v, axes)  # noqa: E731
        same_in_all(p, name, f"{name}{axes}", i, lambda v: of(name)(v, axes), f, lambda t: t.permute(axes))
    elif name == "matrix_transpose":
        same_in_all(p, name, name, i, tw.matrix_transpose, lambda v: np.swapaxes(v, -1, -2), lambda t: t.mT)
    else:
        f = lambda v: getattr(np, name)(v, a, b)  # noqa: E731
        theirs = lambda t: getattr(torch, {"swapaxes": "swapaxes", "moveaxis": "movedim"}[name])(t, a, b)  # noqa: E731
        same_in_all(p, name, f"{name}({a}, {b})", i, lambda v: of(name)(v, a, b), f, theirs)


@kind("concatenate", "concat", "stack")
def joining(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    shape = p.values[i].shape
    j = p.pick(where=lambda v: v.shape == shape)
    axis = p.rng.randrange(-len(shape), len(shape))
    numpy, theirs = (np.stack, "stack") if name == "stack" else (np.concatenate, "cat")
    p.add(
        name, f"{name}([x, y, x], axis={axis})", (i, j),
        lambda a, b: of(name)([a, b, a], axis=axis), lambda a, b: numpy([a, b, a], axis=axis),
        lambda t, u: getattr(torch, theirs)([t, u, t], dim=axis),
    )  # fmt: skip


@kind("split")
def splitting(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    x = p.values[i]
    axis = p.rng.randrange(x.ndim)
    n = x.shape[axis]
    where = p.rng.choice([[n // 2], [1, n], [0, n // 2, n]])
    part = p.rng.randrange(len(where) + 1)
    p.add(
        name, f"split(x, {where}, axis={axis})[{part}]", (i,),
        lambda v: tw.split(v, where, axis=axis)[part], lambda v: np.split(v, where, axis)[part],
        lambda t: torch.tensor_split(t, where, axis)[part],
    )  # fmt: skip


# ---- picking ---------------------------------------------------------------------------------------------------------


def at(t, places):
    """In PyTorch: the elements at flat positions."""
    return t.reshape(-1)[torch.as_tensor(np.array(places))]


@kind("getitem", "setitem", "nonzero")
def indexing(p: Program, name: str) -> None:
    i = p.pick()
    x = p.values[i]
    key = random_key(p.rng, x.shape)
    if name == "nonzero":
        m = p.pick(mask=True, where=lambda v: v.shape == x.shape and v.ndim > 0)
        p.add(
            name,
            "x[nonzero(m)]",
            (i, m),
            lambda v, c: v[tw.nonzero(c)],
            lambda v, c: v[np.nonzero(c)],
            lambda t, c: t[c],
        )
        return
    plain = for_numpy(key)
    try:
        places = np.asarray(np.arange(x.size).reshape(x.shape)[plain])
    except (IndexError, ValueError):
        return
    if name == "getitem":
        p.add(name, f"x[{key!r}]", (i,), lambda v: v[key], lambda v: np.asarray(v[plain]), lambda t: at(t, places))
        return
    j = p.pick(where=lambda v: np.broadcast_shapes(v.shape, places.shape) == places.shape if fits(v, places) else False)
    if np.unique(places).size != places.size:
        return  # which of several values stays, is PyTorch's own affair

    def ours(v, w):
        v = tw.copy(v)
        v[key] = w
        return v

    def numpy(v, w):
        v = np.array(v)
        v[plain] = w
        return v

    def theirs(t, u):
        flat = t.reshape(-1).clone()
        flat[torch.as_tensor(places.reshape(-1).copy())] = u.expand(places.shape).reshape(-1)
        return flat.reshape(t.shape)

    p.add(name, f"copy of x with x[{key!r}] = y", (i, j), ours, numpy, theirs)


def fits(v, places) -> bool:
    try:
        np.broadcast_shapes(v.shape, places.shape)
    except ValueError:
        return False
    return True


@kind("take", "take_along_axis")
def taking(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    x = p.values[i]
    axis = p.rng.randrange(-x.ndim, x.ndim)
    n = x.shape[axis]
    if n == 0:
        return
    shape = list(x.shape)
    shape[axis] = 3
    indices = np.array([p.rng.randrange(-n, n) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)
    if name == "take":
        indices = indices.reshape(-1)[: p.rng.choice([0, 1, 3])]
    positive = torch.as_tensor(indices % n) if torch else None
    theirs = {
        "take": lambda t: torch.index_select(t, axis, positive),
        "take_along_axis": lambda t: torch.take_along_dim(t, positive, axis),
    }[name]
    p.add(
        name,
        f"{name}(x, {indices.tolist()}, axis={axis})",
        (i,),
        lambda v: of(name)(v, indices, axis=axis),
        lambda v: getattr(np, name)(v, indices, axis=axis),
        theirs,
    )


def scattered(x, axis, indices, src, add):
    """NumPy's `scatter` and `scatter_add`, where indices along the axis differ."""
    y = np.array(x)
    part = tuple(slice(n) for n in indices.shape)
    old = np.take_along_axis(x, indices, axis) if add else 0
    np.put_along_axis(y, indices, old + src[part], axis)
    return y


@kind("gather", "scatter", "scatter_add")
def along(p: Program, name: str) -> None:
    """A tensor's elements picked, or put or added to it, at places that differ."""
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None or 0 in p.values[i].shape:
        return
    x = p.values[i]
    axis = p.rng.randrange(-x.ndim, x.ndim)
    n = x.shape[axis]
    order = np.array([p.rng.random() for _ in range(x.size)]).reshape(x.shape).argsort(axis)
    count = p.rng.randint(1, n)
    indices = order.take(range(count), axis)
    places = torch.as_tensor(indices) if torch else None
    if name == "gather":
        steps = (
            lambda v: tw.gather(v, axis, indices - n),
            lambda v: np.take_along_axis(v, indices, axis),
            lambda t: torch.gather(t, axis, places),
        )
    else:
        steps = (
            lambda v: of(name)(v, axis, indices, v),
            lambda v: scattered(v, axis, indices, v, name == "scatter_add"),
            lambda t: getattr(torch, name)(t, axis, places, t.narrow(axis, 0, count)),  # its backward takes no more,
        )
    p.add(name, f"{name}(x, {axis}, {indices.tolist()})", (i,), *steps)


@kind("masked_fill")
def masked_fill(p: Program, name: str) -> None:
    i = p.pick(mask=True)
    if i is None:
        return
    j = p.pick(where=broadcastable(p.values[i].shape))
    p.add(
        name,
        "masked_fill(x, mask, 0.5)",
        (i, j),
        lambda m, v: tw.masked_fill(v, m, 0.5),
        lambda m, v: np.where(m, 0.5, v),
        lambda m, t: torch.masked_fill(t, m, 0.5),
    )


@kind("tril", "triu")
def triangle(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 1)
    if i is None:
        return
    k = p.rng.randint(-3, 3)
    p.add(
        name,
        f"{name}(x, k={k})",
        (i,),
        lambda v: of(name)(v, k=k),
        lambda v: getattr(np, name)(v, k=k),
        lambda t: getattr(torch, name)(t, k),
    )


@kind("sort", "argsort", "topk")
def sorting(p: Program, name: str) -> None:
    """In order, from either end; by positions, or only some."""
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    x = p.values[i]
    axis, down = p.rng.randrange(-x.ndim, x.ndim), p.rng.random() < 0.5
    if name == "topk":
        k = p.rng.randint(0, x.shape[axis])
        p.add(
            name, f"topk(x, {k}, {axis}, {down})", (i,), lambda v: tw.topk(v, k, axis, down).values,
            lambda v: ORACLES["topk"](v, k, axis, down)[0], lambda t: torch.topk(t, k, axis, down).values,
        )  # fmt: skip
        return
    ours = {
        "sort": lambda v: tw.sort(v, axis, descending=down),
        "argsort": lambda v: tw.take_along_axis(v, tw.argsort(v, axis, descending=down), axis=axis),
    }[name]
    numpy = lambda v: ORACLES["sort"](v, axis, down)  # noqa: E731
    theirs = lambda t: torch.sort(t, dim=axis, descending=down, stable=True).values  # noqa: E731
    p.add(name, f"{name}(x, {axis}, descending={down})", (i,), ours, numpy, theirs)


@kind("cumsum", "cumprod", "cumulative_sum", "cumulative_prod")
def scanning(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0)
    if i is None:
        return
    axis = p.rng.randrange(-p.values[i].ndim, p.values[i].ndim)
    given: dict[str, object] = {"axis": axis}
    if name.startswith("cumulative"):
        given["include_initial"] = p.rng.random() < 0.5

    def theirs(t):
        y = getattr(torch, name.replace("ulative_", ""))(t, axis)
        if not given.get("include_initial"):
            return y
        first = torch.full_like(y.narrow(axis, 0, 1), float(name.endswith("prod"))) if y.shape[axis] else None
        if first is None:
            shape = list(y.shape)
            shape[axis] = 1
            first = torch.full(shape, float(name.endswith("prod")), dtype=y.dtype)
        return torch.cat([first, y], axis)

    p.add(
        name, f"{name}(x, {given})", (i,),
        lambda v: of(name)(v, **given), lambda v: ORACLES[name](v, **given), theirs,
    )  # fmt: skip


# ---- creation --------------------------------------------------------------------------------------------------------

MADE = {
    "zeros": (3, 4), "ones": (4,), "full": ((3, 1), 0.5), "eye": (3, 4), "tri": (3, 4), "arange": (4,),
    "linspace": (-1.0, 1.0, 4),
}  # fmt: skip


@kind(*MADE, "zeros_like", "ones_like", "full_like")
def creating(p: Program, name: str) -> None:
    """Times a value: a constant."""
    i = p.pick()
    if name.endswith("_like"):
        extra = (0.5,) if name == "full_like" else ()
        f = lambda lib: lambda v: v * getattr(lib, name)(v, *extra)  # noqa: E731
        p.add(name, f"x * {name}(x)", (i,), f(tw), f(np), lambda t: f(torch)(t))
        return
    arguments = (
        MADE[name] if name in ("full", "eye", "tri", "linspace") else (MADE[name],) if name != "arange" else MADE[name]
    )
    value = np.asarray(getattr(np, name)(*arguments), "float64")
    p.add(
        name,
        f"x + {name}{arguments}",
        (i,),
        lambda v: v + getattr(tw, name)(*arguments, dtype=v.dtype),
        lambda v: v + value,
        lambda t: t + torch.as_tensor(value),
    )

"""Losses and distances as steps of random programs."""

from __future__ import annotations

import numpy as np

import tilewright as tw

from .programs import KINKS, ORACLES, F, Program, kind, of, torch

REDUCTIONS = ("mean", "sum", "none")
MARGINS = (0.3, 1.5)


def signs(x) -> np.ndarray:
    """A target of 1 and -1 for each element."""
    return np.where(np.arange(x.size) % 3 == 1, -1, 1).reshape(x.shape)


def add(p: Program, name: str, inputs, given, target=None, domains=()) -> None:
    """A step whose options, and whose target if it is no value of the program, are the same in all three libraries."""
    constant = () if target is None else (target,)
    p.add(
        name,
        f"{name}({given})",
        inputs,
        lambda *x: of(name)(*x, *constant, **given),
        lambda *x: ORACLES[name](*x, *constant, **given),
        lambda *t: getattr(torch.nn.functional, name)(*t, *map(torch.as_tensor, constant), **given),
        domains=domains,
    )


def same_shape(p: Program, count: int, *, axes: int = 0):
    """Values of one shape with at least so many axes."""
    i = p.pick(where=lambda v: v.size > 0 and v.ndim >= axes)
    return None if i is None else (i, *(p.pick(where=lambda v: v.shape == p.values[i].shape) for _ in range(count - 1)))


# ---- of two values ---------------------------------------------------------------------------------------------------

# Where input and target come from, and the options to choose from.
PAIRS = {
    "mse_loss": ("any", "any", {}),
    "l1_loss": ("any", "any", {}),
    "binary_cross_entropy": ("probability", "probability", {}),
    "binary_cross_entropy_with_logits": ("any", "probability", {}),
    "huber_loss": ("any", "any", {"delta": (0.5, 2.0)}),
    "smooth_l1_loss": ("any", "any", {"beta": (0.5, 2.0)}),
    "poisson_nll_loss": ("small", "positive", {"log_input": (True,), "full": (True, False)}),
    "kl_div": ("any", "positive", {"reduction": ("sum", "none")}),  # PyTorch warns about its mean
}
KINKS["huber_loss"] = KINKS["smooth_l1_loss"] = lambda x, y: np.stack([np.abs(x - y) - at for at in (0.5, 2.0)])
KINKS["poisson_nll_loss"] = lambda x, y: y * y + 0.5 - 1


@kind(*PAIRS)
def of_two(p: Program, name: str) -> None:
    inputs = same_shape(p, 2)
    if inputs is None:
        return
    *domains, options = PAIRS[name]
    given = {option: p.rng.choice(values) for option, values in ({"reduction": REDUCTIONS} | options).items()}
    add(p, name, inputs, given, domains=domains)


@kind("multilabel_soft_margin_loss")
def of_labels(p: Program, name: str) -> None:
    inputs = same_shape(p, 2, axes=1)
    if inputs is not None:
        add(p, name, inputs, {"reduction": p.rng.choice(REDUCTIONS)}, domains=("any", "probability"))


@kind("gaussian_nll_loss")
def of_variances(p: Program, name: str) -> None:
    inputs = same_shape(p, 3, axes=1)
    if inputs is not None:
        given = {"full": p.rng.choice((True, False)), "reduction": p.rng.choice(REDUCTIONS)}
        add(p, name, inputs, given, domains=("any", "any", "positive"))


# ---- with targets of 1 and -1 ----------------------------------------------------------------------------------------

KINKS["hinge_embedding_loss"] = lambda x: np.stack([x - margin for margin in MARGINS])
KINKS["margin_ranking_loss"] = lambda x, y: np.stack([signs(x) * (x - y) - margin for margin in MARGINS])


@kind("soft_margin_loss", "hinge_embedding_loss")
def of_signs(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.size > 0)
    if i is not None:
        given = {"reduction": p.rng.choice(REDUCTIONS)}
        given |= {"margin": p.rng.choice(MARGINS)} if name == "hinge_embedding_loss" else {}
        add(p, name, (i,), given, signs(p.values[i]))


@kind("margin_ranking_loss")
def of_ranks(p: Program, name: str) -> None:
    inputs = same_shape(p, 2)
    if inputs is not None:
        given = {"margin": p.rng.choice(MARGINS), "reduction": p.rng.choice(REDUCTIONS)}
        add(p, name, inputs, given, signs(p.values[inputs[0]]))


# ---- of vectors ------------------------------------------------------------------------------------------------------


@kind("cosine_similarity")
def cosine(p: Program, name: str) -> None:
    inputs = same_shape(p, 2, axes=1)
    if inputs is not None:
        given = {"dim": p.rng.randrange(-p.values[inputs[0]].ndim, p.values[inputs[0]].ndim)}
        add(p, name, inputs, given, domains=("positive", "probability"))


@kind("normalize")
def normalized(p: Program, name: str) -> None:
    inputs = same_shape(p, 1, axes=1)
    if inputs is not None:
        dim = p.rng.randrange(-p.values[inputs[0]].ndim, p.values[inputs[0]].ndim)
        add(p, name, inputs, {"p": p.rng.choice((1.0, 2.0, 3.0)), "dim": dim, "eps": 0.1}, domains=("positive",))


@kind("cosine_embedding_loss")
def angles(p: Program, name: str) -> None:
    """All cosines of such vectors are above the margin, where PyTorch's own formula has no other eps."""
    inputs = same_shape(p, 2, axes=1)
    if inputs is None or p.values[inputs[0]].ndim > 2:
        return
    target = signs(p.values[inputs[0]][..., 0])
    given = {"margin": -0.3, "reduction": p.rng.choice(REDUCTIONS)}
    add(p, name, inputs, given, target, domains=("positive", "probability"))


@kind("pairwise_distance")
def distances(p: Program, name: str) -> None:
    inputs = same_shape(p, 2, axes=1)
    if inputs is not None:
        add(p, name, inputs, {"p": p.rng.choice((2.0, 3.0)), "eps": 0.1, "keepdim": p.rng.choice((True, False))})


def squared(x, y):
    return ((x - y) * (x - y)).sum(-1)


def of_triplet(distance, margins):
    """How far a triplet is from the kinks of its loss."""

    def far(anchor, positive, negative):
        apart = distance(anchor, negative), distance(positive, negative)
        ends = [distance(anchor, positive) - d + margin for d in apart for margin in margins]
        return np.stack([*ends, apart[0] - apart[1]])

    return far


KINKS["triplet_margin_loss"] = of_triplet(lambda x, y: ORACLES["pairwise_distance"](x, y, 2.0, 0.1), MARGINS)
KINKS["triplet_margin_with_distance_loss"] = of_triplet(squared, MARGINS)


@kind("triplet_margin_loss", "triplet_margin_with_distance_loss")
def triplets(p: Program, name: str) -> None:
    inputs = same_shape(p, 3, axes=1)
    if inputs is not None:
        given = {"margin": p.rng.choice(MARGINS), "swap": p.rng.choice((True, False))}
        given |= {"eps": 0.1} if name == "triplet_margin_loss" else {"distance_function": squared}
        add(p, name, inputs, given | {"reduction": p.rng.choice(REDUCTIONS)})


# ---- of classes ------------------------------------------------------------------------------------------------------


@kind("cross_entropy", "nll_loss")
def of_classes(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0 and v.size > 0)
    if i is None:
        return
    x = p.values[i]
    axis = 1 if x.ndim > 1 else 0
    classes = x.shape[axis]
    target = np.array([p.rng.randrange(classes) for _ in range(x.size // classes)], np.int64)
    target = target.reshape(x.shape[:axis] + x.shape[axis + 1 :])
    smoothing = p.rng.choice([0.0, 0.2]) if name == "cross_entropy" else 0.0
    weight = np.array([0.5 + p.rng.random() for _ in range(classes)]) if p.rng.random() < 0.4 else None
    ignored = int(target.flat[0]) if p.rng.random() < 0.3 and len(set(target.flat)) > 1 else -100
    given = {"reduction": p.rng.choice(REDUCTIONS), "ignore_index": ignored}
    given |= {"label_smoothing": smoothing} if name == "cross_entropy" else {}

    def numpy(v):
        """From the definition: a weighted sum over classes of the logarithms."""
        logs = np.moveaxis(ORACLES["log_softmax"](v, axis) if name == "cross_entropy" else v, axis, -1)
        w = np.ones(classes) if weight is None else weight
        q = np.eye(classes)[target] * (1 - smoothing) + smoothing / classes
        counts = target != ignored
        losses = np.where(counts, -(q * w * logs).sum(-1), 0.0)
        total = (np.where(counts, w[target], 0.0)).sum()
        return losses if given["reduction"] == "none" else losses.sum() / (total if given["reduction"] == "mean" else 1)

    def ours(v):
        return of(name)(v, target, None if weight is None else tw.asarray(weight).astype(v.dtype), **given)

    def theirs(t):
        w = None if weight is None else torch.as_tensor(weight)
        return getattr(torch.nn.functional, name)(t, torch.as_tensor(target), w, **given)

    p.add(name, f"{name}(x, {target.tolist()}, weight={weight is not None}, {given})", (i,), ours, numpy, theirs)


@kind("cross_entropy of probabilities")
def soft_cross_entropy(p: Program, name: str) -> None:
    i = p.pick(where=lambda v: v.ndim > 0 and v.size > 0)
    if i is None:
        return
    j = p.pick(where=lambda v: v.shape == p.values[i].shape)
    given = {"reduction": p.rng.choice(REDUCTIONS), "label_smoothing": p.rng.choice([0.0, 0.2])}
    p.add(
        name, f"cross_entropy of probabilities({given})", (i, j),
        lambda x, y: F.cross_entropy(x, y, **given), lambda x, y: soft(x, y, **given),
        lambda t, u: torch.nn.functional.cross_entropy(t, u, **given), domains=("any", "probability"),
    )  # fmt: skip


def soft(x, q, reduction, label_smoothing):
    axis = 1 if x.ndim > 1 else 0
    q = q * (1 - label_smoothing) + label_smoothing / x.shape[axis]
    losses = -(q * ORACLES["log_softmax"](x, axis)).sum(axis)
    return losses if reduction == "none" else losses.sum() / (losses.size if reduction == "mean" else 1)

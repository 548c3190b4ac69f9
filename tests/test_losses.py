"""Losses and distances: against PyTorch where it is installed, at kinks and far out, and as modules."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

REDUCTIONS = ["mean", "sum", "none"]
SEEDS = range(6)


class Draw:
    """Random arguments for n samples."""

    def __init__(self, seed, n=None):
        self.rng = np.random.default_rng(seed)
        self.n = self.pick(1, 2, 5) if n is None else n
        self.width = self.pick(2, 3, 6)
        self.shape = (self.n, self.width)

    def pick(self, *values):
        return values[self.rng.integers(len(values))]

    def floats(self, shape=None, low=-3.0, high=3.0):
        return self.rng.uniform(low, high, self.shape if shape is None else shape)

    def signs(self, shape=None):
        return np.where(self.rng.random(self.shape if shape is None else shape) < 0.5, 1, -1)

    def classes(self, shape=None):
        return self.rng.integers(0, self.width, (self.n,) if shape is None else shape)

    def weight(self):
        return self.pick(None, self.floats((self.width,), 0.2, 2))

    def images(self):
        """Shapes of scores of pixels and of their classes."""
        extra = self.pick((), (3,), (2, 2))
        return (self.n, self.width, *extra), (self.n, *extra)


def regression(d, **options):
    weight = d.pick(None, d.floats(low=0.2, high=2)) if options.pop("weighted", False) else None
    return {"input": d.floats(), "target": d.floats()}, options | ({} if weight is None else {"weight": weight})


def pairs(d, **options):
    return {"input1": d.floats(), "input2": d.floats()}, options


def triplets(d, **options):
    return {name: d.floats() for name in ("anchor", "positive", "negative")}, options | {"swap": d.pick(True, False)}


def nll(d):
    scores, places = d.images()
    target = d.classes(places)
    ignored = int(target.flat[0]) if target.size > 3 else -100
    return {"input": d.floats(scores), "target": target}, {"weight": d.weight(), "ignore_index": ignored}


def kl(d):
    log = d.pick(True, False)
    return {"input": d.floats(), "target": d.floats() if log else d.floats(low=0.05, high=2)}, {"log_target": log}


def poisson(d):
    log = d.pick(True, False)
    operands = {"input": d.floats(low=-3 if log else 0.1), "target": d.floats(low=0.1, high=5)}
    return operands, {"log_input": log, "full": d.pick(True, False), "eps": d.pick(1e-8, 1e-3)}


def gaussian(d):
    shape = d.pick(d.shape, (d.n, 1), (d.n,))
    operands = {"input": d.floats(), "target": d.floats(), "var": d.floats(shape, 0, 2)}
    return operands, {"full": d.pick(True, False), "eps": d.pick(1e-6, 0.3)}


def labels(d):
    return {"input": d.floats(), "target": d.rng.integers(-1, d.width, d.shape)}, {}


# Operands and options of each loss; those that are floating are differentiated.
ARGUMENTS = {
    "mse_loss": lambda d: regression(d, weighted=True),
    "l1_loss": lambda d: regression(d, weighted=True),
    "huber_loss": lambda d: regression(d, weighted=True, delta=d.pick(0.3, 1.0, 2.5)),
    "smooth_l1_loss": lambda d: regression(d, beta=d.pick(0.0, 0.3, 1.0, 2.5)),
    "poisson_nll_loss": poisson,
    "gaussian_nll_loss": gaussian,
    "nll_loss": nll,
    "kl_div": kl,
    "soft_margin_loss": lambda d: ({"input": d.floats(), "target": d.signs()}, {}),
    "multi_margin_loss": lambda d: (
        {"input": d.floats(), "target": d.classes()},
        {"p": d.pick(1, 2), "margin": d.pick(1.0, 0.3), "weight": d.weight()},
    ),
    "multilabel_margin_loss": labels,
    "multilabel_soft_margin_loss": lambda d: (
        {"input": d.floats(), "target": d.rng.integers(0, 2, d.shape)},
        {"weight": d.weight()},
    ),
    "margin_ranking_loss": lambda d: (
        pairs(d)[0] | {"target": d.signs()},
        {"margin": d.pick(0.0, 0.4)},
    ),
    "hinge_embedding_loss": lambda d: ({"input": d.floats(), "target": d.signs()}, {"margin": d.pick(1.0, 0.4)}),
    "cosine_embedding_loss": lambda d: (
        pairs(d)[0] | {"target": d.signs((d.n,))},
        {"margin": d.pick(0.0, -0.4, 0.4)},
    ),
    "triplet_margin_loss": lambda d: triplets(d, margin=d.pick(1.0, 0.3), p=d.pick(1.0, 2.0, 3.0, math.inf)),
    "triplet_margin_with_distance_loss": lambda d: triplets(d, margin=d.pick(1.0, 0.3)),
}  # fmt: skip
MODULES = {
    "mse_loss": nn.MSELoss,
    "l1_loss": nn.L1Loss,
    "huber_loss": nn.HuberLoss,
    "smooth_l1_loss": nn.SmoothL1Loss,
    "poisson_nll_loss": nn.PoissonNLLLoss,
    "gaussian_nll_loss": nn.GaussianNLLLoss,
    "nll_loss": nn.NLLLoss,
    "kl_div": nn.KLDivLoss,
    "soft_margin_loss": nn.SoftMarginLoss,
    "multi_margin_loss": nn.MultiMarginLoss,
    "multilabel_margin_loss": nn.MultiLabelMarginLoss,
    "multilabel_soft_margin_loss": nn.MultiLabelSoftMarginLoss,
    "margin_ranking_loss": nn.MarginRankingLoss,
    "hinge_embedding_loss": nn.HingeEmbeddingLoss,
    "cosine_embedding_loss": nn.CosineEmbeddingLoss,
    "triplet_margin_loss": nn.TripletMarginLoss,
    "triplet_margin_with_distance_loss": nn.TripletMarginWithDistanceLoss,
}
each_loss = pytest.mark.parametrize("name", ARGUMENTS)


def leaves(operands):
    return {k: tw.asarray(v).requires_grad_() if v.dtype == float else tw.asarray(v) for k, v in operands.items()}


def test_the_table_has_every_loss():
    others = {"cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits"}  # in test_nn.py
    others.add("ctc_loss")  # in test_ctc.py
    assert set(ARGUMENTS) == set(MODULES) == set(F.losses.__all__) - others


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@each_loss
def test_losses_are_pytorchs(name, reduction, seed):
    """Values and gradients, of the function and of the module, all by keyword."""
    if reduction == "batchmean" and name != "kl_div":
        return
    torch = pytest.importorskip("torch")
    operands, options = ARGUMENTS[name](Draw(seed))
    theirs = {k: torch.tensor(v, requires_grad=v.dtype == float) for k, v in operands.items()}
    given = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    expected = getattr(torch.nn.functional, name)(**theirs, **given, reduction=reduction)
    cotangent = np.random.default_rng(seed).normal(size=expected.shape)
    expected.backward(torch.tensor(cotangent))
    calls = [getattr(F, name)]
    if name not in ("mse_loss", "l1_loss", "huber_loss") or "weight" not in options:
        calls.append(lambda **ours: MODULES[name](**options, reduction=reduction)(**{k: ours[k] for k in operands}))
    for call in calls:
        ours = leaves(operands)
        loss = call(**ours, **options, reduction=reduction)
        np.testing.assert_allclose(loss.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-12)
        loss.backward(tw.asarray(cotangent))
        for key, theirs_ in theirs.items():
            if theirs_.requires_grad:
                np.testing.assert_allclose(ours[key].grad.numpy(), theirs_.grad.numpy(), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0, 3.0, math.inf])
def test_distances_are_pytorchs(p):
    torch = pytest.importorskip("torch")
    x1, x2 = Draw(1).floats((4, 1, 5)), Draw(2).floats((3, 5))
    for ours, theirs in (
        (lambda f, x, y: f.pairwise_distance(x, y, p=p, eps=1e-3, keepdim=True), "pairwise_distance"),
        (lambda f, x, y: f.cosine_similarity(x, y, dim=2, eps=1e-3), "cosine_similarity"),
        (lambda f, x, y: f.cosine_similarity(x, y, dim=1), "cosine_similarity"),
    ):
        a, b = (tw.asarray(x).requires_grad_() for x in (x1, x2))
        t, u = (torch.tensor(x, requires_grad=True) for x in (x1, x2))
        y, z = ours(F, a, b), ours(torch.nn.functional, t, u)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-9, err_msg=theirs)
        (y * y).sum().backward()
        (z * z).sum().backward()
        for mine, other in ((a, t), (b, u)):
            np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=1e-8, atol=1e-12, err_msg=theirs)


@each_loss
def test_losses_of_nothing(name):
    """The mean is NaN, with gradient 0 or NaN of no elements; the sum 0."""
    for seed in SEEDS:
        operands, options = ARGUMENTS[name](Draw(seed, n=0))
        given = leaves(operands)
        assert math.isnan(getattr(F, name)(**given, **options).item())
        total = getattr(F, name)(**given, **options, reduction="sum")
        total.backward()
        assert total.item() == 0 and all(v.grad.shape == v.shape for v in given.values() if v.requires_grad)


def test_batchmean_of_nothing():
    assert math.isnan(F.kl_div(tw.ones((0, 3)), tw.ones((0, 3)), reduction="batchmean").item())
    assert F.kl_div(tw.ones((3, 0)), tw.ones((3, 0)), reduction="batchmean").item() == 0


@each_loss
def test_arrays_of_numpys_beside_a_leaf_are_kept_as_they_were(name):
    def gradient(spoil):
        operands, options = ARGUMENTS[name](Draw(3, n=4))
        first, *rest = operands
        x = tw.asarray(operands[first]).requires_grad_()
        loss = getattr(F, name)(**operands | {first: x}, **options)
        if spoil:
            for key in rest:
                operands[key][...] = 1
            for value in options.values():
                if isinstance(value, np.ndarray):
                    value[...] = 7
        loss.backward()
        return x.grad.tolist()

    assert gradient(True) == gradient(False)


@each_loss
def test_losses_of_ndarrays_are_ndarrays(name):
    operands, options = ARGUMENTS[name](Draw(2))
    loss = getattr(F, name)(**{k: tw.numpy.asarray(v) for k, v in operands.items()}, **options)
    assert type(loss) is tw.numpy.ndarray and loss.dtype == tw.float64


# ---- far out ---------------------------------------------------------------------------------------------------------

INF = math.inf
# Where a step of the formula overflows in float32, or is 0 times infinity, but the result is finite.
FAR_OUT = [
    ("soft_margin_loss", ([1e4, 1e4], [1.0, -1.0]), {}, [0.0, 1e4]),
    ("multilabel_soft_margin_loss", ([[1e4, -1e4]], [[0.0, 0.0]]), {}, [5e3]),
    ("huber_loss", ([1e30, -1e30], [0.0, 0.0]), {"delta": 2.0}, [2e30, 2e30]),
    ("smooth_l1_loss", ([1.0, 0.0], [0.0, 0.0]), {"beta": 1e-36}, [1.0, 0.0]),
    ("gaussian_nll_loss", ([1e25], [0.0], [1e30]), {}, [5e19]),
    ("gaussian_nll_loss", ([1e-3], [0.0], [0.0]), {"eps": 1e-6}, [0.5 + 0.5 * math.log(1e-6)]),
    ("poisson_nll_loss", ([0.0], [0.0]), {"log_input": False}, [0.0]),
    ("poisson_nll_loss", ([0.0, 0.0], [0.0, 1.0]), {"full": True}, [1.0, 1.0]),
    ("kl_div", ([-INF, -1.0], [0.0, 1.0]), {}, [0.0, 1.0]),
    ("kl_div", ([-INF, -1.0], [-INF, 0.0]), {"log_target": True}, [0.0, 1.0]),
    ("nll_loss", ([[-INF, -2.0], [-1.0, -INF]], [0, 0]), {"weight": [1.0, 1.0], "ignore_index": 0}, [0.0, 0.0]),
    ("nll_loss", ([[-INF, -2.0], [-1.0, -INF]], [1, 0]), {}, [2.0, 1.0]),
    ("triplet_margin_loss", ([[3e30, 4e30]], [[0.0, 0.0]], [[3e30, 4e30]]), {}, [5e30]),
    ("triplet_margin_loss", ([[3e30, 0.0]], [[0.0, 0.0]], [[3e30, 0.0]]), {"p": 5.0}, [3e30]),
    ("cosine_embedding_loss", ([[3e30, 4e30]], [[-4e-5, 3e-5]], [1]), {}, [1.0]),
]


@pytest.mark.parametrize(("name", "operands", "options", "expected"), FAR_OUT)
def test_results_that_are_finite_are_right(name, operands, options, expected):
    given = [tw.asarray(x) for x in operands]
    given = [x.requires_grad_() if x.dtype.is_floating else x for x in given]
    losses = getattr(F, name)(*given, **options, reduction="none")
    np.testing.assert_allclose(losses.detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    losses.sum().backward()
    assert all(np.isfinite(x.grad.numpy()).all() for x in given if x.requires_grad)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, INF])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e37])
def test_distances_neither_overflow_nor_vanish(p, scale):
    x = tw.asarray([3 * scale, 4 * scale], dtype="float32").requires_grad_()
    y = F.pairwise_distance(x, tw.zeros(2), p=p, eps=0.0)
    y.backward()
    expected = np.linalg.norm([3.0, 4.0], p) * scale
    np.testing.assert_allclose(y.item(), expected, rtol=1e-5)
    slope = [0, 1] if p == INF else (np.array([3.0, 4.0]) / np.linalg.norm([3.0, 4.0], p)) ** (p - 1)
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=1e-5)


@pytest.mark.parametrize("x1", [[3e30, 4e30], [3e-6, 4e-6]])
def test_cosines_neither_overflow_nor_vanish(x1):
    assert F.cosine_similarity(x1, [3.0, 4.0], dim=0).item() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_an_eps_that_the_dtype_does_not_hold(dtype):
    x, zero = tw.asarray([[3.0, 4.0]], dtype=dtype), tw.zeros((1, 2), dtype=dtype).requires_grad_()
    losses = (
        F.poisson_nll_loss(zero, x, log_input=False),
        F.gaussian_nll_loss(x, x, zero.detach()),
        F.cosine_similarity(x, zero),
        F.smooth_l1_loss(zero, zero.detach(), beta=1e-9),
    )
    for loss in losses:
        assert loss.dtype.name == dtype and np.isfinite(loss.detach().astype("float32").numpy()).all()
        if loss.requires_grad:
            loss.sum().backward()
            assert np.isfinite(zero.grad.astype("float32").numpy()).all()


# ---- kinks -----------------------------------------------------------------------------------------------------------


def derivatives(function, *at):
    """Gradient and diagonal of the Hessian in the first argument, of a sum."""
    points = [tw.asarray(np.array(x, float)) for x in at]
    points[0] = points[0].requires_grad_()
    first = tw.autograd.gradients(function(*points).sum(), [points[0]], create_graph=True)[0]
    rows = []
    for i in np.ndindex(points[0].shape):
        row = tw.autograd.gradients(first[i], [points[0]], retain_graph=True)[0] if first.requires_grad else None
        rows.append(0.0 if row is None else row[i].item())
    return first.tolist(), np.reshape(rows, first.shape).tolist()


KINKS = {
    "l1": (lambda x, t: F.l1_loss(x, t), [0.0], [0.0], 0.0, 0.0),
    "smooth_l1 of beta 0": (lambda x, t: F.smooth_l1_loss(x, t, beta=0), [0.0], [0.0], 0.0, 0.0),
    "huber at 0": (lambda x, t: F.huber_loss(x, t), [0.0], [0.0], 0.0, 1.0),
    "smooth_l1 at 0": (lambda x, t: F.smooth_l1_loss(x, t, beta=0.5), [0.0], [0.0], 0.0, 2.0),
    "huber at delta": (lambda x, t: F.huber_loss(x, t), [1.0], [0.0], 1.0, 1.0),
    "margin_ranking": (lambda x, t: F.margin_ranking_loss(x, t, [1.0]), [2.0], [2.0], 0.0, 0.0),
    "hinge_embedding": (lambda x, t: F.hinge_embedding_loss(x, t), [1.0], [-1], 0.0, 0.0),
    "distance 0": (lambda x, t: F.pairwise_distance(x, t, eps=0.0), [[2.0, 2.0]], [[2.0, 2.0]], 0.0, 0.0),
    "distance 0, p=1": (lambda x, t: F.pairwise_distance(x, t, 1, eps=0.0), [[2.0]], [[2.0]], 0.0, 0.0),
    "distance 0, p=3": (lambda x, t: F.pairwise_distance(x, t, 3, eps=0.0), [[2.0]], [[2.0]], 0.0, 0.0),
    "an entry that is 0, p=0.5": (
        lambda x, t: F.pairwise_distance(x, t, 0.5, eps=0.0), [[2.0, 4.0]], [[2.0, 0.0]], [[0.0, 1.0]], 0.0,
    ),
    "triplet": (lambda x, t: F.triplet_margin_loss(x, t, t + 9, eps=0.0, margin=30.0, p=1), [[1.0]], [[1.0]], 1.0, 0.0),
    "multi_margin": (
        lambda x, t: F.multi_margin_loss(x, t.astype("int64"), p=2), [[1.0, 2.0]], [1], [[0.0, 0.0]], 0.0,
    ),
    "a target that is 0": (lambda t, x: F.kl_div(x, t, reduction="sum"), [0.0], [-1.0], 0.0, 0.0),
    "a vector of zeros": (
        lambda x, t: F.cosine_similarity(x, t, eps=0.5), [[0.0, 0.0]], [[3.0, 4.0]], [[1.2, 1.6]], 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_derivatives_at_kinks(name):
    function, x, t, first, second = KINKS[name]
    got = derivatives(function, x, t)
    np.testing.assert_allclose(got[0], np.broadcast_to(first, np.shape(x)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got[1], np.broadcast_to(second, np.shape(x)), rtol=1e-12, atol=1e-12)


def test_a_variance_below_eps_has_the_gradient_of_eps():
    var = tw.asarray([0.25, 1.0]).requires_grad_()
    F.gaussian_nll_loss([2.0, 2.0], [0.0, 0.0], var, eps=0.5, reduction="sum").backward()
    np.testing.assert_allclose(var.grad.numpy(), [0.5 / 0.5 - 2 / 0.25, 0.5 - 2])


# ---- modules ---------------------------------------------------------------------------------------------------------


@each_loss
def test_modules_have_the_signature_and_the_documentation_of_their_functions(name):
    cls, function = MODULES[name], getattr(F, name)
    parameters = inspect.signature(function).parameters
    without = {"weight"} if name in ("mse_loss", "l1_loss", "huber_loss") else set()
    options = {k: p.default for k, p in parameters.items() if p.default is not p.empty and k not in without}
    assert {k: p.default for k, p in inspect.signature(cls).parameters.items()} == options
    assert list(inspect.signature(cls.forward).parameters)[1:] == [
        k for k in parameters if k not in options | dict.fromkeys(without)
    ]
    assert all(f"\n{k} : " in cls.__doc__ or f", {k} : " in cls.__doc__ or f"\n{k}, " in cls.__doc__ for k in options)
    assert f"nn.functional.{name}" in cls.__doc__ and "Examples\n" in cls.__doc__


@each_loss
def test_modules_are_copied_and_pickled(name):
    operands, options = ARGUMENTS[name](Draw(5))
    options.pop("weight", None)
    module = MODULES[name](**options, reduction="none")
    expected = module(**operands).tolist()
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(again) is type(module) and again(**operands).tolist() == expected
    assert repr(module).startswith(f"{type(module).__name__}(") and "reduction='none'" in repr(module)


def test_modules_show_what_is_not_as_usual():
    assert repr(nn.TripletMarginLoss(2, swap=True)) == "TripletMarginLoss(margin=2.0, swap=True)"
    assert repr(nn.NLLLoss([1.0, 2.0], ignore_index=0)) == "NLLLoss(ignore_index=0)"
    assert repr(nn.PairwiseDistance(p=1, keepdim=True)) == "PairwiseDistance(p=1.0, keepdim=True)"


def test_weights_of_modules_are_buffers():
    criterion = nn.NLLLoss([1.0, 2.0])
    assert [(k, v.tolist()) for k, v in criterion.state_dict().items()] == [("weight", [1.0, 2.0])]
    assert nn.MultiMarginLoss().state_dict() == {} and nn.MultiMarginLoss().weight is None
    assert nn.MultiLabelSoftMarginLoss(np.ones(2))(tw.zeros((1, 2)), tw.zeros((1, 2))).dtype == tw.float32


def test_a_module_of_ones_own_goes_on():
    class Scaled(nn.MSELoss):
        def __init__(self, scale):
            super().__init__("sum")
            self.scale = scale

        def forward(self, input, target):
            return super().forward(input, target) * self.scale

    assert Scaled(3.0)(tw.ones(2), tw.zeros(2)).item() == 6
    assert list(inspect.signature(Scaled).parameters) == ["scale"]


WRONG = [
    (TypeError, r"HuberLoss.__init__\(\) got an unexpected keyword argument 'beta'", lambda: nn.HuberLoss(beta=1.0)),
    (TypeError, r"NLLLoss.__init__\(\) takes from 1 to 2 positional", lambda: nn.NLLLoss(None, True)),
    (TypeError, r"KLDivLoss.__init__\(\) got an unexpected .* 'reduce'", lambda: nn.KLDivLoss(reduce=True)),
    (ValueError, "HuberLoss: delta is -1.0, but must be positive", lambda: nn.HuberLoss(delta=-1)),
    (ValueError, "SmoothL1Loss: beta is nan, but must be at least 0", lambda: nn.SmoothL1Loss(beta=math.nan)),
    (ValueError, "MultiMarginLoss: p is 3, but must be 1 or 2", lambda: nn.MultiMarginLoss(p=3)),
    (TypeError, "MultiMarginLoss: p is 1.5, but must be an integer", lambda: nn.MultiMarginLoss(p=1.5)),
    (ValueError, "TripletMarginLoss: margin is 0.0, but must be positive", lambda: nn.TripletMarginLoss(0.0)),
    (TypeError, "TripletMarginLoss: swap is 'no', but must be True or", lambda: nn.TripletMarginLoss(swap="no")),
    (ValueError, 'MSELoss: reduction is \'batchmean\', but must be "mean", ', lambda: nn.MSELoss("batchmean")),
    (ValueError, 'KLDivLoss: reduction is \'max\', .*"batchmean"', lambda: nn.KLDivLoss(reduction="max")),
    (TypeError, "TripletMarginWithDistanceLoss: distance_function is 3",
     lambda: nn.TripletMarginWithDistanceLoss(distance_function=3)),
    (TypeError, "triplet_margin_with_distance_loss: what distance_function returned is None",
     lambda: F.triplet_margin_with_distance_loss([1.0], [1.0], [1.0], distance_function=lambda x, y: None)),
    (ValueError, "CosineSimilarity: eps is -1.0", lambda: nn.CosineSimilarity(eps=-1)),
    (TypeError, "PairwiseDistance: keepdim is 2, but", lambda: nn.PairwiseDistance(keepdim=2)),
    (TypeError, "margin_ranking_loss: margin is a tensor that requires grad",
     lambda: F.margin_ranking_loss([1.0], [1.0], [1.0], tw.ones(()).requires_grad_())),
    (TypeError, "kl_div: input is 'a', but must be array-like", lambda: F.kl_div("a", [1.0])),
    (TypeError, "hinge_embedding_loss: target is 'a', but must be array", lambda: F.hinge_embedding_loss([1.0], "a")),
    (TypeError, "nll_loss: weight has dtype complex64", lambda: F.nll_loss([[1.0]], [0], np.ones(1, "complex64"))),
    (TypeError, "gaussian_nll_loss: var is None", lambda: F.gaussian_nll_loss([1.0], [1.0], None)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), WRONG, ids=[m for _, m, _ in WRONG])
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_large_classes_are_named_as_they_are():
    with pytest.raises(IndexError, match=r"nll_loss: target\[0\] is 18446744073709551615, but input \(1, 2\) has"):
        F.nll_loss([[0.0, 0.0]], tw.asarray([2**64 - 1], dtype="uint64"))


@pytest.mark.parametrize(
    "module", [nn.MSELoss(), nn.L1Loss(), nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()]
)
def test_losses_take_pytorchs_names(module):
    x, target = tw.full((2, 3), 0.25), tw.full((2, 3), 0.5)
    assert module(input=x, target=target).item() == module(x, target).item()

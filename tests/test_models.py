"""The networks of `tilewright.models`: their state dicts against torchvision's, their results against PyTorch's."""

from __future__ import annotations

import itertools
import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn

try:
    import torch

    import torch_networks as reference
except ImportError:
    torch = None

STATES = Path(__file__).parent / "data" / "torchvision-states.txt"


# ---- state dicts -----------------------------------------------------------------------------------------------------


def expanded(lines):
    """Lines in which `a.0-2.b` is three, neighbours of the same blocks together."""
    for blocks, group in itertools.groupby(lines, lambda line: re.match(r"(?:\w+\.\d+-\d+\.)?", line)[0]):
        group = list(group)
        first, last = map(int, re.findall(r"\.(\d+)-(\d+)\.", blocks)[0]) if blocks else (0, 0)
        for i in range(first, last + 1):
            yield from (line.replace(f".{first}-{last}.", f".{i}.", 1) for line in group)


def tensors(line):
    """Names and shapes of what a line stands for."""
    path, kind, sizes = line.split()
    shape = tuple(map(int, sizes.split("x")))
    yield f"{path}.weight", shape
    if kind != "weight":
        yield f"{path}.bias", shape[:1]
    if kind == "norm":
        yield from (
            (f"{path}.running_mean", shape),
            (f"{path}.running_var", shape),
            (f"{path}.num_batches_tracked", ()),
        )


def torchvision():
    """Of each network the name, the number of parameters, and names and shapes of its state dict in order."""
    text = "".join(line for line in STATES.read_text().splitlines(keepends=True) if not line.startswith("#"))
    for name, count, lines in re.findall(r"\[(\w+) (\d+)\]\n([^\[]+)", text):
        yield name, int(count), [entry for line in expanded(lines.split("\n")[:-1]) if line for entry in tensors(line)]


@pytest.fixture
def undrawn(monkeypatch):
    """Weights stay zero, for drawing those of a large network takes seconds."""
    for name in nn.init.__all__:
        if name.endswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


@pytest.mark.parametrize(("name", "count", "state"), [pytest.param(*case, id=case[0]) for case in torchvision()])
def test_state_dicts_are_torchvisions(name, count, state, undrawn):
    net = getattr(models, name)()
    assert [(name, tensor.shape) for name, tensor in net.state_dict().items()] == state
    assert (
        sum(p.size for p in net.parameters())
        == count
        == sum(math.prod(s) for n, s in state if "_" not in n.split(".")[-1])
    )


def test_blocks_are_read():
    lines = ["a weight 2x3", "b.1-2.c layer 4x5", "b.1-2.d norm 6"]
    names = [name for line in expanded(lines) for name, _ in tensors(line)]
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    block = [["b.{}.c.weight", "b.{}.c.bias"], [f"b.{{}}.d.{n}" for n in norm]]
    assert names == ["a.weight", *(n.format(i) for i in (1, 2) for part in block for n in part)]
    assert len(list(torchvision())) == 15


# What is not torchvision's: numbers of parameters by hand, or as they are known.
COUNTS = [
    ("lenet5", {}, 61_706),
    ("lenet5", {"variant": "paper"}, 60_000),
    ("alexnet", {"variant": "paper"}, 60_965_224),
    ("googlenet", {"variant": "paper"}, 13_378_280),
    ("googlenet", {"variant": "paper", "aux_logits": False}, 6_998_552),
    ("googlenet", {"aux_logits": False}, 6_624_904),
    ("plain18", {}, 11_689_512 - 172_032 - 2 * (128 + 256 + 512)),
    ("plain34", {}, 21_797_672 - 172_032 - 2 * (128 + 256 + 512)),
    ("resnet20", {}, 269_722),
    ("resnet32", {}, 464_154),
    ("resnet44", {}, 658_586),
    ("resnet56", {}, 853_018),
    ("resnet110", {}, 1_727_962),
    ("resnet18", {"num_classes": 10, "stem": "small"}, 11_173_962),
    ("resnet18", {"in_channels": 1}, 11_689_512 - 2 * 64 * 49),
    (
        "vgg16",
        {"num_classes": 10, "in_channels": 1, "hidden": 512},
        14_714_688 - 2 * 64 * 9 + 513 * 512 + 25_089 * 512 + 5_130,
    ),
]


@pytest.mark.parametrize(("name", "options", "count"), COUNTS)
def test_numbers_of_parameters(name, options, count, undrawn):
    assert sum(p.size for p in getattr(models, name)(**options).parameters()) == count


# ---- results ---------------------------------------------------------------------------------------------------------


def drawn(net, seed=0):
    """The network in float64, with weights under which no signal dies or explodes, and as arrays."""
    rng = np.random.default_rng(seed)
    net.double()
    for name, tensor in net.state_dict().items():
        if tensor.ndim > 1:
            bound = math.sqrt(3 / math.prod(tensor.shape[1:]))
            values = rng.uniform(-bound, bound, tensor.shape)
        elif name.endswith("bias"):
            values = rng.uniform(-0.2, 0.2, tensor.shape)
        elif tensor.dtype.is_floating:
            values = rng.uniform(0.5, 1.5, tensor.shape)
        else:
            continue
        with tw.no_grad():
            tensor[...] = values
    return net, {name: tensor.detach().numpy().copy() for name, tensor in net.state_dict().items()}


def traced(net, x):
    """The result, and those of all modules by their paths."""
    results = {}
    for path, module in net.named_modules():
        module.register_forward_hook(lambda module, args, y, path=path: results.update({path: y}))
    return net(x), results


SIZES = {
    "lenet5": (2, 1, 32, 32),
    "alexnet": (2, 3, 80, 71),
    "googlenet": (2, 3, 36, 45),
    "vgg11": (1, 3, 32, 40),
    "vgg11_bn": (2, 3, 32, 40),
}

NETWORKS = [
    ("lenet5", {}, "lenet", {}),
    ("lenet5", {"variant": "paper"}, "lenet_of_the_paper", {}),
    ("alexnet", {"hidden": 12}, "alexnet", {}),
    ("alexnet", {"hidden": 12, "variant": "paper"}, "alexnet_of_the_paper", {}),
    ("vgg11", {"hidden": 12}, "vgg", {}),
    ("vgg11_bn", {"hidden": 12}, "vgg", {}),
    ("googlenet", {}, "googlenet", {}),
    ("googlenet", {"variant": "paper"}, "googlenet", {}),
    ("resnet18", {}, "resnet", {}),
    ("resnet18", {"width": 8, "stem": "small"}, "resnet", {"small": True}),
    ("resnet50", {"width": 8}, "resnet", {}),
    ("resnet20", {}, "resnet", {"small": True}),
    ("plain18", {"width": 8}, "resnet", {"plain": True}),
]


def close(got, want, what, tolerance=1e-10):
    got, want = (x.detach().numpy() for x in (got, want))
    assert got.shape == want.shape, what
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max(), err_msg=what)


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(("name", "options", "function", "more"), NETWORKS)
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_every_layer_is_pytorchs(name, options, function, more, training):
    if training and "variant" in options and name == "googlenet":
        pytest.skip("its heads need images of 224 x 224: see the next test")
    dropout = {"dropout": 0.0} if name[:3] in ("ale", "vgg", "goo") else {}
    dropout |= {"dropout_aux": 0.0} if name == "googlenet" else {}
    net, state = drawn(getattr(models, name)(num_classes=10, **options, **dropout))
    x = np.random.default_rng(1).uniform(-1, 1, SIZES.get(name, (2, 3, 32, 36)))
    ref = reference.Reference(state, training)
    want = partial(getattr(reference, function), **more)(ref, torch.from_numpy(x))
    got, results = traced(net.train(training), tw.asarray(x))
    learned = {path for path, module in net.named_modules() if any(True for _ in module.parameters(recurse=False))}
    learned -= set() if training else {path for path in learned if path.startswith("aux")}
    assert learned <= ref.results.keys() and learned
    for path, y in ref.results.items():
        close(results[path], y, path)
    assert isinstance(got, tuple) == isinstance(want, tuple) == (name == "googlenet" and training)
    for y, z in zip(*[(r if isinstance(r, tuple) else (r,)) for r in (got, want)], strict=True):
        close(y, z, "result")


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
def test_heads_of_the_paper():
    net, state = drawn(models.googlenet(num_classes=10, dropout_aux=0.0, variant="paper"))
    for path, channels in (("aux1", 512), ("aux2", 528)):
        x = np.random.default_rng(1).uniform(-1, 1, (2, channels, 14, 14))
        want = reference.auxiliary(reference.Reference(state), path, torch.from_numpy(x), paper=True)
        close(net.get_submodule(path)(tw.asarray(x)), want, path)


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    ("name", "options", "function", "more"),
    [
        ("lenet5", {"variant": "paper"}, "lenet_of_the_paper", {}),
        ("resnet18", {"width": 8, "stem": "small"}, "resnet", {"small": True}),
        ("resnet20", {"width": 8}, "resnet", {"small": True}),
        ("googlenet", {"dropout": 0.0, "dropout_aux": 0.0}, "googlenet", {}),
    ],
)
def test_gradients_are_pytorchs(name, options, function, more):
    net, state = drawn(getattr(models, name)(num_classes=10, **options))
    x = np.random.default_rng(1).uniform(-1, 1, SIZES.get(name, (3, 3, 16, 16)))
    labels = np.arange(len(x)) % 10
    ref = reference.Reference(state, training=True)
    want = getattr(reference, function)(ref, torch.from_numpy(x), **more)
    got = net(tw.asarray(x))
    for library, results, target in ((torch, want, torch.from_numpy(labels)), (tw, got, tw.asarray(labels))):
        terms = results if isinstance(results, tuple) else (results,)
        sum(library.nn.functional.cross_entropy(y, target) for y in terms).backward()
    for path, parameter in net.named_parameters():
        close(parameter.grad, ref.state[path].grad, path, 1e-9)


# ---- training and options --------------------------------------------------------------------------------------------


def test_training_resnet18_reduces_the_loss():
    tw.random.seed(0)
    net = models.resnet18(num_classes=4)
    x, y = tw.random.normal(size=(4, 3, 32, 32)), tw.arange(4)
    optimiser = tw.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(4):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert net.bn1.num_batches_tracked.item() == 4


def test_starting_weights():
    tw.random.seed(1)
    net = models.resnet18(zero_init_residual=True)
    assert abs(net.layer4[1].conv2.weight.detach().numpy().std() * math.sqrt(512 * 9 / 2) - 1) < 0.01
    assert all(not block.bn2.weight.detach().numpy().any() for stage in (net.layer1, net.layer4) for block in stage)
    assert (
        not models.ResNet(models.Bottleneck, [1], zero_init_residual=True).layer1[0].bn3.weight.detach().numpy().any()
    )
    vgg = models.vgg11(hidden=64)
    assert abs(vgg.classifier[0].weight.detach().numpy().std() / 0.01 - 1) < 0.01
    assert abs(vgg.features[18].weight.detach().numpy().std() * math.sqrt(512 * 9 / 2) - 1) < 0.01
    paper = models.alexnet(hidden=64, variant="paper")
    layers = [m for m in paper.modules() if hasattr(m, "bias")]
    assert [m.bias.detach().numpy().mean() for m in layers] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert all(abs(m.weight.detach().numpy().std() / 0.01 - 1) < 0.05 for m in layers)
    lenet = models.lenet5(variant="paper")
    peaks = [
        abs(lenet.c3.weight.detach().numpy()[i:j]).max() * fan
        for i, j, fan in ((0, 18, 75), (18, 54, 100), (54, 60, 150))
    ]
    assert all(2.2 < peak < 2.4001 for peak in peaks)
    assert set(np.unique(lenet.output.weight.detach().numpy())) == {-1.0, 1.0}
    assert (
        abs(models.googlenet(variant="paper").conv3.conv.weight.detach().numpy().std() * math.sqrt(192 * 9 / 2) - 1)
        < 0.01
    )


ERRORS = [
    (TypeError, r"ResNet: block is .*BasicBlock or Bottleneck", lambda: models.ResNet(nn.Linear, [1])),
    (ValueError, "ResNet: layers is empty, but needs", lambda: models.ResNet(models.BasicBlock, [])),
    (ValueError, "ResNet: an entry of layers is 0, but must", lambda: models.ResNet(models.BasicBlock, [1, 0])),
    (ValueError, "ResNet: an entry of layers is 118", lambda: models.ResNet(models.BasicBlock, 2**70)),
    (ValueError, r"ResNet: stem", lambda: models.resnet18(stem="medium")),
    (ValueError, r"ResNet: shortcut", lambda: models.resnet18(shortcut="long")),
    (ValueError, r"ResNet: width", lambda: models.resnet18(width=0)),
    (ValueError, r"VGG: depth is 12, but must be one of 11, 13, 16, 19", lambda: models.VGG(12)),
    (TypeError, r"VGG: batch_norm", lambda: models.VGG(11, batch_norm="yes")),
    (ValueError, r"AlexNet: variant", lambda: models.alexnet(variant="new")),
    (ValueError, r"GoogLeNet: variant", lambda: models.googlenet(variant="new")),
    (TypeError, r"GoogLeNet: aux_logits", lambda: models.googlenet(aux_logits=None)),
    (ValueError, r"Inception: variant", lambda: models.Inception(1, 1, 1, 1, 1, 1, 1, variant="new")),
    (ValueError, r"LeNet: variant", lambda: models.lenet5(variant="new")),
    (ValueError, r"LeNet: num_classes", lambda: models.lenet5(0)),
    (ValueError, r"conv2d", lambda: models.lenet5()(tw.zeros((1, 3, 32, 32)))),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()

"""The networks of `tilewright.models` in PyTorch's functions, written down once more: what the tests compare them with.

Each takes a `Reference` and a batch of images. Where the state dict says how many stages, blocks or layers there are,
they read it there.
"""

from __future__ import annotations

import itertools
import re

import torch
from torch.nn import functional as F


class Reference:
    """Layers with the weights of a state dict of arrays; `results` has what each gave, under its path."""

    def __init__(self, state, training=False):
        self.state = {name: torch.from_numpy(value) for name, value in state.items()}
        self.training = training
        self.results = {}
        for value in self.state.values():
            value.requires_grad_(value.is_floating_point())

    def __contains__(self, path):
        return f"{path}.weight" in self.state

    def note(self, path, y):
        self.results[path] = y
        return y

    def conv(self, path, x, stride=1, groups=1, padding=None):
        weight = self.state[f"{path}.weight"]
        padding = weight.shape[-1] // 2 if padding is None else padding
        return self.note(path, F.conv2d(x, weight, self.state.get(f"{path}.bias"), stride, padding, 1, groups))

    def norm(self, path, x, eps=1e-5):
        names = ("running_mean", "running_var", "weight", "bias")
        mean, var, weight, bias = (self.state[f"{path}.{name}"] for name in names)
        running = (mean.detach().clone(), var.detach().clone())
        return self.note(path, F.batch_norm(x, *running, weight, bias, self.training, 0.1, eps))

    def linear(self, path, x):
        return self.note(path, F.linear(x, self.state[f"{path}.weight"], self.state[f"{path}.bias"]))

    def conv_norm(self, path, x, stride=1):
        """What GoogLeNet is made of."""
        y = self.conv(f"{path}.conv", x, stride)
        return self.note(path, torch.relu(self.norm(f"{path}.bn", y, 1e-3) if f"{path}.bn" in self else y))


def resnet(net, x, small=False, plain=False):
    x = torch.relu(net.norm("bn1", net.conv("conv1", x, 1 if small else 2)))
    x = x if small else net.note("maxpool", F.max_pool2d(x, 3, 2, 1))
    for stage in itertools.takewhile(lambda i: f"layer{i}.0.conv1" in net, itertools.count(1)):
        for block in itertools.takewhile(lambda j, i=stage: f"layer{i}.{j}.conv1" in net, itertools.count()):
            x = residual_block(net, f"layer{stage}.{block}", x, 2 if stage > 1 and block == 0 else 1, plain)
    return net.linear("fc", x.mean((2, 3)))


def residual_block(net, path, x, stride, plain):
    strides = (1, stride, 1) if f"{path}.conv3" in net else (stride, 1)
    y = x
    for i, step in enumerate(strides, 1):
        y = net.norm(f"{path}.bn{i}", net.conv(f"{path}.conv{i}", y, step))
        y = torch.relu(y) if i < len(strides) else y
    if plain:
        return net.note(path, torch.relu(y))
    if f"{path}.downsample.0" in net:
        x = net.norm(f"{path}.downsample.1", net.conv(f"{path}.downsample.0", x, stride))
    elif x.shape != y.shape:  # fewer pixels, and channels of zeros
        x = torch.cat([x[:, :, ::stride, ::stride], torch.zeros_like(y[:, x.shape[1] :])], 1)
    return net.note(path, torch.relu(x + y))


def vgg(net, x):
    def place(name):
        return int(name.split(".")[1])

    convolutions = sorted({place(n) for n in net.state if re.fullmatch(r"features\.\d+\.weight", n)})
    convolutions = [i for i in convolutions if net.state[f"features.{i}.weight"].ndim == 4]
    for i, after in itertools.zip_longest(convolutions, convolutions[1:]):
        x = net.conv(f"features.{i}", x)
        normed = f"features.{i + 1}" in net and net.state[f"features.{i + 1}.weight"].ndim == 1
        x = torch.relu(net.norm(f"features.{i + 1}", x) if normed else x)
        if after is None or after - i == 3 + normed:
            x = F.max_pool2d(x, 2)
    return classifier(net, F.adaptive_avg_pool2d(x, 7), (0, 3, 6))


def classifier(net, x, places):
    x = x.flatten(1)
    for i in places[:-1]:
        x = torch.relu(net.linear(f"classifier.{i}", x))
    return net.linear(f"classifier.{places[-1]}", x)


def alexnet(net, x):
    x = torch.relu(net.conv("features.0", x, 4, padding=2))
    for i in (3, 6, 8, 10):
        x = F.max_pool2d(x, 3, 2) if i < 8 else x
        x = torch.relu(net.conv(f"features.{i}", x))
    return classifier(net, F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), 6), (1, 4, 6))


def alexnet_of_the_paper(net, x):
    x = torch.relu(net.conv("features.0", x, 4, padding=2))
    for i, groups in zip((4, 8, 10, 12), (2, 1, 2, 2), strict=True):
        if i < 10:
            x = F.max_pool2d(F.local_response_norm(x, 5, 5 * 1e-4, 0.75, 2.0), 3, 2)
        x = torch.relu(net.conv(f"features.{i}", x, groups=groups))
    return classifier(net, F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), 6), (1, 4, 6))


def googlenet(net, x):
    paper = "conv1.bn" not in net

    def response(x):
        return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0) if paper else x

    x = response(F.max_pool2d(net.conv_norm("conv1", x, 2), 3, 2, ceil_mode=True))
    x = response(net.conv_norm("conv3", net.conv_norm("conv2", x)))
    heads = {}
    for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        if name.endswith("a"):
            x = F.max_pool2d(x, 2 if name == "5a" and not paper else 3, 2, ceil_mode=True)
        x = inception(net, f"inception{name}", x)
        if name in ("4a", "4d") and net.training:
            heads[name] = auxiliary(net, "aux1" if name == "4a" else "aux2", x, paper)
    y = net.linear("fc", x.mean((2, 3)))
    return (y, heads["4d"], heads["4a"]) if heads else y


def inception(net, path, x):
    branches = [net.conv_norm(f"{path}.branch1", x)]
    branches += [net.conv_norm(f"{path}.branch{i}.1", net.conv_norm(f"{path}.branch{i}.0", x)) for i in (2, 3)]
    branches.append(net.conv_norm(f"{path}.branch4.1", F.max_pool2d(x, 3, 1, 1)))
    return net.note(path, torch.cat(branches, 1))


def auxiliary(net, path, x, paper):
    x = F.avg_pool2d(x, 5, 3) if paper else F.adaptive_avg_pool2d(x, 4)
    x = torch.relu(net.linear(f"{path}.fc1", net.conv_norm(f"{path}.conv", x).flatten(1)))
    return net.linear(f"{path}.fc2", x)


def lenet(net, x):
    x = F.avg_pool2d(torch.tanh(net.conv("c1", x, padding=0)), 2)
    x = F.avg_pool2d(torch.tanh(net.conv("c3", x, padding=0)), 2)
    x = torch.tanh(net.conv("c5", x, padding=0)).flatten(1)
    return net.linear("output", torch.tanh(net.linear("f6", x)))


# The first six maps of C3 see three neighbouring maps of S2, six see four neighbouring ones, three see two pairs, and
# the last sees all.
SEEN = [*([i, i + 1, i + 2] for i in range(6)), *([i, i + 1, i + 2, i + 3] for i in range(6))]
SEEN += [*([i, i + 1, i + 3, i + 4] for i in range(3)), list(range(6))]


def lenet_of_the_paper(net, x):
    def squash(x):
        return 1.7159 * torch.tanh(2 / 3 * x)

    def subsample(path, x):
        return net.note(
            path, F.avg_pool2d(x, 2, divisor_override=1) * net.state[f"{path}.weight"] + net.state[f"{path}.bias"]
        )

    x = squash(subsample("s2", squash(net.conv("c1", x, padding=0))))
    kernels, used, maps = net.state["c3.weight"], 0, []
    for seen, bias in zip(SEEN, net.state["c3.bias"], strict=True):
        channels = sorted(i % 6 for i in seen)
        maps.append(F.conv2d(x[:, channels], kernels[None, used : used + len(seen)]) + bias)
        used += len(seen)
    x = squash(subsample("s4", squash(net.note("c3", torch.cat(maps, 1)))))
    x = squash(net.linear("f6", squash(net.conv("c5", x, padding=0)).flatten(1)))
    return net.note("output", -((x[:, None] - net.state["output.weight"]) ** 2).sum(2))

"""What `Module.summary` counts: known networks by their papers, receptive fields by gradients, and by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.nn import functional as F


def rows(net, *shapes, **options):
    return {row.path: row for row in net.summary(*shapes, **options).layers}


@pytest.fixture
def undrawn(monkeypatch):
    """Weights stay zero."""
    for name in nn.init.__all__:
        if name.endswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


# ---- known networks --------------------------------------------------------------------------------------------------


def test_lenet_is_counted_as_in_its_paper():
    summary = models.lenet5(variant="paper").summary((1, 1, 32, 32))
    found = {row.path: (row.parameters, row.connections, row.units) for row in summary.layers}
    assert found["c1"] == (156, 122_304, 6 * 28 * 28)
    assert found["s2"] == (12, 5_880, 6 * 14 * 14)
    assert found["c3"] == (1_516, 151_600, 16 * 10 * 10)
    assert found["s4"] == (32, 2_000, 16 * 5 * 5)
    assert found["c5"] == (48_120, 48_120, 120)
    assert found["f6"] == (10_164, 10_164, 84)
    assert (summary.total.parameters, summary.total.connections) == (60_000, 340_908)
    again = pickle.loads(pickle.dumps(summary))
    assert (again, again.layers, again.total) == (summary, summary.layers, summary.total)


# Multiply-adds of convolutions and linear layers for an image of 224 x 224, as torchvision publishes them, in billions.
# Where each step halves an image of 32 x 32 exactly, that has a 49th of what convolutions do.
@pytest.mark.parametrize(
    ("name", "extent", "convolutions", "linear", "billions"),
    [
        ("alexnet", 224, 655_566_528, 58_621_952, 0.714),
        ("vgg16", 32, 15_346_630_656, 123_633_664, 15.470),
        ("resnet18", 32, 1_813_561_344, 512_000, 1.814),
        ("resnet50", 32, 4_087_136_256, 2_048_000, 4.089),
    ],
)
def test_multiply_adds_of_known_networks(name, extent, convolutions, linear, billions, undrawn):
    summary = getattr(models, name)().summary((1, 3, extent, extent))
    count = {
        k: sum(r.multiply_adds for r in summary.layers if r.kind == k) for k in ("Conv2d", "Linear", "BatchNorm2d")
    }
    assert count["Conv2d"] * (224 // extent) ** 2 == convolutions
    assert count["Linear"] == linear
    assert round((convolutions + linear) / 1e9, 3) == billions
    assert summary.total.multiply_adds == sum(count.values())


def test_fields_of_known_networks(undrawn):
    """A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019."""
    alexnet = rows(models.alexnet(hidden=8), (1, 3, 224, 224))
    assert [alexnet[f"features.{i}"].receptive_field for i in (0, 1, 2, 3, 12)] == ["11", "11", "19", "51", "195"]
    assert alexnet["classifier.1"].receptive_field == "all"
    assert rows(models.vgg16(hidden=8), (1, 3, 32, 32))["features.30"].receptive_field == "212"
    resnet = rows(models.resnet18(), (1, 3, 32, 32))
    assert [resnet[p].receptive_field for p in ("conv1", "maxpool", "layer4", "avgpool")] == ["7", "11", "435", "all"]
    assert resnet["layer2.0.downsample"].receptive_field == "43"
    assert rows(models.resnet20(), (1, 3, 32, 32))["layer2.0.downsample"].receptive_field == "15"
    google = rows(models.googlenet(aux_logits=False), (1, 3, 64, 64))
    assert [google[f"inception{p}"].receptive_field for p in ("3a", "3b", "4a")] == ["43", "59", "107"]


# ---- receptive fields ------------------------------------------------------------------------------------------------


class Branches(nn.Module):
    """Joins what its layers make of one input."""

    def __init__(self, *layers, join=lambda ys: tw.concatenate(ys, 1)):
        self.layers = nn.ModuleList(layers)
        self.join = join

    def forward(self, x):
        return self.join([layer(x) for layer in self.layers])


def conv(*sizes, **options):
    return nn.Conv2d(1, 1, *sizes, **options)


SEEN = [
    (nn.Sequential(conv(3)), "3"),
    (nn.Sequential(conv(3, 2), nn.ReLU(), conv(3)), "7"),
    (nn.Sequential(conv(3, dilation=2), nn.AvgPool2d(3, 2), conv((1, 3)), conv(2)), "9 × 13"),
    (nn.Sequential(nn.LPPool2d(1, 2), nn.Identity(), conv(5, padding=2)), "10"),
    (Branches(conv(1), conv(5, padding=2), nn.Sequential(conv(3, padding=1), conv(5, padding=2))), "7"),
    (nn.Sequential(conv(3, padding=1), Branches(nn.Identity(), conv(3, padding=1), join=sum)), "5"),
    (nn.Sequential(nn.AdaptiveAvgPool2d(8), conv(3)), "12"),
    (nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(), Branches(conv(3), join=lambda ys: F.relu(ys[0] * 2) + 1)), "3"),
]


@pytest.mark.parametrize(("net", "field"), SEEN)
def test_fields_are_what_gradients_reach(net, field):
    assert rows(net, (1, 1, 32, 32))[""].receptive_field == field
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    x = tw.ones((1, 1, 32, 32), requires_grad=True)
    y = net.eval()(x)
    y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    reached = x.grad.numpy()[0, 0] != 0
    extents = [reached.any(axis).sum() for axis in (1, 0)]
    assert list(map(int, field.split(" × "))) * (1 if "×" in field else 2) == extents


NOT_TOLD = [
    (nn.Sequential(conv(3), nn.ConvTranspose2d(1, 1, 3), nn.Tanh()), "?"),
    (nn.Sequential(nn.AdaptiveMaxPool2d(5)), "?"),
    (nn.Sequential(nn.AdaptiveMaxPool2d(5), nn.ReLU(), conv(1)), "?"),
    (Branches(conv(3), join=lambda ys: F.max_pool2d(ys[0], 2)), "?"),
    (Branches(conv(3), join=lambda ys: ys[0].transpose((0, 1, 3, 2))), "?"),
    (Branches(conv(3), join=lambda ys: tw.concatenate([ys[0], ys[0]], 2)), "?"),
    (Branches(conv(1, 4), nn.Sequential(conv(1, 2), nn.AdaptiveMaxPool2d(8)), conv(4, 4), join=sum), "4"),
    (Branches(conv(1, 2), nn.MaxPool2d(2), conv(1, 1, padding=0), join=lambda ys: ys[0] + ys[2][:, :, :16, :16]), "?"),
    (nn.Sequential(conv(3), nn.AdaptiveMaxPool2d(1)), "all"),
    (nn.Sequential(conv(3), nn.AdaptiveMaxPool2d(1), nn.ReLU(), nn.ConvTranspose2d(1, 1, 2)), "all"),
    (Branches(conv(3), join=lambda ys: ys[0].mean((2, 3))), "all"),
    (nn.Sequential(conv(3), nn.Flatten(), nn.Linear(900, 2)), "all"),
    (nn.Sequential(conv(3), nn.Flatten(), nn.ReLU()), "3"),
    (Branches(conv(3), join=lambda ys: ys[0].detach()), None),
    (Branches(conv(3), join=lambda ys: tw.ones(3)), None),
]


@pytest.mark.parametrize(("net", "field"), NOT_TOLD)
def test_fields_beyond_windows(net, field):
    assert rows(net, (1, 1, 32, 32))[""].receptive_field == field


def test_fields_along_other_numbers_of_axes():
    assert rows(nn.Sequential(nn.Conv1d(2, 3, 5), nn.MaxPool1d(2)), (4, 2, 20))[""].receptive_field == "6"
    volume = nn.Sequential(nn.Conv3d(1, 1, (1, 2, 3)), nn.AvgPool3d(2, 1))
    assert rows(volume, (1, 1, 6, 6, 6))[""].receptive_field == "2 × 3 × 4"


def test_only_images_are_followed():
    class Two(nn.Module):
        def __init__(self):
            self.conv, self.linear = nn.Conv2d(1, 1, 3), nn.Linear(4, 1)

        def forward(self, image, vector):
            return self.conv(image) + self.linear(vector)[:, :, None, None]

    found = rows(Two(), (2, 1, 8, 8), (2, 4))
    assert (found[""].receptive_field, found["conv"].receptive_field, found["linear"].receptive_field) == (
        "3",
        "3",
        None,
    )
    assert "field" not in nn.Linear(3, 2).summary((1, 3)).splitlines()[0]


# ---- counts ----------------------------------------------------------------------------------------------------------

# A layer, the shape of its input, and by hand: connections and multiply-adds.
COUNTS = [
    (nn.Conv2d(4, 6, 3, groups=2, padding=1), (2, 4, 5, 5), 2 * 25 * 6 * (2 * 9 + 1), 2 * 25 * 6 * 18),
    (nn.Conv2d(4, 6, (1, 3), stride=2, bias=False), (1, 4, 5, 5), 3 * 2 * 6 * 12, 3 * 2 * 6 * 12),
    (nn.ConvTranspose1d(4, 6, 3, groups=2), (1, 4, 5), 5 * 4 * 9 + 7 * 6, 5 * 4 * 9),
    (nn.Linear(3, 2), (5, 7, 3), 5 * 7 * 2 * 4, 5 * 7 * 2 * 3),
    (nn.Linear(3, 2, bias=False), (1, 3), 6, 6),
    (nn.BatchNorm2d(3), (2, 3, 4, 5), 240, 120),
    (nn.BatchNorm1d(3, affine=False), (2, 3), 6, 6),
    (nn.LayerNorm(4), (2, 4), 16, 8),
    (nn.PReLU(), (2, 3), 6, 6),
    (nn.LocalResponseNorm(5), (1, 8, 2, 2), 160, 160),
    (nn.MaxPool2d((2, 3), 1), (1, 2, 4, 4), 2 * 3 * 2 * 6, 0),
    (nn.AvgPool1d(2), (1, 2, 4), 8, 0),
    (nn.AdaptiveAvgPool2d((1, 3)), (1, 2, 4, 6), 48, 0),
    (nn.AdaptiveMaxPool1d(3), (1, 1, 5), 2 + 3 + 2, 0),
    (nn.ReLU(), (1, 3), 0, 0),
]


@pytest.mark.parametrize(("layer", "shape", "connections", "multiply_adds"), COUNTS)
def test_counts_by_hand(layer, shape, connections, multiply_adds):
    row = layer.summary(shape).layers[0]
    assert (row.connections, row.multiply_adds) == (connections, multiply_adds)
    assert row.units == layer(tw.zeros(shape)).size and row.activation_bytes == 4 * row.units


def test_a_layer_that_is_called_twice_counts_twice():
    layer = nn.Linear(3, 3)
    summary = nn.Sequential(layer, nn.ReLU(), layer).summary((1, 3))
    row = summary.layers[1]
    assert (row.parameters, row.connections, row.multiply_adds, row.units) == (12, 24, 18, 6)
    assert (summary.total.parameters, summary.total.connections, summary.total.units) == (12, 24, 9)


def test_what_is_handed_on_is_not_counted_again():
    net = nn.Sequential(
        nn.Flatten(), nn.Dropout(), nn.Identity(), nn.Sequential(nn.Linear(4, 2)), nn.Unflatten(1, (2, 1))
    )
    summary = net.summary((3, 2, 2), dtype="float64")
    units = {row.path: row.units for row in summary.layers}
    assert units == {"": 0, "0": 0, "1": 0, "2": 0, "3": 0, "3.0": 6, "4": 0}
    assert (summary.total.activation_bytes, summary.total.parameter_bytes) == (48, 40)


class Scale(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter([2.0])

    def forward(self, x):
        return x * self.weight


class CountedScale(Scale):
    kernel_size = 1
    stride = (1, 1)

    def costs(self, input, result):
        return result.size, result.size


def test_layers_of_unknown_classes():
    summary = nn.Sequential(nn.Conv2d(1, 1, 3), Scale(), CountedScale()).summary((1, 1, 5, 5))
    unknown, counted = summary.layers[2:]
    assert (unknown.connections, unknown.multiply_adds, unknown.receptive_field) == (None, None, "3")
    assert (counted.connections, counted.multiply_adds, counted.receptive_field) == (9, 9, "3")
    assert summary.splitlines()[4].split()[-7:] == ["1", "?", "?", "36", "B", "4", "B"]
    assert (summary.total.connections, summary.total.multiply_adds) == (90 + 9, 81 + 9)


# ---- the table, and what is left as it was ---------------------------------------------------------------------------


def test_the_table():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    net.add_module("unused", nn.Linear(2, 2))
    net.forward = lambda x: net[3](net[2](net[1](net[0](x))))
    assert net.summary((1, 1, 6, 6)).splitlines() == [
        "layer            output shape  field  units  parameters  connections  multiply-adds  activations  weights",
        "---------------------------------------------------------------------------------------------------------",
        "Sequential       (1, 3)          all      -           -            -              -            -        -",
        "  0 Conv2d       (1, 2, 4, 4)      3     32          20          320            288        128 B     80 B",
        "  1 MaxPool2d    (1, 2, 2, 2)      4      8           -           32              -         32 B        -",
        "  2 Flatten      (1, 8)            4      -           -            -              -            -        -",
        "  3 Linear       (1, 3)          all      3          27           27             24         12 B    108 B",
        "  unused Linear  not called        -      -           6            -              -            -     24 B",
        "---------------------------------------------------------------------------------------------------------",
        "total            -                 -     43          53          379            312        172 B    212 B",
        "---------------------------------------------------------------------------------------------------------",
        "53 parameters, 53 of them trainable, 212 B",
    ]


class Writes(nn.Module):
    """Writes to its input and to what it computed."""

    def __init__(self):
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        x += 1
        x[:, :, 0] = 0
        y = self.conv(x)
        y *= 2
        return y


def test_nothing_is_left_behind():
    net = nn.Sequential(Writes(), nn.BatchNorm2d(1), nn.Dropout())
    net[2].eval()
    before = {name: value.copy() for name, value in net.state_dict().items()}
    with tw.no_grad():
        assert rows(net, (2, 1, 6, 6))[""].receptive_field == "?"  # what is written could come from anywhere
        assert not (tw.ones(1, requires_grad=True) * 2).requires_grad
    assert net.training and net[0].training and not net[2].training
    assert all(module._hooks is None for module in net.modules())
    assert all(p.grad is None for p in net.parameters())
    assert all((net.state_dict()[name] == value).all() for name, value in before.items())
    with pytest.raises(ValueError, match="conv2d"):
        net.summary((2, 2, 6, 6))
    assert net.training and net[0].conv._hooks is None
    assert (tw.ones(1, requires_grad=True) * 2).requires_grad


def test_integers_have_no_fields():
    class Lookup(nn.Module):
        def __init__(self):
            self.table, self.conv = nn.Parameter(np.ones((5, 4), np.float32)), nn.Conv1d(4, 2, 3)

        def forward(self, words):
            return self.conv(self.table[words].transpose((0, 2, 1)))

    summary = Lookup().summary((2, 7), dtype="int64")
    assert summary.layers[0].output_shape == "(2, 2, 5)" and summary.layers[0].receptive_field is None
    assert "field" not in summary


# ---- steps and paths -------------------------------------------------------------------------------------------------


class SelfAttention(nn.Module):
    def __init__(self, attention):
        self.attention = attention

    def forward(self, x):
        return self.attention(x, x)


@pytest.mark.parametrize(("length", "size", "kernel"), [(64, 16, 3), (100, 8, 5), (7, 32, 2)])
def test_layers_of_sequences_cost_what_the_transformer_paper_says(length, size, kernel):
    """A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, table 1, with the constants that it leaves out."""

    def row(net, shape):
        found = net.summary(shape, paths=True).layers[-1]
        return found.multiply_adds, found.sequential_steps, found.path_length

    sequence, channels = (1, length, size), (1, size, length)
    attention = SelfAttention(nn.DotAttention())
    assert row(attention, sequence) == (2 * length**2 * size, 1, 1)
    for name, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        layer = getattr(nn, name)(size, size, batch_first=True)
        assert row(layer, sequence) == (gates * 2 * length * size**2, length, length)
    reached = -(-(length - 1) // (kernel - 1))
    convolution = nn.CausalConv1d(size, size, kernel)
    assert row(convolution, channels) == (kernel * length * size**2, 1, reached)
    products = 2 * length * size * (size // 2 + 1)
    assert row(nn.LinearAttention(size, 2), sequence)[1:] == (0, 0)  # of the projection
    linear = nn.LinearAttention(size, 2).summary(sequence, paths=True).layers[0]
    assert (linear.multiply_adds, linear.sequential_steps, linear.path_length) == (products, 1, 1)


@pytest.mark.parametrize(("kernel", "length"), [(2, 64), (3, 80), (2, 33)])
def test_dilated_convolutions_need_logarithmically_many_layers(kernel, length):
    count = next(n for n in range(20) if kernel**n >= length)
    layers = [nn.CausalConv1d(1, 1, kernel, dilation=kernel**i) for i in range(count)]
    seen = [r.receptive_field for r in nn.Sequential(*layers).summary((1, 1, length)).layers][1:]
    assert list(map(int, seen)) == [kernel ** (i + 1) for i in range(count)]
    assert [layer.summary((1, 1, length), paths=True).layers[0].path_length for layer in layers[-1:]] == [
        -(-(length - 1) // ((kernel - 1) * kernel ** (count - 1)))
    ]


@pytest.mark.parametrize(
    ("net", "shape", "steps", "path"),
    [
        (nn.LSTM(3, 4, num_layers=2, bidirectional=True), (9, 1, 3), 18, 10),
        (nn.GRU(3, 4), (9, 3), 9, 9),
        (nn.GRU(3, 4), (0, 1, 3), 0, 0),
        (nn.LSTMCell(3, 4), (1, 3), 0, 0),
        (nn.Conv1d(1, 1, 3, stride=2), (1, 1, 16), 1, 4),  # fields of 3, 7, 15, 31
        (nn.Conv1d(1, 1, 1), (1, 1, 16), 1, 0),
        (nn.Conv2d(1, 1, (3, 1), padding=(1, 0)), (1, 1, 9, 5), 1, 4),
        (nn.MaxPool1d(4), (1, 1, 16), 1, 2),
        (nn.AdaptiveAvgPool1d(3), (1, 1, 16), 1, None),
        (nn.LinearAttention(4, 2, causal=True, chunk=4), (1, 10, 4), 3, 1),
        (nn.Linear(3, 4), (9, 1, 3), 0, 0),
    ],
    ids=lambda value: str(value).replace("\n", " "),
)
def test_steps_and_paths(net, shape, steps, path):
    row = net.summary(shape, paths=True).layers[0]
    assert (row.sequential_steps, row.path_length) == (steps, path)


def test_paths_of_packed_sequences_are_those_of_the_longest():
    class Packed(nn.Module):
        def __init__(self):
            self.rnn = nn.RNN(2, 3)

        def forward(self, x):
            return self.rnn(nn.utils.rnn.pack_padded_sequence(x, [5, 2]))[0].data

    summary = Packed().summary((6, 2, 2), paths=True)
    assert (summary.layers[1].sequential_steps, summary.layers[1].path_length) == (5, 5)
    assert summary.total.sequential_steps == 5 and summary.total.path_length == 0


def test_columns_of_paths_stand_on_request():
    net = nn.Sequential(nn.Conv1d(1, 1, 3), nn.AdaptiveAvgPool1d(3))
    head, _, _, first, second, *_ = net.summary((1, 1, 18), paths=True).splitlines()
    assert head.endswith("sequential steps  path length")
    assert first.split()[-2:] == ["1", "9"] and second.split()[-2:] == ["1", "?"]
    assert "path" not in net.summary((1, 1, 18)) and "path" not in nn.ReLU().summary((1, 3), paths=True)
    with pytest.raises(TypeError, match="summary: paths is 'all', but must be True or False"):
        net.summary((1, 1, 18), paths="all")

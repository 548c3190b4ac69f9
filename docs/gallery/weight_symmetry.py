"""# Symmetries of the weights

Many weights make the same function. In a network with one hidden layer of H units of tanh, any order of the units will
do, and since tanh(-a) = -tanh(a), each unit may change the sign of all that goes into it and comes out of it. So
generically each minimum is one of

> 2ᴴ H!

that are equal (Hecht-Nielsen, 1990). A unit of ReLU may be scaled by any α > 0, since α relu(a) = relu(αa): its minima
are not even isolated. On the straight line between two equal minima the loss rises. It rises as well between two
networks of different starts, but much less so once the units of one are put in the order of the other (Ainsworth,
Hayase, Srinivasa, 2023).
"""

# %%
import copy
import math

from matplotlib import pyplot as plt
from scipy.optimize import linear_sum_assignment
from shared import digits, either

import tilewright as tw
from tilewright.nn.functional import cross_entropy

images, labels, test_images, _ = digits()


def train(seed, hidden, activation="tanh"):
    tw.random.seed(seed)
    network = tw.models.MLP([64, hidden, 10], activation)
    optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
    loader = tw.data.DataLoader(tw.data.TensorDataset(images, labels), batch_size=64, shuffle=True)
    for _ in range(either(30, 2)):
        for x, y in loader:
            optimizer.zero_grad()
            cross_entropy(network(x), y).backward()
            optimizer.step()
    return network


def moved(network, order, factor):
    """A network with these hidden units in another order, and then each multiplied by its factor."""
    twin = copy.deepcopy(network)
    (a, b), (c, d) = ([p.detach() for p in layer.parameters()] for layer in network.linears)
    weights = a[order] * factor[:, None], b[order] * factor, c[:, order] / factor, d
    twin.load_state_dict(dict(zip(network.state_dict(), weights)))
    return twin


def line(network, other):
    """The training loss on the straight line from the weights of one to those of the other."""
    pairs = zip(network.named_parameters(), other.parameters())
    direction = {name: (there - here).detach() for (name, here), there in pairs}
    places = tw.linspace(0, 1, either(21, 5))
    return tw.diagnose.loss_line(lambda: cross_entropy(network(images), labels), network, places, direction=direction)


# %% [markdown]
# The three symmetries. What is left of a difference comes from rounding, as sums are taken in another order.

# %%
H = either(64, 8)
network, relu = train(0, H), train(0, H, "relu")
unmoved, ones = tw.arange(H), tw.ones(H)
signs, scales = 2.0 * tw.random.integers(0, 2, H) - 1, tw.exp(tw.random.normal(size=H))
twins = {
    "tanh, units permuted": (network, moved(network, tw.random.permutation(H), ones)),
    "tanh, signs flipped": (network, moved(network, unmoved, signs)),
    "ReLU, units scaled": (relu, moved(relu, unmoved, scales)),
}
for name, (one, twin) in twins.items():
    print(f"{name:22} outputs differ by at most {tw.max(tw.abs(one(test_images) - twin(test_images))).item():.1e}")
count = H * math.log10(2) + math.lgamma(H + 1) / math.log(10)
print(f"equal minima of a network with {H} units of tanh: 10^{count:.0f}")

# %% [markdown]
# Now a second network, from another start. How alike two units are is told by the inner product of their weights, those
# that go in and those that come out. The pairs that make the sum of its magnitudes largest are an assignment problem;
# where a product is negative, the sign is flipped.


# %%
def aligned(network, other):
    """The other network, with its units in the order and with the signs that fit the first one best."""
    rows, columns = (tw.concatenate([n[0].weight, n[0].bias[:, None], n[2].weight.T], axis=1) for n in (network, other))
    alike = (rows @ columns.T).detach()
    order = tw.asarray(linear_sum_assignment(tw.abs(alike).numpy(), maximize=True)[1])
    return moved(other, order, tw.sign(alike[tw.arange(len(order)), order]))


def barrier(line):
    """How far the loss on the line rises above the higher end."""
    return (tw.max(line.loss) - tw.max(line.loss[[0, -1]])).item()


sizes, before, after = either([8, 16, 32, 64, 128, 256, 512], [4, 8]), [], []
for size in sizes:
    first, second = train(1, size), train(2, size)
    before.append(line(first, second))
    after.append(line(first, aligned(first, second)))
    print(f"{size:4} units: barrier {barrier(before[-1]):.3f}, aligned {barrier(after[-1]):.3f}")

# %% [markdown]
# Left: between two equal networks of tanh the loss is high. Halfway, each unit is averaged with one that has nothing to
# do with it, or, where its sign was flipped, with its own opposite, and is gone. Scaled units of ReLU are averaged with
# multiples of themselves, and the loss rises little. Middle and right: two trainings with 64 units are as far apart as
# a network is from its permuted self. Aligned, about nine tenths of the barrier are gone: both have learned much
# the same units. With more units the barrier is lower as a rule.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 4), layout="constrained")
for name, (one, twin) in twins.items():
    left.plot(*line(one, twin), label=name)
left.set(xlabel="place on the line", ylabel="training loss", title="between equal networks")
left.set_ylim(0, 1.45 * left.get_ylim()[1])
left.legend(loc="upper left")
at = sizes.index(H)
middle.plot(*before[at], label="as trained")
middle.plot(*after[at], label="aligned")
middle.set(xlabel="place on the line", ylim=left.get_ylim(), title=f"between two trainings, {H} units")
middle.legend()
right.semilogx(sizes, [barrier(one) for one in before], "o-", base=2, label="as trained")
right.semilogx(sizes, [barrier(one) for one in after], "o-", base=2, label="aligned")
right.set(xlabel="hidden units", title="height of the barrier")
right.legend()

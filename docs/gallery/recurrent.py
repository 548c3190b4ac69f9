"""# Recurrent networks: RNN, LSTM, GRU

A recurrent network reads a sequence x₁, x₂, .. one step at a time and keeps what it has read in a state h. The simple
one (Elman, 1990) makes a new state at each step:

> RNN: h' = tanh(W x + U h + b).

The LSTM (Hochreiter and Schmidhuber, 1997; the forget gate f is from Gers, Schmidhuber and Cummins, 2000) has a second
state c, the memory, and gates between 0 and 1 that say what is written, kept and read. The GRU (Cho et al., 2014) has
two gates and one state. Each letter has its own W, U and b, and ⊙ multiplies number by number:

> LSTM: i, f, o = σ(W x + U h + b), g = tanh(W x + U h + b), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'),
>
> GRU: r, z = σ(W x + U h + b), n = tanh(W x + b + r ⊙ (U h + b)), h' = (1 - z) ⊙ n + z ⊙ h.
"""

# %%
from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

tw.random.seed(0)
lstm, x = nn.LSTM(3, 4), tw.random.normal(size=(20, 3))
h, c = tw.zeros(4), tw.zeros(4)
for step in x:
    read = lstm.weight_ih_l0 @ step + lstm.bias_ih_l0 + lstm.weight_hh_l0 @ h + lstm.bias_hh_l0
    i, f, g, o = read.reshape((4, 4))
    c = F.sigmoid(f) * c + F.sigmoid(i) * F.tanh(g)
    h = F.sigmoid(o) * F.tanh(c)
print("h after 20 steps, by the formulas:", *(f"{number:.6f}" for number in h.tolist()))
print("                     by the layer:", *(f"{number:.6f}" for number in lstm(x)[0][-1].tolist()))

# %% [markdown]
# ## Gradients through time
#
# How much does the last state still feel of the input k steps before? The gradient goes back through k steps, and each
# multiplies it by the matrix of derivatives ∂h'/∂h. For the RNN this is diag(1 - h'²) U. Where U has a spectral radius
# below 1 the product vanishes; where it is above 1 the product can explode (Bengio, Simard and Frasconi, 1994). In the
# LSTM the way through c multiplies by f alone, and a bias of f above 0 keeps f near 1.


# %%
def gradient_by_distance(layer, steps, batch=16):
    """The norm of the gradient of a random sum of the last state by the input k steps before, for k = 0, 1, .."""
    x = tw.random.normal(size=(steps, batch, 1), dtype="float64")
    x.requires_grad = True
    last = layer(x)[0][-1]
    (last * tw.random.normal(size=last.shape)).sum().backward()
    return tw.sqrt((x.grad[::-1] ** 2).mean(axis=(1, 2)))


def rnn_of_radius(radius, hidden=64):
    layer = nn.RNN(1, hidden, bias=False, dtype="float64")
    with tw.no_grad():
        layer.weight_ih_l0 *= 0.1
        layer.weight_hh_l0 *= radius / abs(tw.linalg.eigvals(layer.weight_hh_l0)).max()
    return layer


plain = {f"spectral radius {radius}": rnn_of_radius(radius) for radius in (0.5, 0.9, 1.0, 1.3, 2.0)}
gated = {"RNN": nn.RNN(1, 64, dtype="float64"), "GRU": nn.GRU(1, 64, dtype="float64")}
gated |= {f"LSTM, bias of f {b}": nn.LSTM(1, 64, forget_bias=b, dtype="float64") for b in (0.0, 1.0, 4.0)}
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for axes, layers, title in zip(panels, (plain, gated), ("RNN: U scaled", "layers as they start")):
    for name, layer in layers.items():
        norms = gradient_by_distance(layer, either(100, 30))
        axes.plot(norms.numpy(), label=name)
        print(f"{name:20} gradient {norms[0].item():.1e} at the last step, {norms[-1].item():.1e} at the first")
    axes.set(xlabel="steps back in time", yscale="log", title=title)
    axes.legend(fontsize=8)
panels[0].set_ylabel("norm of the gradient")

# %% [markdown]
# On the left a spectral radius of 0.5 leaves nothing after 100 steps, and 0.9 little. At 2 the gradient grows a million
# times. It grows less than 2¹⁰⁰ times because tanh saturates: where the states are large, 1 - h'² is small.
#
# On the right are layers as the library starts them. The gradient of the RNN, of the GRU and of an LSTM whose gate f
# starts near one half falls by more than twenty orders of magnitude. A bias of 1 for f, as is often used, slows this
# down. With a bias of 4 the gradient arrives in full. So gates alone do not keep the gradient alive at the start; but a
# network can learn to open them.
#
# ## A task that needs memory
#
# The adding problem of Hochreiter and Schmidhuber: each step has a number between 0 and 1 and a mark. Two steps are
# marked, one in each half, and the answer after the last step is the sum of their numbers. Whoever remembers nothing
# says 1 and has a mean squared error of 1/6.


# %%
def adding_problem(steps, batch=32):
    numbers, rows, half = tw.random.uniform(size=(steps, batch)), tw.arange(batch), steps // 2
    first, second = tw.random.integers(0, half, batch), tw.random.integers(half, steps, batch)
    marks = tw.zeros((steps, batch))
    marks[first, rows] = marks[second, rows] = 1.0
    return tw.stack([numbers, marks], axis=-1), numbers[first, rows] + numbers[second, rows]


def train(kind, length, steps, hidden=32):
    """The losses in training, and one on new sequences."""
    tw.random.seed(0)
    layer, head = getattr(nn, kind)(2, hidden, **({"forget_bias": 1.0} if kind == "LSTM" else {})), nn.Linear(hidden, 1)
    parameters = [*layer.parameters(), *head.parameters()]
    optimizer, losses = tw.optim.Adam(parameters, lr=0.01), []
    for _ in range(steps):
        x, target = adding_problem(length)
        loss = F.mse_loss(head(layer(x)[0][-1])[:, 0], target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    x, target = adding_problem(length, 1000)
    return losses, F.mse_loss(head(layer(x)[0][-1])[:, 0], target).item()


# %%
lengths, steps = either((10, 20, 40, 80), (4, 8)), either(1500, 50)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for kind in ("RNN", "LSTM", "GRU"):
    losses, final = zip(*(train(kind, length, steps) for length in lengths))
    print(f"{kind:4} loss by length:", *(f"{length}: {loss:.4f}" for length, loss in zip(lengths, final)), sep="  ")
    means = tw.asarray(losses[-1]).reshape((-1, steps // 50)).mean(axis=1)
    left.plot(range(0, steps, steps // 50), means.numpy(), label=kind)
    right.plot(lengths, final, "o-", label=kind)
for axes in (left, right):
    axes.axhline(1 / 6, color="black", linestyle=":", label="remembers nothing")
left.set(xlabel="step of training", ylabel="squared error", yscale="log", title=f"{lengths[-1]} steps: training")
right.set(xlabel="length of the sequences", title="after training: new sequences")
right.legend(fontsize=8)

# %% [markdown]
# The RNN learns the sum over 10 steps, but from 20 steps on next to nothing. LSTM and GRU learn all four lengths.
# At 80 steps both stay on the plateau at first: the gradient says little until the gates begin to keep the numbers.
# The GRU leaves it before the LSTM. This is one run of each; other seeds may move the moment.

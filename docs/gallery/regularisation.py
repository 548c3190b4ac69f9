"""# Regularisation

A large network that sees few digits, some of them with wrong labels, learns the wrong labels by heart. Regularisation
is what holds it back. Often it is a term that is added to the loss, such as the elastic net (Zou and Hastie, 2005),

> loss + λ₁ Σ|w| + λ₂/2 Σw²,

which is L1 (the lasso) for λ₂ = 0, and L2 (ridge) for λ₁ = 0. The page compares these with weight decay outside of the
gradient (Loshchilov and Hutter, 2019), a bound on the norm of each unit's weights (Srivastava et al., 2014), a penalty
on units that are active too often (Ng, 2011), noise on inputs (Bishop, 1995) and on weights (Graves, 2011), and smooth
labels (Szegedy et al., 2016).
"""

# %%
import math

from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

COUNT, STEPS, RUNS = 200, either(300, 40), either(5, 1)
images, true, test_images, test_labels = digits()
images, true = images[:COUNT], true[:COUNT]
tw.random.seed(0)
wrong = tw.random.random(COUNT) < 0.3
labels = tw.where(wrong, (true + tw.random.integers(1, 10, COUNT)) % 10, true)
print(f"{COUNT} digits, {tw.sum(wrong)} of them with a wrong label; {len(test_labels)} for the test")

# %% [markdown]
# One loop has all of them, each off by default. What is kept small are weights, not biases: `parameter_groups` and
# `elastic_net_penalty` tell them apart.


# %%
def train(l1=0, l2=0, decay=0, max_norm=math.inf, sparse=0, input_noise=0, weight_noise=0, smoothing=0):
    network = tw.models.MLP([64, 100, 10], "sigmoid")
    optimizer = tw.optim.AdamW(nn.utils.parameter_groups(network, decay, lr=0.01))
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        optimizer.zero_grad()
        with nn.utils.weight_noise(network, weight_noise):
            hidden = network[:2](images + input_noise * tw.random.normal(size=images.shape))
            loss = F.cross_entropy(network[2:](hidden), labels, label_smoothing=smoothing)
            loss += nn.utils.elastic_net_penalty(network, l1, l2) + sparse * nn.utils.sparsity_penalty(hidden)
            loss.backward()
        optimizer.step()
        nn.utils.max_norm_(network, max_norm)
        schedule.step()
    return network


METHODS = {
    "nothing": {},
    "L1": {"l1": 1e-3},
    "L2": {"l2": 5e-3},
    "elastic net": {"l1": 1e-3, "l2": 3e-3},
    "weight decay": {"decay": 3},
    "max-norm": {"max_norm": 2},
    "sparse activity": {"sparse": 0.05},
    "noise on inputs": {"input_noise": 0.5},
    "noise on weights": {"weight_noise": 0.15},
    "smooth labels": {"smoothing": 0.5},
}

# %% [markdown]
# The strengths come from a coarse search on other digits than those of the test. The table has means over several
# networks: the share of the wrong labels that a network learned, the share of its weights that are nearly zero, and the
# test error.

# %%
weights, errors = {}, {}
print("method            wrong labels learned  |w| < 0.001  test error")
for method, options in METHODS.items():
    networks = [train(**options) for _ in range(RUNS)]
    with tw.no_grad():
        learned = tw.mean(tw.stack([(n(images).argmax(1) == labels)[wrong] for n in networks])).item()
        errors[method] = [(n(test_images).argmax(1) != test_labels).mean().item() for n in networks]
        weights[method] = tw.concatenate([w.ravel() for n in networks for w in nn.utils.weights(n)])
    zeros, error = tw.mean(tw.abs(weights[method]) < 1e-3).item(), sum(errors[method]) / RUNS
    print(f"{method:16}{learned:22.0%}{zeros:13.0%}{error:12.1%}")

# %%
figure, panels = plt.subplots(1, 4, figsize=(9, 3), sharex=True, sharey=True, layout="constrained")
for axes, method in zip(panels, ("nothing", "L2", "L1", "elastic net")):
    axes.hist(weights[method], bins=61, range=(-2, 2), density=True)
    axes.set(xlabel="weight", yscale="log", title=method)
panels[0].set_ylabel("density")

# %% [markdown]
# L1 pulls every weight towards zero with the same force, however small it is, so those that the data do not hold end
# there. The pull of L2 is proportional to the weight: it shrinks all of them, the large ones most, and makes few zeros.
# The elastic net does both.

# %%
figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
for method, values in errors.items():
    axes.plot(values, [method] * RUNS, "o", alpha=0.6)
axes.invert_yaxis()
axes.set(xlabel="test error", title="few digits with noisy labels: a point for each network")
axes.grid(alpha=0.3)

# %% [markdown]
# Each of them helps here, and those that learn few of the wrong labels mostly help most. The best is noise on the
# inputs, with which no step sees the same pictures again. The order is that of this data set and of these strengths.

"""# Double descent and the neural tangent kernel

The test error of a model that grows falls, and rises once it is large enough to fit the noise. If it grows further, the
error falls again (Belkin et al., 2019). The peak is where the model is just large enough to fit all training data:
there only one fit is left, and it is a wild one. Beyond, there are many, and the smallest of them is tamer.

Very wide networks are nearly linear in their weights. Training one is then kernel regression with the neural tangent
kernel (Jacot, Gabriel and Hongler, 2018), which stays what it was at the start:

> K(x, x') = Σ ∂f(x)/∂w ∂f(x')/∂w, the sum over all weights w.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw

COUNT, STEPS, RUNS = 200, either(1500, 30), either(3, 1)
images, labels, test_images, test_labels = digits()
tw.random.seed(0)
wrong = tw.random.random(COUNT) < 0.2
noisy = tw.where(wrong, (labels[:COUNT] + tw.random.integers(1, 10, COUNT)) % 10, labels[:COUNT])
x, target = images[:COUNT], tw.eye(10)[noisy]


def errors(predict):
    """Shares of digits that are given another class than their label, in training and in the test."""
    with tw.no_grad():
        sets = (x, noisy), (test_images, test_labels)
        return [(predict(inputs).argmax(axis=1) != right).mean().item() for inputs, right in sets]


# %% [markdown]
# 200 digits, about 20 % of their labels wrong. First, least squares on random features, ReLUs whose weights stay as
# they were drawn. Where there are more features than digits `lstsq` takes the solution of the smallest norm.


# %%
def random_features(width):
    weights = tw.random.normal(size=(64, width), dtype="float64")

    def features(inputs):
        return tw.maximum(inputs.astype("float64") @ weights, 0)

    solution = tw.linalg.lstsq(features(x), target.astype("float64")).solution
    return errors(lambda inputs: features(inputs) @ solution)


# %% [markdown]
# Then a network that learns all of its weights, with the squared error, too.


# %%
def trained_network(width):
    network = tw.models.MLP([64, width, 10], "tanh")
    optimizer = tw.optim.Adam(network.parameters(), lr=min(0.01, 1.28 / width))
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        optimizer.zero_grad()
        tw.mean((network(x) - target) ** 2).backward()
        optimizer.step()
        schedule.step()
    return errors(network)


WIDTHS = {
    random_features: (10, 20, 40, 70, 100, 150, 180, 200, 220, 250, 300, 500, 1000, 3000),
    trained_network: (1, 2, 4, 8, 16, 32, 64, 96, 128, 256, 512, 1024),
}
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for axes, (model, widths) in zip(panels, WIDTHS.items()):
    means = tw.mean(tw.asarray([[model(width) for width in widths] for _ in range(RUNS)]), axis=0)
    axes.plot(widths, means, "o-", markersize=4, label=("training", "test"))
    axes.set(xscale="log", xlabel="width", title=model.__name__.replace("_", " "))
    print(f"{model.__name__}\nwidth     ", *(f"{width:4}" for width in widths))
    print("test error", *(f"{error:.2f}" for error in means[:, 1].tolist()))
panels[0].axvline(COUNT, color="k", linestyle=":", label="as many as digits")
panels[0].set_ylabel("share of wrong classes")
panels[0].legend(loc="upper left", fontsize=8)

# %% [markdown]
# Both test errors fall, rise and fall again, and the widest models are about as good as the best narrow ones. With
# random features the peak is high, and stands where there are about as many of them as digits and the training error
# has just reached zero. The trained network has a low bump, from width 32 on, where it knows all labels, or nearly all,
# the wrong ones too.
#
# Now the kernel. 20 zeros and ones are learned by networks of one hidden layer, scaled so that each layer's sums have
# the same size at any width. Beside each network runs what its kernel at the start predicts: the linear model, whose
# residuals r on the training digits and values g on test digits go by r ← r - η K r and g ← g - η K(test) r.

# %%
few, sign = images[labels < 2][:20], labels[labels < 2][:20, None] * 2.0 - 1
others = test_images[test_labels < 2]


def train_both(width):
    """How far the kernel moves in training; values of the network on test digits, and those of its first kernel."""
    a, b = (tw.random.normal(size=size).requires_grad_() for size in ((64, width), (width, 1)))
    weights = {"a": a, "b": b}

    def network(inputs):
        return tw.tanh(inputs @ a / 8) @ b / width**0.5

    before = tw.diagnose.neural_tangent_kernel(network, few, parameters=weights)
    across = tw.diagnose.neural_tangent_kernel(network, others, few, parameters=weights)[:, 0, :, 0]
    optimizer = tw.optim.SGD([a, b], lr=1.0)
    eta = 2 / len(few)  # the gradient of the mean of r² is 2 r / n
    r, g = (network(few) - sign).detach(), network(others).detach()
    for _ in range(either(400, 20)):
        optimizer.zero_grad()
        tw.mean((network(few) - sign) ** 2).backward()
        optimizer.step()
        g, r = g - eta * across @ r, r - eta * before[:, 0, :, 0] @ r
    after = tw.diagnose.neural_tangent_kernel(network, few, parameters=weights)
    return tw.diagnose.kernel_change(before, after), network(others).detach(), g


# %%
widths = (16, 64, 256, 1024, 4096)
runs = {width: [train_both(width) for _ in range(RUNS)] for width in widths}
changes = [sum(run[0] for run in runs[width]) / RUNS for width in widths]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.loglog(widths, changes, "o-", label="change")
left.loglog(widths, [changes[-1] * widths[-1] / width for width in widths], "k:", label="1 / width")
left.set(xlabel="width", ylabel="relative change", title="the kernel in training")
left.legend()
for width in (16, 4096):
    _, learned, predicted = runs[width][0]
    right.scatter(predicted, learned, s=12, label=f"width {width}")
right.axline((0, 0), slope=1, color="k", linewidth=0.5)
right.set(xlabel="what the first kernel predicts", ylabel="network after training", title="test digits")
right.legend()
print("change of the kernel:", ", ".join(f"{c:.1%} at width {w}" for w, c in zip(widths, changes)))

# %% [markdown]
# The kernel moves less the wider the network is, from width 64 on nearly as 1 / width. At width 16 the points lie
# beside the line; at 4096 what the trained network says of test digits is what its first kernel predicted.

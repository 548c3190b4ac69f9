"""# Backpropagation by hand

The chain rule from the end to the beginning (Linnainmaa, 1970; Rumelhart, Hinton and Williams, 1986). For a network of
two layers, a = W₁ x + b₁, h = tanh(a), z = W₂ h + b₂, with softmax p and cross-entropy L, and the label as the one-hot
vector y,

> δ₂ = ∂L/∂z = p - y, δ₁ = ∂L/∂a = (W₂ᵀ δ₂) ⊙ (1 - h²), ∂L/∂Wₗ = δₗ (input of the layer)ᵀ, ∂L/∂bₗ = δₗ.

All gradients together cost about as much as two forward passes, however many parameters there are.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright.nn import functional as F

tw.random.seed(0)
images, labels, test_images, test_labels = digits()

# %% [markdown]
# The network in plain array code, for many inputs at once, which are rows: all products are turned round, and the
# gradients are means over the rows.


# %%
def forward(p, x):
    h = tw.tanh(x @ p["w1"].T + p["b1"])
    return h, h @ p["w2"].T + p["b2"]


def loss(p, x, labels):
    return F.cross_entropy(forward(p, x)[1], labels)


def backward(p, x, labels):
    h, z = forward(p, x)
    delta2 = (F.softmax(z) - F.one_hot(labels, z.shape[1], dtype=z.dtype)) / len(x)
    delta1 = (delta2 @ p["w2"]) * (1 - h * h)
    return {"w1": delta1.T @ x, "b1": tw.sum(delta1, axis=0), "w2": delta2.T @ h, "b2": tw.sum(delta2, axis=0)}


def network(inputs, hidden, outputs, dtype="float64"):
    return {
        "w1": tw.random.normal(scale=inputs**-0.5, size=(hidden, inputs), dtype=dtype),
        "b1": tw.zeros(hidden, dtype=dtype),
        "w2": tw.random.normal(scale=hidden**-0.5, size=(outputs, hidden), dtype=dtype),
        "b2": tw.zeros(outputs, dtype=dtype),
    }


# %% [markdown]
# Is it right? Automatic differentiation does the same steps, and must give the same numbers. The report compares those
# with differences: each parameter is moved a little to both sides.

# %%
p, x, y = network(64, 16, 10), images[:100].astype("float64"), labels[:100]
learned = {name: value.copy().requires_grad_() for name, value in p.items()}
loss(learned, x, y).backward()
by_hand = backward(p, x, y)
for name, gradient in by_hand.items():
    largest = tw.max(tw.abs(gradient - learned[name].grad)).item()
    print(f"{name}: by hand and by autograd differ by at most {largest:.0e}")
size = sum(value.size for value in p.values())
print(f"{size} gradients by one forward and one backward pass; by differences, {2 * size} forward passes")
print(tw.testing.gradient_report(lambda: loss(learned, x, y), learned, entries=either(64, 8)))

# %% [markdown]
# By hand and by autograd there is no difference but rounding. The differences of losses agree to nine places after the
# point.
#
# Now the smallest such network: the number 2 comes in, there is one hidden unit, and one score z of the label 1, whose
# loss is -log σ(z) = softplus(-z). `trace` keeps each step of the computation.


# %%
def small(w1, b1, w2, b2):
    z = w2 * tw.tanh(w1 * 2.0 + b1) + b2
    return F.softplus(-z)


trace = tw.autograd.trace(small, *(tw.asarray(value) for value in (0.5, -0.5, 1.5, 0.1)))
print(trace)
figure, ax = plt.subplots(figsize=(13, 3), layout="constrained")
trace.draw(ax)

# %% [markdown]
# Values go from left to right, in black. Derivatives of the loss, called cotangents, come back from right to left, in
# red: at each arrow they are multiplied by the number on it, the local derivative. At the second sum stands
# δ₂ = σ(z) - 1 = -0.3115, at the first one δ₁ = w₂ δ₂ (1 - h²) = 1.5 · -0.3115 · 0.7864 = -0.3675: the formulas above.
#
# Why not always take differences? They need two forward passes for each parameter, and their error has a least value.
# Here the derivative is that along the gradient, for steps of many sizes.


# %%
def slope(p, along, x, labels, eps):
    """The derivative of the loss along a direction, by the difference of two losses."""
    ends = [{name: p[name] + step * along[name] for name in p} for step in (eps, -eps)]
    return (loss(ends[0], x, labels) - loss(ends[1], x, labels)).item() / (2 * eps)


sizes, errors = [10.0**-k for k in range(13)], {}
for dtype in ("float32", "float64"):
    q = {name: value.astype(dtype) for name, value in p.items()}
    along = backward(q, x.astype(dtype), y)
    exact = sum(tw.sum(value * value).item() for value in along.values())
    errors[dtype] = [abs(slope(q, along, x.astype(dtype), y, eps) / exact - 1) for eps in sizes]

# %% [markdown]
# The gradients by hand are all that training needs.

# %%
losses, start = [], p
for _ in range(either(500, 50)):
    losses.append(loss(p, images, labels).item())
    gradient = backward(p, images, labels)
    p = {name: value - 1.0 * gradient[name] for name, value in p.items()}
accuracy = tw.mean(tw.argmax(forward(p, test_images)[1], axis=1) == test_labels).item()
print(f"digits right: {accuracy:.1%} of those not seen in training")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for dtype, values in errors.items():
    left.loglog(sizes, values, "o-", label=dtype)
left.set(xlabel="size of the step", ylabel="relative error", title="a derivative by differences")
left.legend()
tw.plot.curves(losses, right, log=True, xlabel="step", ylabel="cross-entropy", title="training by hand")

# %% [markdown]
# A long step feels the third derivative: the error falls with the square of the step. A short one divides the rounding
# of the loss by a small number: the error grows again. In float64 the best step leaves ten right places, in float32
# five. So differences are for checks, in float64, and backpropagation is for training.

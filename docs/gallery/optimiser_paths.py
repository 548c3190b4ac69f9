"""# The paths of optimisers

A landscape of two weights can be seen, and so can the way that an optimiser takes on it. Four of them:

> Rosenbrock's (1960): (1 - x)² + 100 (y - x²)², a bent valley; Beale's (1958): flat, with steep walls;
> a ravine: ½ x² + 10 y², of condition number 20; a saddle: x² - y² + 0.1 y⁴, between two minima.

`tw.diagnose.optimizer_paths` runs any optimisers on such a landscape, and `draw_paths` draws what they did.
"""

# %%
from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright import optim
from tilewright.diagnose import LANDSCAPES, draw_paths, optimizer_paths

STEPS = either(400, 30)
RATES = {"rosenbrock": 1e-3, "beale": 3e-3, "ravine": 0.04, "saddle": 0.01}


def optimisers(lr):
    return {
        "SGD": lambda w: optim.SGD(w, lr),
        "momentum": lambda w: optim.SGD(w, lr, momentum=0.9),
        "Nesterov": lambda w: optim.SGD(w, lr, momentum=0.9, nesterov=True),
        "AdaGrad": lambda w: optim.Adagrad(w, 0.3),
        "RMSProp": lambda w: optim.RMSprop(w, 0.02),
        "Adam": lambda w: optim.Adam(w, 0.05),
    }


paths = {name: optimizer_paths(name, optimisers(lr), steps=STEPS) for name, lr in RATES.items()}
figure, axes = plt.subplots(2, 2, figsize=(10, 8), gridspec_kw={"hspace": 0.3})
for ax, (name, ways) in zip(axes.flat, paths.items()):
    draw_paths(name, ways, ax)

# %% [markdown]
# On Rosenbrock's function all fall into the valley at once, and then follow its bend: after 400 steps, momentum and
# Nesterov have come furthest. On Beale's, momentum carries these two past the turn, and they come back sooner than the
# others arrive. In the ravine descent first falls to the floor. At the saddle, which all start almost level with, SGD
# and momentum head for the saddle point itself and turn away late; AdaGrad, RMSProp and Adam scale the tiny gradient in
# y up, and cut the corner. The distances from the minimum, step by step:

# %%
figure, axes = plt.subplots(1, 4, figsize=(12, 4), sharey=True)
for ax, (name, ways) in zip(axes, paths.items()):
    for method, way in ways.items():
        ax.semilogy(tw.linalg.norm(way - tw.asarray(LANDSCAPES[name].minimum), axis=1), label=method)
    ax.set(title=name, xlabel="step", ylim=(1e-6, 10))
axes[0].set_ylabel("distance from the minimum")
figure.legend(*ax.get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.5, 0), ncols=6)

# %% [markdown]
# No method is the best everywhere. Momentum and Nesterov lead in the two bent valleys. In the ravine all but AdaGrad
# and RMSProp come within 1e-5; at the saddle it is AdaGrad that is first, and SGD that is still on its way. (One
# learning rate for each method, hardly tuned: other rates give other orders.)
#
# The last picture takes one method at a time. In the ravine the curvatures are 1 and 20, so descent may not have a rate
# above 2/20.

# %%
rates = {f"η = {lr}": lambda w, lr=lr: optim.SGD(w, lr) for lr in (0.01, 0.05, 0.095, 0.101)}
momenta = {f"μ = {mu}": lambda w, mu=mu: optim.SGD(w, 0.01, momentum=mu) for mu in (0.0, 0.5, 0.8, 0.95)}
curved = {
    "Newton": optim.Newton,
    "L-BFGS": lambda w: optim.LBFGS(w, max_iter=1, max_eval=25, line_search_fn="strong_wolfe"),
}
figure, axes = plt.subplots(1, 3, figsize=(12, 4), gridspec_kw={"wspace": 0.3})
draw_paths("ravine", optimizer_paths("ravine", rates, steps=either(25, 10)), axes[0]).set_title("learning rates")
draw_paths("ravine", optimizer_paths("ravine", momenta, steps=either(60, 10)), axes[1]).set_title("momenta, η = 0.01")
found = optimizer_paths("rosenbrock", curved, steps=50)
draw_paths("rosenbrock", found, axes[2]).set_title("second order")
for method, way in found.items():
    distance = tw.linalg.norm(way - 1, axis=1)
    print(f"{method}: within 0.001 of the minimum after {tw.argmax(distance < 1e-3).item()} steps")

# %% [markdown]
# A rate of 0.01 creeps; 0.05 removes the steep component in one step, as 1 - 0.05 · 20 = 0; 0.095 jumps from side to
# side, but converges; 0.101 jumps ever further. More momentum goes faster along the floor; too much, 0.95, swings
# around the minimum. Newton's method and L-BFGS follow the bent valley to its end in 20 and 33 steps; the methods of
# the first picture were still on their way after 400.
#
# The same paths move with `tw.diagnose.animate_paths("saddle", paths["saddle"]).save("saddle.gif", writer="pillow")`.

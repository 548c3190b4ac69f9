"""# Learning without labels, and pre-training

An autoencoder gives back its input x by way of a code h = f(x) (Hinton and Salakhutdinov, 2006). It learns without
labels. So that the code is more than a copy, it learns to repair masked inputs (denoising, Vincent and others, 2008),
or pays for units that are active more than a share ρ of the time (sparse, Ng, 2011), or for a code that moves with its
input, ‖∂f/∂x‖² (contractive, Rifai and others, 2011). A restricted Boltzmann machine has probabilities instead,

> p(v) ∝ Σ exp(h·Wv + b·v + c·h), a sum over all binary h,

and contrastive divergence estimates their gradient by k steps of a Markov chain (Hinton, 2002). Machines in a stack
make a deep belief network, from whose weights a classifier can start (Hinton, Osindero and Teh, 2006).
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright.models import MLP, RBM, Autoencoder, DeepBeliefNetwork, contractive_penalty, corrupt
from tilewright.nn import functional as F

tw.random.seed(0)
images, labels, test_images, test_labels = digits()
images, labels = images[: either(1347, 320)], labels[: either(1347, 320)]


def learn(network, loss, data, epochs, batch_size=32):
    optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
    batches = tw.data.DataLoader(tw.data.TensorDataset(*data), batch_size, shuffle=True)
    for _ in range(epochs):
        for batch in batches:
            optimizer.zero_grad()
            loss(network, *batch).backward()
            optimizer.step()
    return network


def apart(network, x, clean):
    return F.binary_cross_entropy(network(x), clean)


# %% [markdown]
# Four autoencoders have a code of 64 numbers, as many as there are pixels, and differ in the loss alone. The table
# shows the squared error for test digits, and for test digits of which 40% of the pixels are masked; the mean of the
# code; and how much it moves.

# %%
losses = {
    "plain": lambda net, x: apart(net, x, x),
    "denoising": lambda net, x: apart(net, corrupt(x, 0.4), x),
    "sparse": lambda net, x: apart(net, x, x) + 0.003 * tw.nn.utils.sparsity_penalty(net.encoder(x), 0.05),
    "contractive": lambda net, x: apart(net, x, x) + 0.01 * contractive_penalty(net.encoder, x),
}
nets = {name: learn(Autoencoder([64, 64]), loss, [images], either(40, 1)) for name, loss in losses.items()}
masked = corrupt(test_images, 0.4)
print("             error  error of masked  mean code  ‖∂f/∂x‖²")
for name, net in nets.items():
    errors = [F.mse_loss(net(x), test_images).item() for x in (test_images, masked)]
    code, slope = net.encoder(test_images).mean().item(), contractive_penalty(net.encoder, test_images).item()
    print(f"{name:11} {errors[0]:7.4f} {errors[1]:16.4f} {code:10.3f} {slope:9.2f}")
figure, axes = plt.subplots(4, 1, figsize=(9, 5), layout="constrained")
rows = {"test digits": test_images, "masked": masked}
rows |= {f"masked, then by the {name} autoencoder": nets[name](masked) for name in ("plain", "denoising")}
for place, (name, row) in zip(axes, rows.items()):
    tw.plot.images(row[:10].reshape(-1, 8, 8), place, columns=10, cmap="gray_r", title=name)

# %% [markdown]
# The plain one gives back clean digits best. Each of the others is best at what its loss asks for: masked digits, a
# code that is mostly at rest, a code that hardly moves.
#
# A Boltzmann machine of 16 hidden units has 65,536 hidden states, few enough to sum over. So its likelihood is known
# exactly. In CD-k the chains start at the data each time. Persistent ones go on where they were (Tieleman, 2008).

# %%
binary, test_binary = [(x > 0.5).astype("float32") for x in (images, test_images)]
machines = {"CD-1": {}, "CD-10": {"k": 10}, "persistent": {"persistent": True}}
print("log-likelihood of a test digit: before, and after training at each of three falling rates")
for name, how in machines.items():
    rbm = machines[name] = RBM(64, 16)
    rbm.start_at(binary)
    likelihoods = []
    for lr in (0, 0.05, 0.01, 0.002):
        rbm.fit(binary, epochs=either(60, 1) if lr else 0, lr=lr, **how)
        likelihoods.append(-(rbm.free_energy(test_binary).mean() + rbm.log_partition()).item())
    print(f"{name:10}", *(f"{value:7.2f}" for value in likelihoods))
figure, axes = plt.subplots(2, 3, figsize=(9, 5), layout="constrained")
weights = {f"{name} autoencoder": net.encoder[0].weight for name, net in nets.items()}
weights |= {f"Boltzmann machine, {name}": machines[name].weight for name in ("CD-1", "persistent")}
for place, (name, weight) in zip(axes.flat, weights.items()):
    tw.plot.filters(weight[:16], place, shape=(8, 8), title=name)

# %% [markdown]
# At the first rate the persistent chains do worst: they cannot follow weights that change fast. As the rate falls they
# come as far as ten steps from the data do, at the cost of one.
#
# Of the filters, 16 each, those of the plain and the sparse autoencoder look like noise. Those of the contractive one
# are the smoothest, with strokes and their surroundings.
#
# A stack of two machines learns from all training digits without labels, each from what the one below makes of them.
# Then a classifier starts with its weights and learns from 100 labels, against the same network from random weights,
# of sigmoid units and of ReLU.

# %%
starts = {"pre-trained": [], "sigmoid": [], "relu": []}
for seed in range(either(5, 1)):
    tw.random.seed(seed)
    some = tw.random.permutation(len(labels))[:100]
    stack = DeepBeliefNetwork([64, 128, 128])
    stack.pretrain(images, epochs=either(40, 1), lr=0.05, momentum=0.9)
    for name, right in starts.items():
        net = stack.to_classifier(10) if name == "pre-trained" else MLP([64, 128, 128, 10], name)
        learn(net, lambda net, x, y: F.cross_entropy(net(x), y), [images[some], labels[some]], either(100, 3), 20)
        right.append((net(test_images).argmax(axis=1) == test_labels).mean().item())
for name, right in starts.items():
    print(f"{name:11} {sum(right) / len(right):.1%} of test digits right; by seed", *(f"{one:.1%}" for one in right))

# %% [markdown]
# Pre-training gains two points in the mean over the same sigmoid units, and more than one over ReLU. Five seeds are
# few, and in one of them sigmoid units did better from random weights. `examples/deep_belief.py` repeats this with 20
# seeds, and as many labels of each class: there the gain is 0.8 ± 0.6 points over sigmoid units, and none over ReLU.
#
# Last, a stack down to two numbers is unrolled to an autoencoder and trained on (Hinton and Salakhutdinov, 2006).

# %%
stack = DeepBeliefNetwork([64, 128, 32, 2])
stack.pretrain(images, epochs=either(20, 1), lr=0.05, momentum=0.9)
deep = learn(stack.to_autoencoder(), lambda net, x: apart(net, x, x), [images], either(60, 1))
mean = images.mean(axis=0)
directions = tw.linalg.svd(images - mean, full_matrices=False)[2][:2]
pca = mean + (test_images - mean) @ directions.T @ directions
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
codes = {"PCA": (test_images, pca), "deep autoencoder": (deep.encoder[:-1](test_images), deep(test_images))}
for place, (name, (code, back)) in zip(axes, codes.items()):
    title = f"{name}: error {F.mse_loss(back, test_images).item():.3f}"
    tw.plot.embeddings(code, test_labels, place, title=title).get_legend().remove()
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")
axes[1].set(xlabel="first number of the code, before the sigmoid", ylabel="second number")

# %% [markdown]
# With two numbers each, the deep autoencoder gives test digits back with two thirds of the error of PCA. 0, 2, 4, 6
# and 7 have arms of their own in its plane, while 1, 3, 5, 8 and 9 still mix in the middle.

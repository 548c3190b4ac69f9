"""# Early stopping

The training loss falls from epoch to epoch. The loss on other data, the validation loss, falls at first and rises once
the network begins to learn the noise. Early stopping keeps the weights of the best epoch, and ends training when none
better has come for some epochs, the patience (Prechelt, 1998).

On a quadratic loss it does nearly what L2 regularisation does (Bishop, 1995). Along an eigenvector of the Hessian with
eigenvalue h, t steps of gradient descent from zero, of size η, and the penalty λ/2 w² leave of the solution the shares

> 1 - (1 - ηh)ᵗ and h / (h + λ), which are close to each other for λ = 1 / (ηt).
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures

import tilewright as tw
from tilewright import nn

COUNT, EPOCHS, PATIENCE = 300, either(100, 25), 10
images, true, test_images, test_labels = digits()
images, true = images[: 2 * COUNT], true[: 2 * COUNT]
tw.random.seed(0)
wrong = tw.random.random(len(true)) < 0.2
labels = tw.where(wrong, (true + tw.random.integers(1, 10, len(true))) % 10, true)
data = tw.data.TensorDataset(images, labels)
training, validation = data[:COUNT], data[COUNT:]

# %% [markdown]
# 300 digits to learn from and 300 for the validation. A fifth of all these labels are wrong. The same network trains
# twice, with and without the callback. `EarlyStopping` watches a value of the trainer's history, and puts the best
# weights back at the end.


# %%
def train(callbacks):
    tw.random.seed(1)
    network = tw.models.MLP([64, 100, 100, 10])
    trainer = tw.train.Trainer(
        network,
        nn.CrossEntropyLoss(),
        tw.optim.Adam(network.parameters(), lr=1e-3),
        metrics=[tw.train.accuracy],
        callbacks=callbacks,
        progress=False,
    )
    batches = tw.data.DataLoader(tw.data.TensorDataset(*training), batch_size=32, shuffle=True)
    history = trainer.fit(batches, [validation], epochs=EPOCHS)
    with tw.no_grad():
        right = network(test_images).argmax(axis=1) == test_labels
    print(f"{trainer.epoch} epochs, test accuracy {tw.mean(right).item():.1%}")
    return history


stopping = tw.train.EarlyStopping("validation_loss", patience=PATIENCE)
history = train([])
stopped = train([stopping])
print(f"stopped after epoch {len(stopped['loss'])}, back to epoch {stopping.best_epoch}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
tw.plot.curves(
    {"training": history["loss"], "validation": history["validation_loss"]}, left, ylabel="loss", title="the loss turns"
)
tw.plot.curves({"validation": history["validation_accuracy"]}, right, ylabel="accuracy", title="the accuracy sinks")
for axes in (left, right):
    axes.axvline(stopping.best_epoch, color="k", label="best epoch")
    axes.axvline(len(stopped["loss"]), color="k", linestyle=":", label="stopped")
    axes.legend()

# %% [markdown]
# The validation loss turns while the training loss goes on falling. A perfect network would have a validation accuracy
# of about 0.8, because of the wrong labels. The test digits have true ones: there the weights of the best epoch are
# much better than the last.
#
# Now the quadratic. Ten numbers about 442 people with diabetes, with their products 65 features, are to predict how the
# disease went on. 100 of the people are the training data, and the loss is ½ wᵀHw - bᵀw, up to a constant, with
# H = XᵀX / n and b = Xᵀy / n. Beside t steps of descent stands the solution with the penalty λ = 1 / (ηt).

# %%
people, target = load_diabetes(return_X_y=True)
x = tw.asarray(PolynomialFeatures(2, include_bias=False).fit_transform(people))
x, y = ((part - tw.mean(part[:100], axis=0)) / tw.std(part[:100], axis=0) for part in (x, tw.asarray(target)))
hessian, b = x[:100].T @ x[:100] / 100, x[:100].T @ y[:100] / 100
rate = 0.5 / tw.linalg.eigvalsh(hessian)[-1].item()
steps = {round(10 ** (k / 4)) for k in range(either(21, 15))}
w, descent, ridge = tw.zeros(65, dtype="float64"), [], []
for t in range(1, max(steps) + 1):
    w = w - rate * (hessian @ w - b)
    if t in steps:
        descent.append(w)
        ridge.append(tw.linalg.solve(hessian + tw.eye(65, dtype="float64") / (rate * t), b))

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
z = tw.logspace(-2, 2, 100)
left.plot(z, 1 - tw.exp(-z), "C1-", label="descent: 1 - (1 - ηh)ᵗ ≈ 1 - exp(-ηht)")
left.plot(z, z / (1 + z), "C1--", label="L2: h / (h + λ) = ηht / (1 + ηht)")
left.set(xscale="log", xlabel="ηht = h / λ", ylabel="share of the solution", title="along one eigenvector")
left.legend(fontsize=8)
for path, style, name in ((descent, "-", "descent"), (ridge, "--", "L2")):
    errors = (x @ tw.stack(path, axis=1) - y[:, None]) ** 2
    for part, rows, colour in (("training", slice(100), "C0"), ("test", slice(100, None), "C1")):
        mean = tw.mean(errors[rows], axis=0)
        right.plot(sorted(steps), mean, f"{colour}{style}", label=f"{part}, {name}")
    print(f"{name}: least test error {tw.min(mean).item():.3f}, at t = {sorted(steps)[tw.argmin(mean)]}")
right.set(xscale="log", xlabel="t = 1 / (ηλ)", ylabel="mean squared error", title="diabetes")
right.legend(fontsize=8)

# %% [markdown]
# The shares differ by about 0.2 at most. Both let the directions of large eigenvalues through first, and both test
# errors have their valley before the small ones come in. They are alike, but not the same.

"""The heat equation on a square plate, by finite differences, and its fluxes."""

import numpy as np


def plate(n):
    t = np.zeros((n, n))
    t[0, :] = 100
    t[:, 0] = np.linspace(100, 0, n)
    x, y = np.arange(n) / (n - 1), np.arange(n)[:, np.newaxis] / (n - 1)
    hot = (x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.01
    return t, hot


def solve(n=40, alpha=0.2, steps=400):
    t, hot = plate(n)
    history = []
    for step in range(steps):
        inner = t[1:-1, 1:-1]
        laplacian = t[:-2, 1:-1] + t[2:, 1:-1] + t[1:-1, :-2] + t[1:-1, 2:] - 4 * inner
        change = alpha * laplacian
        inner += change
        t[hot] = 80.0
        biggest = np.abs(change).max()
        if step % 100 == 0:
            print(f"step {step}: mean {t.mean():.6f}, biggest change {biggest:.3e}, centre {t[n // 2, n // 2]:.6f}")
        history.append(biggest)
        if biggest < 1e-3:
            break
    flux = -(t[:, 1:] - t[:, :-1]) * (n - 1)
    warm = np.where(t > 50, 1, 0)
    rows, columns = np.nonzero(warm)
    print("warm cells:", warm.sum(), "centre of them:", rows.mean(), columns.mean())
    print("profile:", t[n // 2, ::8])
    return t, flux, np.array(history)


results = solve()
